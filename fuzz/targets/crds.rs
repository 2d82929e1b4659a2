//! Any text as CRDs and objects of theirs.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| aliasgate_fuzz::crds(text));
