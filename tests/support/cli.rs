//! A command as a person types it.

use std::process::Stdio;

use tokio::process::Command;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `quorate` with arguments and, if given, an agent's API address in the environment.
pub(crate) async fn quorate(args: &[&str], http_addr: Option<String>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(addr) = http_addr {
        command.env("CONSUL_HTTP_ADDR", addr);
    }
    let output = command.output().await.unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
