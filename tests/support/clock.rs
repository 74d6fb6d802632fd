//! A wall clock that is wrong, for one agent: a small library put before libc's own.

use std::path::PathBuf;

use super::{World, preload};

/// The library.
#[derive(Debug)]
pub(crate) struct Clock(PathBuf);

impl Clock {
    /// Compiles the library.
    pub(crate) fn new(world: &World) -> Self {
        Self(preload::compile(world, "wrong_clock"))
    }

    /// What an agent has in its environment whose clock is so many seconds ahead.
    pub(crate) fn env(&self, ahead: i64) -> Vec<(String, String)> {
        vec![
            (
                preload::VARIABLE.to_owned(),
                self.0.to_str().unwrap().to_owned(),
            ),
            ("QUORATE_CLOCK_AHEAD".to_owned(), ahead.to_string()),
        ]
    }
}
