//! The keys of `provider=azure`, and the settings they make.
//!
//! Pure. Names become parts of paths, so they keep to Azure's rules for them.

use crate::keys::check_words;
use crate::{Key, Kind, Lookup, Query, QueryError, ResolveError};

use super::NAME;

/// Its own keys, sorted (provider reference, 3.3).
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "client_id",
        "application, or the client id of a user-assigned managed identity",
    )
    .variable("ARM_CLIENT_ID")
    .checked(check_word),
    Key::optional(
        "environment",
        "cloud: `AzurePublicCloud` (default), `AzureUSGovernment` or `AzureChina`",
    )
    .choices(&[
        "AzurePublicCloud",
        "AzureUSGovernment",
        "AzureUSGovernmentCloud",
        "AzureChina",
        "AzureChinaCloud",
    ]),
    Key::optional(
        "msft_telemetry_opt_in",
        "of no effect: nothing but the lookup itself is sent",
    )
    .variable("OPT_IN_MSFT_TELEMETRY"),
    Key::optional(
        "resource_group",
        "resource group; with `vm_scale_set`, or to look for tags in it alone",
    )
    .checked(check_word),
    Key::secret("secret_access_key", "secret of the application").variable("ARM_CLIENT_SECRET"),
    Key::optional("secret_access_key_file", "file with the secret"),
    Key::optional(
        "status",
        "power states that count, separated by commas, or `any`; default: `running`",
    )
    .checked(check_status),
    Key::optional("subscription_id", "subscriptions, separated by commas")
        .variable("ARM_SUBSCRIPTION_ID")
        .checked(check_subscriptions),
    Key::optional(
        "tag_name",
        "name of the tag to match, on the machine or its interface; with `tag_value`",
    ),
    Key::optional("tag_value", "value of the tag to match; with `tag_name`"),
    Key::optional("tenant_id", "directory of the application")
        .variable("ARM_TENANT_ID")
        .checked(check_word),
    Key::optional("vm_scale_set", "name of a scale set; with `resource_group`").checked(check_word),
];

/// The power states
/// (<https://learn.microsoft.com/azure/virtual-machines/states-billing>, read 2026).
const STATES: &[&str] = &[
    "creating",
    "starting",
    "running",
    "stopping",
    "stopped",
    "deallocating",
    "deallocated",
    "unknown",
];

/// The longest name; a resource group's has 90 characters.
const NAME_CHARS_MAX: usize = 90;

/// A cloud: where its APIs and its logins are
/// (<https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cloud {
    pub(super) manager: &'static str,
    pub(super) login: &'static str,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Tag { name: String, value: String },
    Set { group: String, set: String },
}

/// A checked query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) cloud: Cloud,
    pub(super) wanted: Wanted,
    pub(super) group: Option<String>,
    pub(super) wants_public: bool,
    /// Empty for any.
    states: Vec<String>,
}

impl Settings {
    /// Reads and checks the keys, without a call.
    pub(super) fn from_query(query: &Query) -> Result<Self, QueryError> {
        let states = match query.value("status") {
            None => vec!["running".to_owned()],
            Some("any") => Vec::new(),
            Some(list) => words(list).map(str::to_owned).collect(),
        };
        let kinds = query.value("addr").unwrap_or_default();
        Ok(Self {
            cloud: cloud(query.value("environment").unwrap_or_default()),
            wanted: wanted(query)?,
            group: query.value("resource_group").map(str::to_owned),
            wants_public: kinds.contains("public"),
            states,
        })
    }

    /// The subscriptions, of the query or the environment.
    pub(super) fn subscriptions(lookup: Lookup<'_>) -> Result<Vec<String>, ResolveError> {
        let error = |cause: &str| {
            ResolveError::new(Kind::Query, NAME, "find the subscription").with("cause", cause)
        };
        let Some(list) = lookup.value("subscription_id") else {
            return Err(error(
                "neither `subscription_id` nor ARM_SUBSCRIPTION_ID is set",
            ));
        };
        check_subscriptions(&list).map_err(|why| error(&format!("ARM_SUBSCRIPTION_ID {why}")))?;
        Ok(words(&list).map(str::to_owned).collect())
    }

