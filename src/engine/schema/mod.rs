//! OpenAPI v3 structural schemas of CRDs.
