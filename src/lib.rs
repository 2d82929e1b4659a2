//! aliasgate checks the `modelAliases` of agentgateway's resources against provider model catalogs.
//!
//! The map of the house: `engine` holds all meaning and touches nothing outside memory; `sources` bring documents in;
//! `admission` and `proxy` are edges that read an immutable [`engine::Snapshot`]; `cli` wires them together. See
//! ARCHITECTURE.md.

pub mod admission;
pub mod cli;
pub mod controller;
pub mod crds;
pub mod engine;
pub mod proxy;
pub mod sources;
pub mod telemetry;
pub mod tls;
