//! The keys of `provider=hetzner`, and what they ask of a server.
//!
//! Pure.

use crate::keys::check_words;
use crate::{Key, Query, QueryError};

use super::NAME;

/// Every key of its own, sorted.
pub(super) const KEYS: &[Key] = &[
    Key::secret("api_token", "token of the project; default: `HCLOUD_TOKEN`")
        .variable("HCLOUD_TOKEN"),
    Key::optional(
        "api_token_file",
        "file with the token; read anew for each lookup",
    ),
    Key::optional(
        "label_selector",
        "labels of the servers, such as `role=server,env!=test`; default: every server of the project",
    ),
    Key::optional("location", "location, such as `fsn1`; default: any"),
    Key::optional(
        "name",
        "name of the servers; a `*` at its end stands for any rest",
    ),
    Key::secret(
        "robot_password",
        "password of the web service; for `role=robot`",
    ),
    Key::optional("robot_password_file", "file with the password"),
    Key::optional("robot_user", "user of the web service; for `role=robot`"),
    Key::optional(
        "role",
        "`hcloud` (default): servers of the cloud; `robot`: dedicated servers",
    )
    .choices(&["hcloud", "robot"]),
    Key::optional(
        "status",
        "states of cloud servers that count, separated by commas; default: `running`",
    )
    .checked(check_status),
];

/// The states that a cloud server can be in (API reference, Servers, read 2026).
const STATES: &[&str] = &[
    "deleting",
    "initializing",
    "migrating",
    "off",
    "rebuilding",
    "running",
    "starting",
    "stopping",
    "unknown",
];

/// Says whether the dedicated servers are asked for.
pub(super) fn is_robot(query: &Query) -> bool {
    query.value("role") == Some("robot")
}

/// Refuses keys of one role with the other, which would be read by nobody.
pub(super) fn check(query: &Query) -> Result<(), QueryError> {
    let of_cloud = [
        "api_token",
        "api_token_file",
        "label_selector",
        "network",
        "status",
    ];
    let of_robot = ["robot_password", "robot_password_file", "robot_user"];
    let (others, role) = if is_robot(query) {
        (&of_cloud[..], "is for `role=hcloud`")
    } else {
        (&of_robot[..], "is for `role=robot`")
    };
    if let Some(key) = others.iter().find(|key| query.value(key).is_some()) {
        return Err(query.refusal(key, role));
    }
    // Without labels, a name is all that keeps an account's other machines out.
    if is_robot(query) && query.value("name").is_none() {
        return Err(QueryError::MissingKey {
            provider: NAME,
            key: "name",
        });
    }
    Ok(())
}

/// What is asked of a server, beyond what the API filters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    location: Option<&'a str>,
    name: Option<&'a str>,
    status: &'a str,
}

impl<'a> Wanted<'a> {
    pub(super) fn from_query(query: &'a Query) -> Self {
        Self {
            location: query.value("location"),
            name: query.value("name"),
            status: query.value("status").unwrap_or("running"),
        }
    }

    /// Says why a server of this name and place is left out, if it is.
    pub(super) fn refuses(self, name: &str, location: Option<&str>) -> Option<String> {
        if let Some(wanted) = self.location.filter(|wanted| location != Some(wanted)) {
            return Some(format!("is not in {wanted}"));
        }
        let is_named = self
            .name
            .is_none_or(|pattern| match pattern.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => name == pattern,
            });
        (!is_named).then(|| "has another name".to_owned())
    }

    /// Says why a cloud server in this state is left out, if it is.
    pub(super) fn refuses_state(self, status: &str) -> Option<String> {
        let is_wanted = self.status.split(',').any(|wanted| wanted.trim() == status);
        (!is_wanted).then(|| format!("is {status}"))
    }
}

fn check_status(list: &str) -> Result<(), String> {
    check_words(list, STATES, None)
}
