//! The keys of `provider=gce`, and the settings they make.
//!
//! Pure. Values become part of a filter, so what would end a text there is escaped or refused;
//! go-discover pastes them in (provider reference, 6.3).

use regex_lite::Regex;

use crate::keys::check_words;
use crate::{Key, Query, QueryError};

/// Its own keys, sorted (provider reference, 3.5).
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "credentials_file",
        "JSON file with credentials of any kind; default: gcloud's own file, the metadata server",
    )
    .variable("GOOGLE_APPLICATION_CREDENTIALS"),
    Key::optional(
        "filter",
        "a filter in the API's own language, such as `machineType:n2-*`; beside the others",
    ),
    Key::optional(
        "instance_group",
        "name of a managed instance group, zonal or regional",
    )
    .checked(check_name),
    Key::optional("label_key", "key of the label to match; with `label_value`")
        .checked(check_label_key),
    Key::optional(
        "label_value",
        "value of the label to match; with `label_key`",
    )
    .checked(check_text),
    Key::optional(
        "project_name",
        "project id; default: the credentials file's, the metadata server's",
    )
    .variable("GOOGLE_CLOUD_PROJECT")
    .checked(check_project),
    Key::optional(
        "status",
        "states of an instance that count, separated by commas, or `any`; default: `RUNNING`",
    )
    .checked(check_status),
    Key::optional("tag_value", "network tag to match").checked(check_text),
    Key::optional(
        "zone_pattern",
        "regular expression that matches the whole name of a zone; default: all zones",
    )
    .checked(check_pattern),
];

/// The states of an instance
/// (<https://cloud.google.com/compute/docs/instances/instance-lifecycle>, read 2026).
const STATES: &[&str] = &[
    "PENDING",
    "PROVISIONING",
    "STAGING",
    "RUNNING",
    "PENDING_STOP",
    "STOPPING",
    "SUSPENDING",
    "SUSPENDED",
    "REPAIRING",
    "TERMINATED",
];

/// The longest name or label that the API knows.
const NAME_CHARS_MAX: usize = 63;

/// The longest project id, with a domain before it. Chosen: three names.
const PROJECT_CHARS_MAX: usize = 3 * NAME_CHARS_MAX;

/// A checked query.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// What the vendor filters by; none for everything.
    pub(super) filter: Option<String>,
    pub(super) group: Option<String>,
    zones: Option<Regex>,
    /// Empty for any.
    states: Vec<String>,
}

impl Settings {
    /// Reads and checks the keys, without a call.
    pub(super) fn from_query(query: &Query) -> Result<Self, QueryError> {
        let group = query.value("instance_group").map(str::to_owned);
        let filter = filter(query)?;
        if filter.is_none() && group.is_none() {
            let why = "is missing: one of `tag_value`, `label_key`, `filter` and `instance_group` \
                       says which instances are meant";
            return Err(query.refusal("tag_value", why));
        }
        let zones = match query.value("zone_pattern") {
            Some(pattern) => {
                Some(whole(pattern).map_err(|why| query.refusal("zone_pattern", why))?)
            }
            None => None,
        };
        let states = match query.value("status") {
            None => vec!["RUNNING".to_owned()],
            Some("any") => Vec::new(),
            Some(list) => list.split(',').map(|one| one.trim().to_owned()).collect(),
        };
        Ok(Self {
            filter,
            group,
            zones,
            states,
        })
    }

    /// Says whether a zone was asked for.
    pub(super) fn takes_zone(&self, zone: &str) -> bool {
        self.zones.as_ref().is_none_or(|zones| zones.is_match(zone))
    }

    /// Says whether a state was asked for.
    pub(super) fn takes_state(&self, state: &str) -> bool {
        self.states.is_empty() || self.states.iter().any(|known| known == state)
    }
}

/// In go-discover's words where it has them, so that both ask the vendor the same.
fn filter(query: &Query) -> Result<Option<String>, QueryError> {
    let mut parts = Vec::new();
    if let Some(tag) = query.value("tag_value") {
        parts.push(format!("tags.items:{}", quoted(tag)));
    }
    match (query.value("label_key"), query.value("label_value")) {
        (Some(key), Some(value)) => parts.push(format!("labels.{key}={}", quoted(value))),
        (Some(_), None) => {
            return Err(query.refusal("label_value", "is missing beside `label_key`"));
        }
        (None, Some(_)) => {
            return Err(query.refusal("label_key", "is missing beside `label_value`"));
        }
        (None, None) => {}
    }
    parts.extend(query.value("filter").map(str::to_owned));
    Ok(match parts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("({})", several.join(") AND ("))),
    })
}

