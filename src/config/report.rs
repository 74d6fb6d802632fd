//! Collects mistakes and warnings, so that an operator sees all of them at once.

use super::error::ConfigError;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Each of them keeps the agent from starting.
    pub(super) errors: Vec<ConfigError>,
    /// Each of them is to be logged once.
    pub(super) warnings: Vec<String>,
}

impl Report {
    /// Adds a mistake.
    pub(super) fn error(&mut self, error: ConfigError) {
        self.errors.push(error);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}
