//! Where a value came from, as an operator would look for it.

use std::fmt;

use super::syntax::Spot;

/// The word for flags.
pub(super) const FLAG: &str = "flag";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nobody gave it: the table of settings has it.
    Default,
    /// A default that `-dev` changed.
    Dev,
    /// A flag of the command line, without its dash.
    Flag(&'static str),
    /// A file.
    File {
        /// The path as given, or found in a directory that was given.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// A text given by `-hcl`.
    Fragment {
        /// Which of them, from 1.
        number: usize,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
}

impl Place {
    /// The same text at another spot; flags and defaults have none.
    pub(super) fn at(&self, spot: Spot) -> Self {
        let Spot { line, column } = spot;
        match self {
            Self::File { path, .. } => Self::File {
                path: path.clone(),
                line,
                column,
            },
            Self::Fragment { number, .. } => Self::Fragment {
                number: *number,
                line,
                column,
            },
            Self::Default | Self::Dev | Self::Flag(_) => self.clone(),
        }
    }

    /// What kind of source it is, in one word.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Dev => "dev",
            Self::Flag(_) => FLAG,
            Self::File { .. } => "file",
            Self::Fragment { .. } => "fragment",
        }
    }

    /// The start of a file.
    pub(super) fn file(path: &str) -> Self {
        Self::File {
            path: path.to_owned(),
            line: 1,
            column: 1,
        }
    }

    /// The start of a text given by `-hcl`.
    pub(super) const fn fragment(number: usize) -> Self {
        Self::Fragment {
            number,
            line: 1,
            column: 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Dev => f.write_str("-dev"),
            Self::Flag(flag) => write!(f, "-{flag}"),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Fragment {
                number,
                line,
                column,
            } => write!(f, "-hcl number {number}:{line}:{column}"),
        }
    }
}
