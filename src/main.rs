//! The program: arguments in, exit code out.

use std::process::ExitCode;

use quorate::cli::{World, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(std::env::args_os().collect(), World::of_process()).await
}
