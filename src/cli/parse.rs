//! From the words of a command line to what clap read from them, or to what to print instead.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use super::dashes::from_go_style;
use super::{DONE, FAILED, NO_COMMAND, World};

/// Spellings of the version before any command.
const VERSION: [&str; 4] = ["-v", "--v", "-version", "--version"];

/// Commands of Consul that there are none of here, each with what does its work.
const ELSEWHERE: [(&str, &str); 1] = [(
    "keyring",
    "there is no keyring: set the gossip keys as `encrypt` and `encrypt_accept` in the configuration and \
     run `quorate reload`; `quorate info` shows which are in force",
)];

/// What is printed instead of running a command.
#[derive(Debug)]
pub(super) struct Instead {
    text: String,
    code: u8,
}

impl Instead {
    /// Prints it, help that was asked for as output and all else as a problem; gives the exit code.
    pub(super) fn print(self, world: &mut World) -> u8 {
        let text = self.text.trim_end();
        if self.code == DONE {
            world.out.line(text);
        } else {
            world.out.problem(text);
        }
        self.code
    }
}

/// Reads the words of a command line, the name of the program first.
pub(super) fn parse(
    command: &mut Command,
    mut words: Vec<OsString>,
) -> Result<ArgMatches, Instead> {
    if let Some(word) = words.get_mut(1)
        && VERSION.iter().any(|name| word == name)
    {
        *word = "version".into();
    }
    let is_meant = |name: &&str| words.get(1).is_some_and(|word| word == name);
    if let Some((_, text)) = ELSEWHERE.iter().find(|(name, _)| is_meant(name)) {
        let (text, code) = ((*text).to_owned(), NO_COMMAND);
        return Err(Instead { text, code });
    }
    let names = names(command, &words);
    let wrong = if names.is_empty() { NO_COMMAND } else { FAILED };
    let words = from_go_style(command, words).map_err(|error| {
        let mut below = named(command, &names);
        let usage = below.render_usage();
        let name = below.get_bin_name().unwrap_or_default();
        let text = format!("{error}\n\n{usage}\n\n`{name} -h` tells more.");
        Instead { text, code: wrong }
    })?;
    command
        .try_get_matches_from_mut(words)
        .map_err(|error| Instead {
            text: error.to_string(),
            code: match error.kind() {
                ErrorKind::DisplayHelp => DONE,
                _ => wrong,
            },
        })
}

/// The names of the command and subcommands that the words begin with.
pub(super) fn names(command: &Command, words: &[OsString]) -> Vec<String> {
    let mut below = command;
    let mut names = Vec::new();
    for word in words.iter().skip(1) {
        let Some(found) = below.find_subcommand(word) else {
            break;
        };
        names.push(found.get_name().to_owned());
        below = found;
    }
    names
}

/// The command of these names.
pub(super) fn named(command: &Command, names: &[String]) -> Command {
    names.iter().fold(command.clone(), |above, name| {
        above.find_subcommand(name).cloned().unwrap_or(above)
    })
}
