//! What one row of the table of settings says.

use serde_json::Value;

use super::Config;

/// The shape of a value, and what else is taken for it (agent reference, 5.2: weak decoding).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`; also as text (`"true"`, `"1"`), or as a number.
    Switch,
    /// A whole number; also as text (`"8500"`, `"0x2134"`).
    Integer,
    /// A text; also a number, which is kept as written in decimal.
    Text,
    /// A duration as text with a unit, such as `30s` or `1h30m`.
    Duration,
    /// Texts, appended over all sources; also a single text.
    List,
    /// Texts by name, united over all sources; on the command line `name:value`.
    Map,
}

impl Kind {
    /// What the shape is called in a message.
    pub(super) const fn wanted(self) -> &'static str {
        match self {
            Self::Switch => "true or false",
            Self::Integer => "a whole number",
            Self::Text => "a text",
            Self::Duration => "a duration such as 30s or 1h30m",
            Self::List => "a list of texts",
            Self::Map => "a block of texts, such as { rack = \"r1\" }",
        }
    }

    /// Says whether a value is added to the earlier ones, and does not replace them.
    pub(super) const fn is_list(self) -> bool {
        matches!(self, Self::List)
    }
}

/// Where a setting stands in `--help` and in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Who the agent is.
    Identity,
    /// How a cluster is founded.
    Founding,
    /// How the agent finds others.
    Joining,
    /// Whom it believes.
    Trust,
    /// Where it listens.
    Addresses,
    /// How servers agree.
    Consensus,
    /// What it does when it ends.
    Leaving,
    /// What it writes about itself.
    Logging,
}

impl Group {
    /// The heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Identity => "Identity and data",
            Self::Founding => "Founding a cluster",
            Self::Joining => "Joining a cluster",
            Self::Trust => "TLS between agents",
            Self::Addresses => "Addresses and ports",
            Self::Consensus => "Consensus",
            Self::Leaving => "Leaving",
            Self::Logging => "Logging",
        }
    }
}

/// One setting: its names, what it takes, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name in files; dots part the blocks.
    pub key: &'static str,
    /// Flag without its dash, if there is one.
    pub flag: Option<&'static str>,
    /// What it takes.
    pub kind: Kind,
    /// Value when nothing is given, as a file would write it; none if there is no such value or
    /// if it depends on the rest, which the doc then tells.
    pub default: Option<&'static str>,
    /// Its chapter.
    pub group: Group,
    /// The value is never shown.
    pub is_secret: bool,
    /// A reload takes it; else it takes a restart.
    pub is_reloaded: bool,
    /// What it does, in one or more sentences.
    pub doc: &'static str,
    /// Its value in a checked configuration.
    pub(super) show: fn(&Config) -> Value,
}

impl Setting {
    pub(super) const fn new(
        key: &'static str,
        kind: Kind,
        group: Group,
        show: fn(&Config) -> Value,
        doc: &'static str,
    ) -> Self {
        Self {
            key,
            flag: None,
            kind,
            default: None,
            group,
            is_secret: false,
            is_reloaded: false,
            doc,
            show,
        }
    }

    pub(super) const fn flag(self, flag: &'static str) -> Self {
        Self {
            flag: Some(flag),
            ..self
        }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    pub(super) const fn reloaded(self) -> Self {
        Self {
            is_reloaded: true,
            ..self
        }
    }

    pub(super) const fn secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }
}
