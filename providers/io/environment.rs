//! Environment variables, of the process or fixed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// Where environment variables come from.
#[derive(Clone)]
pub enum Environment {
    /// The process, with all that an SDK finds from there: profiles, metadata services, proxies.
    Process,
    /// These variables and nothing else; no profile, metadata service or proxy is looked for.
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    /// Fixed variables.
    pub fn fixed<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self::Fixed(variables.into_iter().map(owned).collect())
    }

    /// The value of a variable; none if it is absent, empty or not UTF-8.
    pub fn value(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(variables) => variables.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// All variables with a text for name and value: for a program that expects its parent's.
    pub fn all(&self) -> BTreeMap<String, String> {
        match self {
            Self::Process => {
                let text = |(name, value): (OsString, OsString)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                };
                std::env::vars_os().filter_map(text).collect()
            }
            Self::Fixed(variables) => variables.clone(),
        }
    }
}

impl fmt::Debug for Environment {
    /// Shows names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("Process"),
            Self::Fixed(variables) => f.debug_set().entries(variables.keys()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_shown() {
        let environment = Environment::fixed([("AWS_SECRET_ACCESS_KEY", "hush")]);
        assert_eq!(format!("{environment:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }

    #[test]
    fn an_empty_variable_is_absent() {
        let environment = Environment::fixed([("A", ""), ("B", "b")]);
        assert_eq!(environment.value("A"), None);
        assert_eq!(environment.value("B").as_deref(), Some("b"));
    }
}
