//! Certificates and their reload.
