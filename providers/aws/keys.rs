//! The keys of `provider=aws`, and the settings they make.
//!
//! Pure. Where go-discover falls back in silence (an unknown `addr_type` or `service`, half a key
//! pair), this refuses: the answer would not be what was asked for.

use std::fmt;

use crate::{Key, Query, QueryError};

use super::NAME;

/// Every key, sorted (provider reference, 3.2).
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "access_key_id",
        "access key; with `secret_access_key`. Default: the SDK's chain",
    ),
    Key::optional(
        "addr_type",
        "`private_v4` (default), `public_v4` or `public_v6`",
    )
    .choices(&["private_v4", "public_v4", "public_v6"]),
    Key::optional("ecs_cluster", "for `service=ecs`, which is not there yet"),
    Key::optional("ecs_family", "for `service=ecs`, which is not there yet"),
    Key::optional(
        "endpoint",
        "URL of the EC2 API. Default: the region's, or `AWS_ENDPOINT_URL`",
    ),
    Key::optional(
        "region",
        "region. Default: `AWS_REGION`, the profile, the instance's own",
    ),
    Key::secret("secret_access_key", "secret key; with `access_key_id`"),
    Key::optional("service", "`ec2` (default)"),
    Key::secret("session_token", "session token; with a key pair"),
    Key::required("tag_key", "key of the tag to match"),
    Key::required(
        "tag_value",
        "value of the tag to match; `*` and `?` match as EC2 has it",
    ),
];

/// The longest region name taken; the longest there is has 16 characters.
const REGION_CHARS_MAX: usize = 32;

/// A key pair from the query.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyPair {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A checked query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) tag_key: String,
    pub(super) tag_value: String,
    pub(super) key_pair: Option<KeyPair>,
}

impl Settings {
    /// Reads and checks the keys, without a call.
    pub(super) fn from_query(query: &Query) -> Result<Self, QueryError> {
        check_service(query)?;
        let endpoint = query.value("endpoint").map(check_endpoint).transpose()?;
        let is_amazon = endpoint.is_none();
        let region = query
            .value("region")
            .map(|region| check_region(region, is_amazon))
            .transpose()?;
        let tag_key = query
            .value("tag_key")
            .ok_or_else(|| wrong("tag_key", "is empty"))?;
        Ok(Self {
            region,
            endpoint,
            tag_key: tag_key.to_owned(),
            tag_value: query.value("tag_value").unwrap_or_default().to_owned(),
            key_pair: key_pair(query)?,
        })
    }
}

fn wrong(key: &'static str, why: impl Into<String>) -> QueryError {
    QueryError::Value {
        provider: NAME,
        key,
        why: why.into(),
    }
}

fn check_service(query: &Query) -> Result<(), QueryError> {
    match query.value("service") {
        None | Some("ec2") => {}
        Some("ecs") => return Err(wrong("service", "`ecs` is not there yet; only `ec2` is")),
        Some(other) => return Err(wrong("service", format!("is `ec2`, not `{other}`"))),
    }
    for key in ["ecs_cluster", "ecs_family"] {
        if query.value(key).is_some() {
            return Err(wrong(
                key,
                "belongs to `service=ecs`, which is not there yet",
            ));
        }
    }
    Ok(())
}

fn key_pair(query: &Query) -> Result<Option<KeyPair>, QueryError> {
    let token = query.value("session_token").map(str::to_owned);
    match (
        query.value("access_key_id"),
        query.value("secret_access_key"),
    ) {
        (Some(id), Some(secret)) => Ok(Some(KeyPair {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token,
        })),
        (Some(_), None) => Err(wrong(
            "secret_access_key",
            "is missing beside `access_key_id`",
        )),
        (None, Some(_)) => Err(wrong(
            "access_key_id",
            "is missing beside `secret_access_key`",
        )),
        (None, None) if token.is_some() => Err(wrong(
            "session_token",
            "needs `access_key_id` and `secret_access_key`",
        )),
        (None, None) => Ok(None),
    }
}

