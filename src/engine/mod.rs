//! All meaning lives here: what an alias is, what a catalog says, which map is in force, what is a fault.
//!
//! The engine is pure. It reads no file, socket, clock or environment; equal inputs give equal answers. A fault of
//! the user's resource is a [`Diagnostic`], never an `Err`.

pub mod alias;
pub mod catalog;
pub mod check;
pub mod diagnostic;
pub mod enforcement;
pub mod normalize;
pub mod pointer;
pub mod resolve;
pub mod resource;
pub mod schema;
pub mod snapshot;
pub mod suggest;

pub use alias::AliasTable;
pub use catalog::{Catalog, Catalogs, Provider};
pub use check::check;
pub use diagnostic::{Code, Diagnostic, Level, Severities, Severity};
pub use enforcement::Enforcement;
pub use normalize::{Edit, normalize};
pub use resolve::{Resolution, resolve};
pub use resource::{Key, Kind, Resource};
pub use snapshot::Snapshot;

/// A calendar date. Dates of catalogs are facts, and today's date is always an argument.
pub use jiff::civil::Date;
