//! Documents in: from files, from a cluster, and what is embedded in the program.

mod base;
pub mod builtin;
pub mod catalogs;
pub mod cluster;
pub mod discovery;
pub mod documents;
pub mod files;
pub mod import;
mod json;
pub mod parallel;
mod scalar;
mod tree;
mod yaml;

pub use base::Base;
