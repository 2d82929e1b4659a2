//! Everything that can be tested without a cluster, in one binary.

mod admission;
mod cases;
mod catalog;
mod catalog_commands;
mod catalogs_of_admins;
mod controller;
mod crds;
mod discovery;
mod documents;
mod exemptions;
mod feed;
mod fixtures;
mod fuzzed;
mod hostile;
mod import;
mod manifests;
#[path = "../manifests/mod.rs"]
mod manifests_checks;
mod modelcatalog;
mod properties;
mod proxy;
mod readme;
mod refresh;
mod resolve;
mod schema;
mod secret;
mod serve;
mod shells;
mod stand_in;
mod tls;
mod validate;
mod verdicts;
