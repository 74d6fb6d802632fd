//! A wall clock that is wrong, for one agent: a small library put before libc's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::World;

/// The library.
#[derive(Debug)]
pub(crate) struct Clock(PathBuf);

impl Clock {
    /// Compiles the library: a C compiler is what Rust links with.
    pub(crate) fn new(world: &World) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/wrong_clock.c");
        let library = world.path("wrong_clock.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()
            .unwrap();
        assert!(compiled.success());
        Self(library)
    }

    /// What an agent has in its environment whose clock is so many seconds ahead.
    pub(crate) fn env(&self, ahead: i64) -> Vec<(String, String)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.0.to_str().unwrap().to_owned()),
            ("QUORATE_CLOCK_AHEAD".to_owned(), ahead.to_string()),
        ]
    }
}