/// A region becomes part of a host name. Amazon's end in a number; other clouds name theirs freely.
fn check_region(region: &str, is_amazon: bool) -> Result<String, QueryError> {
    let is_label = region.len() <= REGION_CHARS_MAX
        && region.starts_with(|c: char| c.is_ascii_alphabetic())
        && region
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_label {
        return Err(wrong(
            "region",
            "takes letters, digits and hyphens, such as `eu-west-1`",
        ));
    }
    let number = region.rsplit('-').next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if is_number || !is_amazon {
        return Ok(region.to_owned());
    }
    let without_letter = region.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if without_letter.ends_with(|c: char| c.is_ascii_digit()) {
        let why = format!("`{region}` is an availability zone; its region is `{without_letter}`");
        return Err(wrong("region", why));
    }
    Err(wrong(
        "region",
        format!("`{region}` does not end in a number as in `eu-west-1`"),
    ))
}

/// An endpoint is a base URL; the SDK puts the call in the body.
fn check_endpoint(endpoint: &str) -> Result<String, QueryError> {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| endpoint.strip_prefix(scheme))
        .ok_or_else(|| wrong("endpoint", "begins with https:// or http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_good = |c: char| c.is_ascii_graphic() && !"@?#\"\\<>^`{|}".contains(c);
    if host.is_empty() || !rest.chars().all(is_good) {
        return Err(wrong(
            "endpoint",
            "is a host with an optional port and path, and no more",
        ));
    }
    Ok(endpoint.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser says of a query for a tag with more keys: its error, or nothing.
    fn complaint(more: &str) -> Option<String> {
        let text = format!("provider=aws tag_key=role tag_value=server {more}");
        Query::parse(&text).err().map(|error| error.to_string())
    }

    #[test]
    fn every_value_that_can_be_right_is_taken() {
        for more in [
            "",
            "service=ec2",
            "service=\"\"",
            "region=eu-west-1",
            "region=us-gov-west-1",
            "region=us-isob-east-1",
            "addr_type=public_v6",
            "access_key_id=a secret_access_key=b",
            "access_key_id=a secret_access_key=b session_token=c",
            "endpoint=http://127.0.0.1:4566",
            "endpoint=https://compute.example.com:8773/services/compute/",
            "endpoint=http://[::1]:4566",
            "endpoint=http://h region=RegionOne",
        ] {
            assert_eq!(complaint(more), None, "{more}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_right_is_refused_with_its_key() {
        let rows = [
            ("service=ecs", "service"),
            ("service=s3", "service"),
            ("ecs_cluster=a", "ecs_cluster"),
            ("ecs_family=a", "ecs_family"),
            ("region=eu-west-1a", "region"),
            ("region=europe", "region"),
            ("region=eu-west-", "region"),
            ("region=evil.example/-1", "region"),
            ("region=-1", "region"),
            ("addr_type=private_v6", "addr_type"),
            ("access_key_id=a", "secret_access_key"),
            ("secret_access_key=hush", "access_key_id"),
            ("session_token=hush", "session_token"),
            ("endpoint=ftp://h", "endpoint"),
            ("endpoint=h:1", "endpoint"),
            ("endpoint=http://", "endpoint"),
            ("endpoint=http://user@h", "endpoint"),
            ("endpoint=\"http://h/?q=1\"", "endpoint"),
            ("tag_nmae=a", "tag_nmae"),
        ];
        for (more, key) in rows {
            let found = complaint(more).unwrap_or_default();
            assert!(found.contains(&format!("`{key}`")), "{more}: {found}");
            assert!(!found.contains("hush"), "{found}");
        }
    }

    #[test]
    fn a_tag_is_needed() {
        for text in [
            "provider=aws",
            "provider=aws tag_value=server",
            "provider=aws tag_key=role",
            "provider=aws tag_key=\"\" tag_value=server",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
        assert!(Query::parse("provider=aws tag_key=role tag_value=\"\"").is_ok());
    }

    #[test]
    fn a_zone_is_told_its_region() {
        let found = complaint("region=eu-west-1a").unwrap_or_default();
        assert!(found.contains("its region is `eu-west-1`"), "{found}");
    }

    #[test]
    fn the_table_is_sorted_and_says_which_values_are_secret() {
        assert!(KEYS.is_sorted_by_key(|key| key.name));
        let text = "provider=aws access_key_id=AKID secret_access_key=hush session_token=hush";
        let shown = crate::redact(text);
        assert_eq!(
            shown,
            "provider=aws access_key_id=AKID secret_access_key=**** session_token=****"
        );
    }
}
