//! The fuzzer's corpus of nasty config strings, run as a plain test.

use std::fs;
use std::path::Path;

#[path = "../fuzz/oracle.rs"]
mod oracle;

#[test]
fn no_nasty_string_breaks_a_promise_of_the_grammar() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/query");
    let mut count = 0;
    for file in fs::read_dir(corpus).unwrap() {
        let nasty = fs::read(file.unwrap().path()).unwrap();
        // Cut anywhere it is nasty too.
        let cuts = if nasty.len() < 1_000 { 20 } else { 3 };
        for end in (0..=nasty.len()).rev().take(cuts) {
            oracle::holds(&nasty[..end]);
        }
        count += 1;
    }
    assert!(count > 40, "the corpus has {count} files");
}
