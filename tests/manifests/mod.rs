//! What tests of manifests share, with and without a cluster.

pub(crate) mod consistency;
pub(crate) mod objects;
pub(crate) mod queries;
