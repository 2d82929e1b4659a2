//! Everything that can be tested without a cluster, in one binary.

mod fixtures;
mod properties;
mod resolve;
