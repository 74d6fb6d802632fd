//! Any bytes as a config string: `cargo +nightly fuzz run query` in this folder.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../oracle.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| oracle::holds(bytes));
