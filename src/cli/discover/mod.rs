//! `discover`: reads, checks and resolves `provider=...` strings as an agent would, and prints the
//! addresses. `discover addrs` is go-discover's own command.
//!
//! What was asked for goes to standard output, all else to standard error. The exit codes are for
//! scripts: 0 a complete answer, also an empty one; 1 an error; 2 fewer addresses than asked for;
//! 3 an answer with gaps.

mod addrs;
mod explain;
mod help;
mod json;
mod lookups;
mod offline;
mod strings;

use std::error::Error;

use quorate_providers::{Io, Limits, QueryError};

use self::lookups::Lookups;
use super::{DONE, FAILED, Failure, NOTHING, PARTIAL, World};
use crate::config::parse_duration;

/// Why a timeout of zero is refused: nothing can be found in no time.
const TIMEOUT_WORDS: &str = "must be longer than zero; write a number and a unit, such as 10s";

/// How much help follows the options.
const AFTER_HELP: &str = "\
Exit codes: 0 all was found, even if that is nothing; 1 error; 2 fewer than -at-least; 3 with gaps

Examples:
  quorate discover 'provider=aws tag_key=role tag_value=server'
  quorate discover -check 'provider=dns name=consul.example port=8301'
  quorate discover -json -explain -timeout=10s 'provider=http url=https://sd.example/list'
  quorate discover -help-provider=dns
  quorate discover -q addrs provider=static addrs=10.0.0.1,10.0.0.2";

/// Resolves strings of -retry-join and prints the addresses, one per line
///
/// Several strings are resolved at once; what one finds is printed when it is there.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Discover {
    /// Strings; one that the shell cut at its spaces is put together again. After the word `addrs`
    /// all is one string, and its addresses are printed on one line as go-discover does
    #[arg(value_name = "STRING", required_unless_present_any = ["providers", "provider"])]
    words: Vec<String>,

    #[command(flatten)]
    offline: Offline,

    #[command(flatten)]
    shape: Shape,

    /// The longest that one string may take, such as 10s
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    timeout: String,

    /// End with code 2 if there are fewer addresses
    #[arg(long = "at-least", value_name = "N", default_value_t = 0)]
    at_least: usize,

    /// List the providers of this build
    #[arg(long)]
    providers: bool,

    /// Explain a provider: its keys, credentials and permissions
    #[arg(long = "help-provider", id = "provider", value_name = "NAME")]
    help_provider: Option<String>,
}

/// What needs no call.
#[derive(Debug, clap::Args)]
struct Offline {
    /// Print what a string is read as, one JSON object, and look nothing up
    #[arg(long)]
    parse: bool,

    /// With -parse: print secrets too
    #[arg(long = "show-secrets")]
    show_secrets: bool,

    /// Say whether a string is valid, and look nothing up
    #[arg(long)]
    check: bool,
}

/// How it is said.
#[derive(Debug, clap::Args)]
struct Shape {
    /// Print one JSON object with all that is known of each address
    #[arg(long)]
    json: bool,

    /// Say why each instance was kept or dropped, and which call returned it
    #[arg(long)]
    explain: bool,

    /// With `addrs`: no log, only errors
    #[arg(short)]
    quiet: bool,
}

/// What a run came to, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    /// Addresses, each once.
    found: usize,
    /// Strings with an answer, complete or not.
    answered: usize,
    /// Strings without one, and parts missing in the answers.
    missing: usize,
}

impl Count {
    /// The exit code, if so many addresses were asked for. Fewer than that weighs more than gaps.
    const fn code(self, at_least: usize) -> u8 {
        if self.answered == 0 {
            FAILED
        } else if self.found < at_least {
            NOTHING
        } else if self.missing > 0 {
            PARTIAL
        } else {
            DONE
        }
    }
}

