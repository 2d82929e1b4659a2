//! The rewriting proxy: route, rewrite, send on.
