// Command controller-runtime is a validating webhook as most projects write it, on controller-runtime's server and
// decoder. It looks at every alias of an AgentgatewayBackend and refuses targets that are not in a list: less work than
// aliasgate does for the same review. It exists to be measured beside aliasgate.
//
//	controller-runtime PORT CERTIFICATES
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var known = map[string]bool{"gpt-5.4": true, "gpt-5.4-mini": true, "gpt-5.2": true, "gpt-5.5": true}

type validator struct{ decoder admission.Decoder }

func (v validator) Handle(_ context.Context, request admission.Request) admission.Response {
	var object, old unstructured.Unstructured
	if err := v.decoder.DecodeRaw(request.Object, &object); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if err := v.decoder.DecodeRaw(request.OldObject, &old); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	aliases, _, err := unstructured.NestedStringMap(object.Object, "spec", "policies", "ai", "modelAliases")
	if err != nil {
		return admission.Denied(err.Error())
	}
	for alias, target := range aliases {
		if !known[target] {
			return admission.Denied(fmt.Sprintf("%s: no model %q", alias, target))
		}
	}
	return admission.Allowed("")
}

func main() {
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: os.Args[2]})
	handler := validator{admission.NewDecoder(runtime.NewScheme())}
	server.Register("/validate", &admission.Webhook{Handler: handler})
	if err := server.Start(context.Background()); err != nil {
		panic(err)
	}
}
