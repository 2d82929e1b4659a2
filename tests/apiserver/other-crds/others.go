//go:build never

// Package others names the types that CRDs are made of, so that go.mod keeps their module.
package others

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)
