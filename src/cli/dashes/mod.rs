//! Turns a command line in the style of Go into one that clap takes.
//!
//! Rules of Go's package `flag`, which Consul uses (agent reference, 4.1): one dash or two mean
//! the same; `-name value` and `-name=value`, but a switch takes only `-name` and `-name=false`;
//! the first word that is no flag, or `--`, ends the flags. Pure: looks at the command and the
//! words, at nothing else.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, Command};

use crate::config::{nearest, parse_switch};

/// A word that is no flag of the command. The first sentence of each text is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FlagError {
    /// The command has no flag of that name.
    #[error("flag provided but not defined: -{name}{}", did_you_mean(nearest.as_deref()))]
    Unknown {
        /// The name as given, without dashes.
        name: String,
        /// The flag that may have been meant.
        nearest: Option<String>,
    },
    /// A flag at the end that takes a value.
    #[error("flag needs an argument: -{name}")]
    NoValue {
        /// The flag.
        name: String,
    },
    /// A switch with a value other than true or false.
    #[error("invalid boolean value {value:?} for -{name}; take true or false")]
    Switch {
        /// The flag.
        name: String,
        /// The value.
        value: String,
    },
    /// Three dashes, or no name before the `=`.
    #[error("bad flag syntax: {word}")]
    Syntax {
        /// The word.
        word: String,
    },
    /// A flag in bytes that are not UTF-8.
    #[error("flag is not UTF-8: {word}")]
    Encoding {
        /// The word, as far as it can be shown.
        word: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean -{name}?"))
}

/// Turns words, the program's name first, into those that clap takes for the same meaning.
///
/// Goes down into subcommands. A flag that may stand without a value has to be declared with
/// `require_equals`. `-h`, `-help`, `-v` and `-version` become clap's own flags where the command
/// has none of that name.
///
/// # Errors
/// The first word that Go would refuse. Nothing after it is looked at: whether the next word would
/// be its value cannot be known.
pub(super) fn from_go_style(
    command: &Command,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, FlagError> {
    let mut words = words.into_iter();
    let mut scope = Scope {
        command,
        globals: Vec::new(),
    };
    let mut taken: Vec<OsString> = words.next().into_iter().collect();
    while let Some(word) = words.next() {
        if word == "--" {
            taken.push(word);
            break;
        }
        if let Some((name, value)) = split(&word)? {
            taken.extend(scope.take_flag(name, value, &mut words)?);
            continue;
        }
        if let Some(inner) = scope.command.find_subcommand(&word) {
            scope.enter(inner);
            taken.push(word);
            continue;
        }
        // A word that should be a subcommand is left to clap, which knows how to refuse it.
        if !scope.command.has_subcommands() {
            taken.push(OsString::from("--"));
        }
        taken.push(word);
        break;
    }
    taken.extend(words);
    Ok(taken)
}

/// A flag as written: its name, and its value if one follows after `=`.
type Flag<'w> = (&'w str, Option<&'w str>);

/// Cuts a flag into its name and its value, if one follows after `=`; none if it is no flag.
fn split(word: &OsStr) -> Result<Option<Flag<'_>>, FlagError> {
    let is_flag = word.as_encoded_bytes().starts_with(b"-") && word != "-";
    if !is_flag {
        return Ok(None);
    }
    let Some(text) = word.to_str() else {
        let word = word.to_string_lossy().into_owned();
        return Err(FlagError::Encoding { word });
    };
    let bare = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
    let bare = bare.unwrap_or(text);
    if bare.is_empty() || bare.starts_with(['-', '=']) {
        return Err(FlagError::Syntax {
            word: text.to_owned(),
        });
    }
    Ok(Some(match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    }))
}

/// The command whose flags are read, and the flags of those above it that hold below.
struct Scope<'c> {
    command: &'c Command,
    globals: Vec<&'c Arg>,
}

impl<'c> Scope<'c> {
    fn enter(&mut self, inner: &'c Command) {
        let args = self.command.get_arguments();
        self.globals.extend(args.filter(|arg| arg.is_global_set()));
        self.command = inner;
    }

    fn args(&self) -> impl Iterator<Item = &'c Arg> {
        self.command
            .get_arguments()
            .chain(self.globals.iter().copied())
    }

    /// Takes a flag, and the next word if that is its value.
    fn take_flag(
        &self,
        name: &str,
        value: Option<&str>,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Result<Option<OsString>, FlagError> {
        let Some(arg) = self.args().find(|arg| is_named(arg, name)) else {
            return self.builtin(name).map(Some);
        };
        let dashed = match (arg.get_long(), arg.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => format!("--{name}"),
        };
        let name = name.to_owned();
        if is_switch(arg) {
            let is_on = match value.map(parse_switch) {
                None | Some(Some(true)) => true,
                Some(Some(false)) => false,
                Some(None) => {
                    let value = value.unwrap_or_default().to_owned();
                    return Err(FlagError::Switch { name, value });
                }
            };
            return Ok(is_on.then(|| OsString::from(dashed)));
        }
        let mut taken = OsString::from(dashed);
        match value {
            Some(value) => {
                taken.push("=");
                taken.push(value);
            }
            None if takes_none(arg) => {}
            None => {
                let value = words.next().ok_or(FlagError::NoValue { name })?;
                taken.push("=");
                taken.push(value);
            }
        }
        Ok(Some(taken))
    }

    /// The flags that clap adds to a command by itself.
    fn builtin(&self, name: &str) -> Result<OsString, FlagError> {
        let has_version = self.command.get_version().is_some();
        match name {
            "h" | "help" => Ok(OsString::from("--help")),
            "v" | "version" if has_version => Ok(OsString::from("--version")),
            _ => Err(FlagError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, self.args().filter_map(Arg::get_long)).map(str::to_owned),
            }),
        }
    }
}

fn is_named(arg: &Arg, name: &str) -> bool {
    let mut letters = name.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let aliases = arg.get_all_aliases().unwrap_or_default();
    arg.get_long() == Some(name)
        || aliases.contains(&name)
        || (letter.is_some() && arg.get_short() == letter)
}

/// Says whether clap takes no value for it at all.
fn is_switch(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::SetTrue
            | ArgAction::SetFalse
            | ArgAction::Count
            | ArgAction::Help
            | ArgAction::HelpShort
            | ArgAction::HelpLong
            | ArgAction::Version
    )
}

/// Says whether it may stand without a value.
fn takes_none(arg: &Arg) -> bool {
    arg.get_num_args()
        .is_some_and(|range| range.min_values() == 0)
}

#[cfg(test)]
mod tests;
