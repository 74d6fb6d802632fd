//! What a query of `provider=aws` asks for, checked.
//!
//! Pure. Where go-discover falls back in silence (an unknown `addr_type` or `service`, half a key
//! pair), this refuses: the answer would not be what was asked for.

use crate::{Query, QueryError};

use super::NAME;

/// The longest region name taken; the longest there is has 16 characters.
const REGION_CHARS_MAX: usize = 32;

/// The most regions of one query. Amazon has fewer than forty.
const REGIONS_MAX: usize = 64;

/// The name of a session, should the query have none.
const SESSION_DEFAULT: &str = "quorate";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Ec2,
    Ecs,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) external_id: Option<String>,
    pub(super) session: String,
}

/// A checked query; the key pair is left to [`super::account`], since it may be in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) service: Service,
    /// Without doubles; empty if the query names none.
    pub(super) regions: Vec<String>,
    pub(super) endpoint: Option<String>,
    pub(super) tag_key: String,
    pub(super) tag_value: String,
    pub(super) cluster: Option<String>,
    pub(super) family: Option<String>,
    pub(super) role: Option<Role>,
}

impl Settings {
    /// Reads and checks the keys, without a call.
    pub(super) fn from_query(query: &Query) -> Result<Self, QueryError> {
        let service = service(query)?;
        check_pair(query)?;
        let text = |key| query.value(key).map(str::to_owned);
        let endpoint = query.value("endpoint");
        let tag_key = query
            .value("tag_key")
            .ok_or_else(|| wrong("tag_key", "is empty"))?;
        Ok(Self {
            service,
            regions: regions(query.value("region"), endpoint.is_none())?,
            endpoint: endpoint.map(|url| url.trim_end_matches('/').to_owned()),
            tag_key: tag_key.to_owned(),
            tag_value: query.value("tag_value").unwrap_or_default().to_owned(),
            cluster: text("ecs_cluster"),
            family: text("ecs_family"),
            role: role(query)?,
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

fn service(query: &Query) -> Result<Service, QueryError> {
    let is_ecs = query.value("service") == Some("ecs");
    let foreign = ["ecs_cluster", "ecs_family"].into_iter();
    let mut foreign = foreign.filter(|key| query.value(key).is_some());
    match foreign.next() {
        Some(key) if !is_ecs => return Err(wrong(key, "needs `service=ecs`")),
        _ => {}
    }
    if is_ecs && query.value("addr_type") == Some("public_v4") {
        let why = "is not `public_v4` with `service=ecs`, which does not tell it";
        return Err(wrong("addr_type", why));
    }
    Ok(if is_ecs { Service::Ecs } else { Service::Ec2 })
}

/// Checks that the parts of a key pair are there together.
fn check_pair(query: &Query) -> Result<(), QueryError> {
    let has = |key| query.value(key).is_some();
    let has_secret = has("secret_access_key") || has("secret_access_key_file");
    let has_token = has("session_token") || has("session_token_file");
    match (has("access_key_id"), has_secret) {
        (true, false) => Err(wrong(
            "secret_access_key",
            "is missing beside `access_key_id`",
        )),
        (false, true) => Err(wrong(
            "access_key_id",
            "is missing beside `secret_access_key`",
        )),
        (false, false) if has_token => Err(wrong(
            "session_token",
            "needs `access_key_id` and `secret_access_key`",
        )),
        _ => Ok(()),
    }
}

fn role(query: &Query) -> Result<Option<Role>, QueryError> {
    let Some(arn) = query.value("role_arn") else {
        let mut lonely = ["external_id", "session_name"].into_iter();
        return match lonely.find(|key| query.value(key).is_some()) {
            Some(key) => Err(wrong(key, "needs `role_arn`")),
            None => Ok(None),
        };
    };
    let session = query.value("session_name").unwrap_or(SESSION_DEFAULT);
    Ok(Some(Role {
        arn: arn.to_owned(),
        external_id: query.value("external_id").map(str::to_owned),
        session: session.to_owned(),
    }))
}

fn regions(list: Option<&str>, is_amazon: bool) -> Result<Vec<String>, QueryError> {
    let mut regions: Vec<String> = Vec::new();
    for region in list.into_iter().flat_map(|list| list.split(',')) {
        let region = check_region(region.trim(), is_amazon)?;
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    if regions.len() > REGIONS_MAX {
        return Err(wrong(
            "region",
            format!("has more than {REGIONS_MAX} regions"),
        ));
    }
    Ok(regions)
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
            "takes letters, digits and hyphens, such as `eu-west-1`; commas between several",
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

#[cfg(test)]
mod tests {
    use super::super::keys::KEYS;
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
            "service=ecs",
            "service=ecs ecs_cluster=blue ecs_family=consul",
            "service=ecs ecs_cluster=arn:aws:ecs:eu-west-1:123456789012:cluster/blue",
            "service=ecs addr_type=public_v6",
            "service=\"\"",
            "region=eu-west-1",
            "region=us-gov-west-1",
            "region=us-isob-east-1",
            "region=eu-west-1,us-east-1",
            "region=\"eu-west-1, us-east-1\"",
            "role_arn=arn:aws-cn:iam::123456789012:role/path/discover",
            "role_arn=arn:aws:iam::1:role/a external_id=a:b session_name=web@host",
            "access_key_id=a secret_access_key_file=/run/secret session_token_file=/run/token",
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
            ("service=s3", "service"),
            ("ecs_cluster=a", "ecs_cluster"),
            ("ecs_family=a", "ecs_family"),
            ("service=ecs ecs_cluster=a/b", "ecs_cluster"),
            (
                "service=ecs ecs_cluster=arn:aws:ecs:x:1:cluster/",
                "ecs_cluster",
            ),
            ("service=ecs ecs_family=a.b", "ecs_family"),
            ("service=ecs addr_type=public_v4", "addr_type"),
            ("region=eu-west-1,", "region"),
            ("region=eu-west-1,eu-west-1a", "region"),
            ("role_arn=discover", "role_arn"),
            ("role_arn=arn:aws:iam::1:user/a", "role_arn"),
            ("external_id=abc", "external_id"),
            (
                "role_arn=arn:aws:iam::1:role/a external_id=a",
                "external_id",
            ),
            ("session_name=abc", "session_name"),
            (
                "role_arn=arn:aws:iam::1:role/a session_name=\"a b\"",
                "session_name",
            ),
            ("secret_access_key_file=/run/secret", "access_key_id"),
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
    fn a_region_that_is_named_twice_is_asked_once() {
        let text = "provider=aws tag_key=a tag_value=b region=eu-west-1,us-east-1,eu-west-1";
        let settings = Settings::from_query(&Query::parse(text).unwrap()).unwrap();
        assert_eq!(settings.regions, ["eu-west-1", "us-east-1"]);
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