/// A text in the filter's language.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn whole(pattern: &str) -> Result<Regex, String> {
    let parsed = Regex::new(&format!("^(?:{pattern})$"));
    parsed.map_err(|error| format!("is no regular expression: {error}"))
}

fn check_pattern(text: &str) -> Result<(), String> {
    whole(text).map(drop)
}

fn check_text(text: &str) -> Result<(), String> {
    let is_text = text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    if is_text {
        return Ok(());
    }
    Err(format!(
        "has at most {NAME_CHARS_MAX} characters, all printable"
    ))
}

fn check_label_key(text: &str) -> Result<(), String> {
    let is_letter = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || c == '-' || c == '_';
    if text.chars().count() <= NAME_CHARS_MAX && text.chars().all(is_letter) {
        return Ok(());
    }
    Err("takes lower-case letters, digits, `-` and `_`".to_owned())
}

fn check_name(text: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = text.starts_with(|c: char| c.is_ascii_lowercase());
    if is_name && text.len() <= NAME_CHARS_MAX && text.chars().all(is_letter) {
        return Ok(());
    }
    Err(
        "is a name of lower-case letters, digits and hyphens, without its zone or region"
            .to_owned(),
    )
}

fn check_project(text: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c);
    if text.len() <= PROJECT_CHARS_MAX && text.chars().all(is_letter) {
        return Ok(());
    }
    Err("is a project id such as `my-project-1`, not its title".to_owned())
}

fn check_status(text: &str) -> Result<(), String> {
    check_words(text, STATES, Some("any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(keys: &str) -> Result<Settings, QueryError> {
        let query = Query::parse(&format!("provider=gce {keys}"))?;
        Settings::from_query(&query)
    }

    #[test]
    fn the_filter_is_what_go_discover_sends_and_cannot_be_broken_out_of() {
        let rows = [
            ("tag_value=server", "tags.items:\"server\""),
            ("label_key=role label_value=a", "labels.role=\"a\""),
            (
                "tag_value=t label_key=k label_value=v",
                "(tags.items:\"t\") AND (labels.k=\"v\")",
            ),
            (
                r#"tag_value="x\" OR name:\"" "#,
                r#"tags.items:"x\" OR name:\"""#,
            ),
            (r#"tag_value="a\\""#, r#"tags.items:"a\\""#),
            (
                "tag_value=t filter=\"a=1 OR b=2\"",
                "(tags.items:\"t\") AND (a=1 OR b=2)",
            ),
            ("filter=name:web-*", "name:web-*"),
        ];
        for (keys, wanted) in rows {
            let filter = settings(keys).unwrap().filter;
            assert_eq!(filter.as_deref(), Some(wanted), "{keys}");
        }
        assert_eq!(settings("instance_group=web").unwrap().filter, None);
    }

    #[test]
    fn a_value_that_cannot_be_right_is_refused_with_its_key() {
        let rows = [
            ("", "tag_value"),
            ("zone_pattern=eu-.*", "tag_value"),
            ("label_key=role", "label_value"),
            ("label_value=role", "label_key"),
            ("tag_value=t label_value=v", "label_key"),
            ("label_key=\"a b\" label_value=v", "label_key"),
            ("label_key=Role label_value=v", "label_key"),
            ("tag_value=t zone_pattern=\"eu-(\"", "zone_pattern"),
            ("tag_value=t status=RUNING", "status"),
            ("tag_value=t status=running", "status"),
            ("instance_group=zones/a/x", "instance_group"),
            ("tag_value=t project_name=\"My Project\"", "project_name"),
            ("tag_value=t project_name=a/b", "project_name"),
        ];
        for (keys, key) in rows {
            let error = settings(keys).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{keys}: {error}");
        }
    }

    #[test]
    fn a_zone_pattern_matches_the_whole_name() {
        let all = settings("tag_value=t").unwrap();
        assert!(all.takes_zone("us-east1-b"));
        let some = settings("tag_value=t zone_pattern=\"us-east1-b|eu-.*\"").unwrap();
        let taken = ["us-east1-b", "eu-west1-a", "us-east1-bb", "my-eu-west1-a"];
        let taken: Vec<bool> = taken
            .into_iter()
            .map(|zone| some.takes_zone(zone))
            .collect();
        assert_eq!(taken, [true, true, false, false]);
    }

    #[test]
    fn running_instances_count_unless_said_otherwise() {
        let states = ["RUNNING", "STAGING", "TERMINATED"];
        let rows = [
            ("", [true, false, false]),
            ("status=RUNNING,STAGING", [true, true, false]),
            ("status=any", [true, true, true]),
        ];
        for (key, wanted) in rows {
            let settings = settings(&format!("tag_value=t {key}")).unwrap();
            assert_eq!(states.map(|state| settings.takes_state(state)), wanted);
        }
    }
}
