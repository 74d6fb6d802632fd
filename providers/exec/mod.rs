//! Addresses that a program prints: go-netaddrs' protocol and beyond.
//!
//! Protocol: <https://github.com/hashicorp/go-netaddrs>, read 2026: exit code 0 and addresses on
//! standard output with white space between them, or another code and the reason on standard error.
//! Beyond it: quotes in the command, ports, JSON, a partial answer by its code. One word that is no
//! address makes all of it wrong, and so does no output: no address is `[]`. No shell takes part.
//! The program gets `PATH`, `HOME`, `LANG` and what `environment` names, and no secret by chance.
//! The error holds the last line of its standard error, so a program must not write secrets there.

mod argv;
mod printed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{
    ADDRESS_KEYS, About, BoxFuture, Command, ExecError, Key, Keys, Kind, Lookup, Output, Provider,
    Query, ResolveError, Seen,
};

const NAME: &str = "exec";

const ABOUT: About = About {
    finds: "the addresses that a program prints",
    credentials: "the program's own; `environment` names the variables that it needs",
    permissions: "running the program; one that everybody may write to is refused",
    link: "https://github.com/hashicorp/go-netaddrs",
};

const KEYS: &[Key] = &[
    Key::filled(
        "command",
        "absolute path of the program and its arguments, with quotes as in a shell; no shell runs",
    )
    .checked(check_command),
    Key::optional(
        "environment",
        "variables to pass on, separated by commas, besides `PATH`, `HOME` and `LANG`",
    )
    .checked(check_names),
    Key::optional(
        "partial_code",
        "exit code that means: these addresses, and some are missing",
    )
    .checked(check_code),
    Key::optional(
        "timeout",
        "seconds until the program and its children are killed; default: 27 of a lookup's 30",
    )
    .checked(check_timeout),
];

/// The step that returned an instance.
const CALL: &str = "run the program";

/// The variables that every program gets.
const VARIABLES: &[&str] = &["PATH", "HOME", "LANG"];

/// Where programs are looked for by one that is run, if nobody says so.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The provider `exec`.
#[derive(Debug)]
pub(crate) struct Program;

impl Provider for Program {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[KEYS, ADDRESS_KEYS]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let command = command(lookup)?;
            let program = command.argv.first().cloned().unwrap_or_default();
            let error = |kind| ResolveError::new(kind, NAME, CALL).with("program", &program);
            let output = lookup.io.exec().run(command).await;
            let output = output.map_err(|cause| error(kind(&cause)).with_source(cause))?;
            let is_partial = output.code == code(lookup.query) && output.code.is_some();
            if output.code != Some(0) && !is_partial {
                return Err(with_end(error(Kind::Unavailable), &output));
            }
            let found = printed::instances(&output.stdout, CALL).map_err(|why| {
                with_end(
                    error(Kind::Answer).with("reply", &format!("the output {why}")),
                    &output,
                )
            })?;
            seen.instances.extend(found);
            if is_partial {
                seen.gap(
                    "what the program says is missing",
                    with_end(error(Kind::Unavailable), &output),
                );
            }
            Ok(())
        })
    }
}

fn command(lookup: Lookup<'_>) -> Result<Command, ResolveError> {
    let text = lookup.query.value("command").unwrap_or_default();
    let argv = argv::split(text).map_err(|why| {
        let error = ResolveError::new(Kind::Query, NAME, "check the query");
        error.with("command", &why)
    })?;
    let environment = lookup.io.environment();
    let more = lookup.query.value("environment").unwrap_or_default();
    let names = VARIABLES
        .iter()
        .copied()
        .chain(more.split(',').map(str::trim));
    let passed = names.filter_map(|name| Some((name.to_owned(), environment.value(name)?)));
    let mut environment: BTreeMap<String, String> = passed.collect();
    let path = || PATH.to_owned();
    environment.entry("PATH".to_owned()).or_insert_with(path);
    // Its own deadline comes first: the error then names the program.
    let own = lookup.limits.deadline.mul_f64(0.9);
    Ok(Command {
        argv,
        environment,
        deadline: timeout(lookup.query).map_or(own, |asked| asked.min(own)),
        output_bytes_max: lookup.limits.body_bytes,
    })
}

const fn kind(error: &ExecError) -> Kind {
    match error {
        ExecError::Deadline { .. } => Kind::Timeout,
        ExecError::TooLarge { .. } => Kind::Answer,
        ExecError::Unsafe { .. } => Kind::Denied,
        ExecError::Failed { .. } | ExecError::Absent { .. } => Kind::Unavailable,
    }
}

/// With how the program ended, and the last it said.
fn with_end(error: ResolveError, output: &Output) -> ResolveError {
    let end = output.code.map_or_else(
        || "ended by a signal".to_owned(),
        |code| format!("exit code {code}"),
    );
    let error = error.with("end", &end);
    let text = String::from_utf8_lossy(&output.stderr);
    match text.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) => error.with("message", line),
        None => error,
    }
}

fn code(query: &Query) -> Option<i32> {
    query.value("partial_code")?.parse().ok()
}

fn timeout(query: &Query) -> Option<Duration> {
    let seconds = query.value("timeout")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn check_command(text: &str) -> Result<(), String> {
    argv::split(text).map(drop)
}

fn check_code(text: &str) -> Result<(), String> {
    match text.parse::<u8>() {
        Ok(code) if code > 0 => Ok(()),
        _ => Err(format!("is a number from 1 to 255, not `{text}`")),
    }
}

fn check_timeout(text: &str) -> Result<(), String> {
    match text.parse::<u16>() {
        Ok(seconds) if seconds > 0 => Ok(()),
        _ => Err(format!(
            "is a number of seconds from 1 to 65535, not `{text}`"
        )),
    }
}

fn check_names(list: &str) -> Result<(), String> {
    let is_name = |name: &str| {
        let letters = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
        !name.is_empty() && name.bytes().all(letters)
    };
    match list.split(',').map(str::trim).find(|name| !is_name(name)) {
        Some(wrong) => Err(format!("has `{wrong}`, which is no name of a variable")),
        None => Ok(()),
    }
}
