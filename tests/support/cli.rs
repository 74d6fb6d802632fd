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
    let addr = http_addr.map(|addr| ("CONSUL_HTTP_ADDR".to_owned(), addr));
    quorate_with(args, addr.into_iter().collect()).await
}

/// Runs `quorate` with arguments and these variables in the environment, and none besides.
pub(crate) async fn quorate_with(args: &[&str], env: Vec<(String, String)>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command
        .args(args)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
