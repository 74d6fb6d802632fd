//! Prints the addresses that a config string resolves to, one a line, with what is known of each.
//!
//! ```text
//! cargo run --example resolve -- 'provider=aws tag_key=role tag_value=server'
//! ```

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use quorate_providers::{Answer, Io, Query, resolve};

/// The exit code for a wrong command line (`sysexits.h`, `EX_USAGE`).
const EXIT_USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let query = match Query::parse(&words.join(" ")) {
        Ok(query) => query,
        Err(error) => return fail(&error, EXIT_USAGE),
    };
    let answer = match resolve(&query, &Io::real()).await {
        Ok(answer) => answer,
        Err(error) => return fail(&error, 1),
    };
    match print(&answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn print(answer: &Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for contact in &answer.contacts {
        let instance = contact.instance.as_deref().unwrap_or("-");
        let zone = contact.zone.as_deref().unwrap_or("-");
        writeln!(out, "{contact}\t{instance}\t{zone}")?;
    }
    for gap in &answer.gaps {
        writeln!(io::stderr(), "missing: {}: {}", gap.part, gap.error)?;
    }
    Ok(())
}

/// Prints an error and what lies behind it, one a line.
fn fail(error: &dyn Error, code: u8) -> ExitCode {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if writeln!(io::stderr(), "{current}").is_err() {
            break;
        }
        cause = current.source();
    }
    ExitCode::from(code)
}
