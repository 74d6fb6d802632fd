//! Names that people give: of a node and of a datacenter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name that is taken, in bytes: memberlist's own bound for a node name is 128.
const NAME_BYTES_MAX: usize = 128;

/// A name that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name has no character.
    #[error("a name must not be empty")]
    Empty,
    /// The name has more bytes than the bound.
    #[error("a name of {len} bytes is longer than {NAME_BYTES_MAX}")]
    Long {
        /// Length as given, in bytes.
        len: usize,
    },
    /// The name has a character that would break logs, tables or URLs.
    #[error("`{name}` has the character {found:?}; {allowed}")]
    Character {
        /// The name as given.
        name: String,
        /// The first character that is not taken.
        found: char,
        /// What may be written instead.
        allowed: &'static str,
    },
}

fn check(name: &str, is_good: fn(char) -> bool, allowed: &'static str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::Long { len: name.len() });
    }
    match name.chars().find(|c| !is_good(*c)) {
        Some(found) => Err(NameError::Character {
            name: name.to_owned(),
            found,
            allowed,
        }),
        None => Ok(()),
    }
}

/// The name of a node, unique in its cluster; compared without regard to case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(String);

/// The name of a datacenter, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Datacenter(String);

impl NodeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether both names mean the same node: letters of either case are equal.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Datacenter {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_good = |c: char| !c.is_control() && !c.is_whitespace() && c != '/';
        check(text, is_good, "take letters, digits and any of - _ .")?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Datacenter {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = text.to_lowercase();
        let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        check(&lower, is_good, "take letters, digits, - and _")?;
        Ok(Self(lower))
    }
}

macro_rules! text_forms {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

text_forms!(NodeName);
text_forms!(Datacenter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datacenter_is_kept_in_lower_case() {
        assert_eq!("Dc-1".parse::<Datacenter>().unwrap().as_str(), "dc-1");
        assert!("dc 1".parse::<Datacenter>().is_err());
    }

    #[test]
    fn a_node_name_that_would_break_a_table_is_refused() {
        assert!("web-1.example".parse::<NodeName>().is_ok());
        for text in ["", "a b", "a\nb", "a/b"] {
            assert!(text.parse::<NodeName>().is_err(), "{text:?}");
        }
        assert!("x".repeat(129).parse::<NodeName>().is_err());
    }

    #[test]
    fn two_spellings_of_a_node_name_are_the_same() {
        let (a, b): (NodeName, NodeName) = ("S1".parse().unwrap(), "s1".parse().unwrap());
        assert!(a.is_same(&b));
    }
}
