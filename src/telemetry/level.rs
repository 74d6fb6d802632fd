//! The levels of the log, by Consul's names.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

/// How much is logged: this level and those above it. Larger means less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Per packet.
    Trace,
    /// One line per decision.
    Debug,
    /// What the operator asked for happened. The default, as in Consul.
    #[default]
    Info,
    /// To be watched; it may heal.
    Warn,
    /// To be acted on.
    Error,
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a log level; take trace, debug, info, warn or error")]
pub struct LevelError {
    /// The word as given.
    pub text: String,
}

impl Level {
    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    pub(super) const fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    /// Takes the names in either case, and Consul's old `err`.
    fn from_str(text: &str) -> Result<Self, LevelError> {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Ok(Self::Trace),
            "debug" => Ok(Self::Debug),
            "info" => Ok(Self::Info),
            "warn" => Ok(Self::Warn),
            "error" | "err" => Ok(Self::Error),
            _ => Err(LevelError {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_in_either_case_and_a_wrong_one_is_told_the_names() {
        let rows = [
            ("trace", Level::Trace),
            ("DEBUG", Level::Debug),
            ("Info", Level::Info),
            ("warn", Level::Warn),
            ("error", Level::Error),
            ("ERR", Level::Error),
        ];
        for (text, level) in rows {
            assert_eq!(text.parse(), Ok(level), "{text}");
        }
        let error = "loud".parse::<Level>().unwrap_err().to_string();
        assert!(error.contains("`loud`") && error.contains("trace, debug, info, warn or error"));
    }
}
