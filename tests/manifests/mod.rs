//! What tests of manifests share, with and without a cluster.
#![expect(clippy::panic, reason = "what does not fit fails its test")]

pub(crate) mod consistency;
pub(crate) mod objects;
pub(crate) mod queries;
