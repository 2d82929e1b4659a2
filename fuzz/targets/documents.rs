//! Any text as a manifest: read, judged by schemas and as aliases, and shown with its places.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| aliasgate_fuzz::documents(text));
