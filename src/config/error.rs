//! Everything that can be wrong with a configuration, one line each.

use std::fmt;

/// All mistakes of one configuration, in the order they were found; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Wraps mistakes; none if there is none.
    pub(super) fn from_list(errors: Vec<ConfigError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// Wraps one mistake.
    pub(super) fn one(error: ConfigError) -> Self {
        Self(vec![error])
    }

    /// The mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let line_end = if at == 0 { "" } else { "\n" };
            write!(f, "{line_end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// One mistake. Its text is one line that says where, what, and what to do; values of secret
/// settings and credentials are masked in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file or directory could not be read. The text is Consul's (agent reference, 5.1).
    #[error("config: Open failed on {path}. {why}")]
    Open {
        /// The path as given.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A file whose format is not known. The text is Consul's, with our formats.
    #[error(
        "file {path} has unknown extension; must be .hcl, .json or .toml, or config format must be set"
    )]
    Extension {
        /// The path as given.
        path: String,
    },
    /// A file with more bytes than are read.
    #[error("{path} is larger than {max_bytes} bytes; no configuration needs that much")]
    Size {
        /// The path as given.
        path: String,
        /// The bound.
        max_bytes: u64,
    },
    /// A file that breaks the rules of its format.
    #[error("failed to parse {place}: {why}")]
    Syntax {
        /// Where.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A name that is not a setting.
    #[error("{place}: invalid config key {key}{}", did_you_mean(*nearest))]
    UnknownKey {
        /// Where.
        place: String,
        /// The name, blocks parted by dots.
        key: String,
        /// The setting that may have been meant.
        nearest: Option<&'static str>,
    },
    /// A name that is a setting of Consul and not yet of ours.
    #[error(
        "{place}: invalid config key {key}: Consul has this setting, quorate does not; remove it"
    )]
    NotHere {
        /// Where.
        place: String,
        /// The name, blocks parted by dots.
        key: String,
    },
    /// A value of the wrong shape.
    #[error("{place}: {key} takes {wanted}, not {found}")]
    Shape {
        /// Where.
        place: String,
        /// The setting.
        key: String,
        /// What it takes.
        wanted: &'static str,
        /// What was given, masked if it is a secret.
        found: String,
    },
    /// A value that is not taken.
    #[error("{place}: {key} = {value:?} {why}")]
    Value {
        /// Where.
        place: String,
        /// The setting.
        key: &'static str,
        /// What was given, masked if it is a secret.
        value: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// A setting that has to be given and was not.
    #[error("{key} cannot be empty: {hint}")]
    Missing {
        /// The setting.
        key: &'static str,
        /// What to do.
        hint: String,
    },
    /// Settings that contradict each other. The text is Consul's (agent reference, 2.1).
    #[error("{text} ({from})")]
    Conflict {
        /// What is wrong.
        text: String,
        /// The settings with their places.
        from: String,
    },
    /// No address could be chosen. The first sentence is Consul's (agent reference, 5.4).
    #[error("{text}; {hint}")]
    Address {
        /// What is wrong.
        text: &'static str,
        /// What was found and what to do.
        hint: String,
    },
    /// More settings than are read.
    #[error("{place}: more than {max} settings are given")]
    Many {
        /// Where the bound was reached.
        place: String,
        /// The bound.
        max: usize,
    },
    /// Arguments after the flags.
    #[error("Unexpected extra arguments: [{arguments}]")]
    Arguments {
        /// The arguments, parted by blanks.
        arguments: String,
    },
    /// No path to check was given. The text is Consul's (agent reference, 4.6).
    #[error("Must specify at least one config file or directory")]
    NoFiles,
    /// `-config-format` with another word.
    #[error("-config-format must be either 'hcl', 'json' or 'toml', not {found:?}")]
    Format {
        /// The word.
        found: String,
    },
    /// The layers could not be put together.
    #[error("{key} cannot be read; this is a defect of quorate, please report it")]
    Merge {
        /// The setting.
        key: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}
