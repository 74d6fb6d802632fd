//! The keys of `provider=digitalocean`, and the settings they make.
//!
//! Pure. `tag_name` must be there: without it go-discover lists every droplet of an account.

use crate::keys::check_words;
use crate::{Key, Query};

/// Every key of its own, sorted.
pub(super) const KEYS: &[Key] = &[
    Key::secret(
        "api_token",
        "token; default: `DIGITALOCEAN_TOKEN`, `DIGITALOCEAN_ACCESS_TOKEN`",
    )
    .variable("DIGITALOCEAN_TOKEN"),
    Key::optional(
        "api_token_file",
        "file with the token; read anew for each lookup",
    ),
    Key::optional("region", "slug of the region, such as `nyc3`; default: any"),
    Key::optional(
        "status",
        "states that count, separated by commas: `active` (default), `new`, `off`, `archive`",
    )
    .checked(check_status),
    Key::required(
        "tag_name",
        "tag of the droplets; empty takes every droplet of the account",
    ),
];

/// The states that a droplet can be in (API reference, Droplets, read 2026).
const STATES: &[&str] = &["active", "archive", "new", "off"];

/// What is asked of the droplets, beyond the tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    region: Option<&'a str>,
    status: &'a str,
}

impl<'a> Wanted<'a> {
    pub(super) fn from_query(query: &'a Query) -> Self {
        Self {
            region: query.value("region"),
            status: query.value("status").unwrap_or("active"),
        }
    }

    /// Says why a droplet is left out, if it is.
    pub(super) fn refuses(self, region: Option<&str>, status: &str) -> Option<String> {
        match (self.region, region) {
            (Some(wanted), Some(found)) if wanted != found => {
                return Some(format!("is in the region {found}"));
            }
            (Some(_wanted), None) => return Some("is in no region".to_owned()),
            _ => {}
        }
        let is_wanted = self.status.split(',').any(|wanted| wanted.trim() == status);
        (!is_wanted).then(|| format!("is {status}"))
    }
}

fn check_status(list: &str) -> Result<(), String> {
    check_words(list, STATES, None)
}
