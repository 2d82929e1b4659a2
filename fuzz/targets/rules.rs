//! Any text as a CEL rule, on values of every type.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| aliasgate_fuzz::rules(text));
