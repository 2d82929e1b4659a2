//! Documents in: files now, and what is embedded in the program.

pub mod builtin;
pub mod catalogs;
pub mod discovery;
pub mod documents;
pub mod files;
pub mod import;
mod json;
mod scalar;
mod tree;
mod yaml;
