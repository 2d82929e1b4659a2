//! Documents in: files now, and what is embedded in the program.

pub mod builtin;
pub mod catalogs;
pub mod documents;
pub mod files;
mod json;
mod scalar;
mod tree;
mod yaml;
