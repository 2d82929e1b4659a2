//! Everything that can be tested without a cluster, in one binary.
