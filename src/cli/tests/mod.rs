//! The commands before the API of a made-up agent, over loopback, with what they print captured.

mod autopilot;
mod discover;
mod keys;
mod membership;
mod operator;
mod silent;
mod usage;
mod why;

use std::ffi::OsString;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

use super::{Out, World, run_to_code};
use crate::http::fake::Served;

/// What a command printed.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured {
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// A world with an environment and no input, and what will be printed in it.
    pub(super) fn world<'a>(env: impl IntoIterator<Item = (&'a str, &'a str)>) -> (World, Self) {
        let captured = Self::default();
        let out = Out::new(
            Sink(Arc::clone(&captured.stdout)),
            Sink(Arc::clone(&captured.stderr)),
        );
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let world = World {
            out,
            stdin: Box::new(Cursor::new(Vec::new())),
            env: env.into_iter().map(owned).collect(),
        };
        (world, captured)
    }

    /// What went to standard output.
    pub(super) fn stdout(&self) -> String {
        String::from_utf8(self.stdout.lock().unwrap().clone()).unwrap()
    }

    /// What went to standard error.
    pub(super) fn stderr(&self) -> String {
        String::from_utf8(self.stderr.lock().unwrap().clone()).unwrap()
    }
}

/// How a command ended and what it printed.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: u8,
    stdout: String,
    stderr: String,
}

/// A command that did what it was asked.
fn done(stdout: &str) -> Ran {
    Ran {
        code: 0,
        stdout: stdout.to_owned(),
        stderr: String::new(),
    }
}

/// A command that failed.
fn failed(stderr: &str) -> Ran {
    Ran {
        code: 1,
        stdout: String::new(),
        stderr: stderr.to_owned(),
    }
}

async fn run_in(mut world: World, captured: Captured, args: &[&str]) -> Ran {
    let args = ["quorate"].iter().chain(args).map(OsString::from).collect();
    let code = run_to_code(args, &mut world).await;
    Ran {
        code,
        stdout: captured.stdout(),
        stderr: captured.stderr(),
    }
}

/// Runs a command that finds the made-up agent through the environment.
async fn run(served: &Served, args: &[&str]) -> Ran {
    let addr = served.addr.to_string();
    let (world, captured) = Captured::world([("CONSUL_HTTP_ADDR", addr.as_str())]);
    run_in(world, captured, args).await
}

/// Runs a command that needs no agent.
async fn run_alone(args: &[&str]) -> Ran {
    let (world, captured) = Captured::world([]);
    run_in(world, captured, args).await
}
