//! Any bytes as a config string: `just fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../oracle.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| oracle::holds(bytes));
