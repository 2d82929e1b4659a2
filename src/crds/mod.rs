//! The CRDs, generated from Rust types.
