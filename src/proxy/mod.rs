//! The rewriting proxy: routes requests by accepted resources, replaces the model, adds the credential and streams
//! the answer.
//!
//! A request runs through `forward`: `routes` finds the rule, [`rewrite`] the model, the engine its target, `endpoint`
//! the place, `upstream` the connection. All of it reads one `serving::Serving`, which is built anew for every
//! snapshot and never changed.

mod answer;
mod body;
mod credential;
mod endpoint;
mod forward;
mod metrics;
mod paths;
pub mod rewrite;
mod route_type;
mod routes;
mod rule;
mod server;
mod serving;
pub mod standin;
mod upstream;

pub use server::{
    DEFAULT_DRAIN, DEFAULT_HEAD_TIMEOUT, DEFAULT_MAX_BODY, DEFAULT_MAX_REQUESTS, GATE, Proxy, Settings,
};
pub use upstream::Error;