    /// Says whether a power state was asked for; one that nobody tells is.
    pub(super) fn takes_state(&self, state: &str) -> bool {
        self.states.is_empty() || self.states.iter().any(|known| known == state)
    }
}

fn cloud(name: &str) -> Cloud {
    match name {
        "AzureUSGovernment" | "AzureUSGovernmentCloud" => Cloud {
            manager: "https://management.usgovcloudapi.net",
            login: "https://login.microsoftonline.us",
        },
        "AzureChina" | "AzureChinaCloud" => Cloud {
            manager: "https://management.chinacloudapi.cn",
            login: "https://login.chinacloudapi.cn",
        },
        _ => Cloud {
            manager: "https://management.azure.com",
            login: "https://login.microsoftonline.com",
        },
    }
}

fn wanted(query: &Query) -> Result<Wanted, QueryError> {
    let wrong = |key, why: &str| query.refusal(key, why);
    let value = |key| query.value(key).map(str::to_owned);
    let tag = (value("tag_name"), value("tag_value"));
    match (tag, value("resource_group"), value("vm_scale_set")) {
        ((None, None), Some(group), Some(set)) => Ok(Wanted::Set { group, set }),
        ((Some(name), Some(value)), _, None) => Ok(Wanted::Tag { name, value }),
        ((Some(_), None), _, _) => Err(wrong("tag_value", "is missing beside `tag_name`")),
        ((None, Some(_)), _, _) => Err(wrong("tag_name", "is missing beside `tag_value`")),
        ((None, None), None, Some(_)) => {
            Err(wrong("resource_group", "is missing beside `vm_scale_set`"))
        }
        ((Some(_), Some(_)), _, Some(_)) => Err(wrong(
            "vm_scale_set",
            "is a way of its own to say what is meant, and so are tags; choose one",
        )),
        ((None, None), _, None) => Err(wrong(
            "tag_name",
            "is missing: `tag_name` and `tag_value`, or `resource_group` and `vm_scale_set`, say which machines are meant",
        )),
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

fn check_word(text: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    let is_name = text.chars().count() <= NAME_CHARS_MAX && !text.ends_with('.');
    if is_name && text.chars().all(is_letter) {
        return Ok(());
    }
    Err("takes letters, digits, `-`, `_`, `.` and parentheses".to_owned())
}

fn check_subscriptions(text: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_id = |one: &str| !one.is_empty() && one.len() <= 64 && one.chars().all(is_letter);
    match words(text).find(|one| !is_id(one)) {
        Some(one) => Err(format!("is a list of subscription ids, not `{one}`")),
        None => Ok(()),
    }
}

fn check_status(text: &str) -> Result<(), String> {
    check_words(text, STATES, Some("any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_right_is_refused_with_its_key() {
        let rows = [
            ("", "tag_name"),
            ("tag_name=a", "tag_value"),
            ("tag_value=a", "tag_name"),
            ("vm_scale_set=a", "resource_group"),
            ("resource_group=a", "tag_name"),
            (
                "tag_name=a tag_value=b resource_group=c vm_scale_set=d",
                "vm_scale_set",
            ),
            ("resource_group=a/b vm_scale_set=c", "resource_group"),
            ("resource_group=a vm_scale_set=..", "vm_scale_set"),
            (
                "tag_name=a tag_value=b subscription_id=a/b",
                "subscription_id",
            ),
            (
                "tag_name=a tag_value=b subscription_id=a,,b",
                "subscription_id",
            ),
            (
                "tag_name=a tag_value=b environment=AzureMars",
                "environment",
            ),
            ("tag_name=a tag_value=b status=up", "status"),
            ("tag_name=a tag_value=b tenant_id=a/b", "tenant_id"),
        ];
        for (keys, key) in rows {
            let error = Query::parse(&format!("provider=azure {keys}")).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(&format!("`{key}`")), "{keys}: {error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let text = "provider=azure tag_name=a tag_value=b secret_access_key=hush";
        assert!(!crate::redact(text).contains("hush"));
    }
}