impl Discover {
    /// Does what is asked, and gives the exit code.
    pub(super) async fn run(self, world: &mut World) -> Result<u8, Failure> {
        if self.providers {
            help::list(world);
            return Ok(DONE);
        }
        if let Some(name) = &self.help_provider {
            return help::one(name, world).map(|()| DONE);
        }
        let limits = self.limits()?;
        if let Some(("addrs", words)) = self.words.split_first().map(|(w, ws)| (w.as_str(), ws)) {
            self.refuse_beside_addrs()?;
            let text = words.join(" ");
            return addrs::run(&text, self.shape.quiet, &limits, self.at_least, world).await;
        }
        self.refuse_late_options()?;
        let texts = strings::of_words(&self.words);
        if self.offline.parse {
            return Ok(offline::parse(&texts, self.offline.show_secrets, world));
        }
        if self.offline.check {
            return Ok(offline::check(&texts, world));
        }
        let lookups = Lookups::new(&texts, Io::real(), limits);
        let count = if self.shape.json {
            json::print(lookups, self.shape.explain, world).await
        } else {
            lookups.print(self.shape.explain, world).await
        };
        if count.answered > 0 && count.found < self.at_least {
            let (found, wanted) = (count.found, self.at_least);
            let text = format!("too few: {found} found, at least {wanted} asked for");
            world.out.problem(text);
        }
        Ok(count.code(self.at_least))
    }

    fn limits(&self) -> Result<Limits, Failure> {
        let wrong = |why| Failure::new(format!("-timeout {:?} {why}", self.timeout));
        let deadline = parse_duration(&self.timeout).map_err(wrong)?;
        if deadline.is_zero() {
            return Err(wrong(TIMEOUT_WORDS));
        }
        Ok(Limits {
            deadline,
            ..Limits::default()
        })
    }

    /// As in Go, options end at the first string; one behind it would be read as a part of it.
    fn refuse_late_options(&self) -> Result<(), Failure> {
        match self.words.iter().skip(1).find(|word| word.starts_with('-')) {
            Some(word) => {
                let option = word.split('=').next().unwrap_or_default();
                let text = format!("{option} stands behind a string; options go before the first");
                Err(Failure::misuse(text))
            }
            None => Ok(()),
        }
    }

    /// go-discover has none of them, so nobody relies on what they would do.
    fn refuse_beside_addrs(&self) -> Result<(), Failure> {
        let beside = [
            (self.offline.parse, "-parse"),
            (self.offline.show_secrets, "-show-secrets"),
            (self.offline.check, "-check"),
            (self.shape.json, "-json"),
            (self.shape.explain, "-explain"),
        ];
        match beside.iter().find(|(is_set, _)| *is_set) {
            Some((_, flag)) => {
                let text = format!("{flag} does not go with `addrs`; leave that word out");
                Err(Failure::misuse(text))
            }
            None => Ok(()),
        }
    }
}

/// A string that is refused: what is wrong and, below it, where.
fn refusal(text: &str, error: &QueryError) -> String {
    let words = chain("Error in the string", error);
    let Some(picture) = quorate_providers::picture(text, error) else {
        return words;
    };
    let lines = picture.to_string();
    let indented: Vec<String> = lines.lines().map(|line| format!("  {line}")).collect();
    format!("{words}\n{}", indented.join("\n"))
}

/// An error with its causes, one per line.
fn chain(what: &str, error: &dyn Error) -> String {
    let mut lines = vec![format!("{what}: {error}")];
    let mut cause = error.source();
    while let Some(error) = cause {
        lines.push(format!("  because: {error}"));
        cause = error.source();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_what_was_found() {
        let rows = [
            // Found, answered, missing, asked for: the code.
            (3, 1, 0, 0, DONE),
            (0, 1, 0, 0, DONE),
            (3, 1, 0, 3, DONE),
            (2, 1, 0, 3, NOTHING),
            (0, 1, 0, 1, NOTHING),
            (2, 1, 1, 3, NOTHING),
            (2, 1, 1, 0, PARTIAL),
            (2, 1, 1, 2, PARTIAL),
            (0, 0, 1, 0, FAILED),
            (0, 0, 2, 3, FAILED),
        ];
        for (found, answered, missing, at_least, wanted) in rows {
            let count = Count {
                found,
                answered,
                missing,
            };
            assert_eq!(count.code(at_least), wanted, "{count:?} {at_least}");
        }
    }
}
