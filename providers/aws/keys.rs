//! The keys of `provider=aws`, and which of their values can be right.
//!
//! Pure. What several keys mean together is in [`super::settings`].

use crate::Key;
use crate::options::{NO_PROXY, PROXY, check_url};

/// Every key, sorted (provider reference, 3.2). The way to Amazon is that of other providers, with
/// the vendor's variable for its roots.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "access_key_id",
        "access key; with `secret_access_key`. Default: the SDK's chain",
    ),
    Key::optional(
        "addr_type",
        "`private_v4` (default), `public_v4` (not with `service=ecs`) or `public_v6`",
    )
    .choices(&["private_v4", "public_v4", "public_v6"]),
    Key::optional(
        "ca_file",
        "PEM file with the roots to trust; default: `AWS_CA_BUNDLE`, `SSL_CERT_FILE`, the system's",
    )
    .variable("AWS_CA_BUNDLE"),
    Key::optional(
        "client_cert_file",
        "PEM file with a certificate to show; with `client_key_file`",
    ),
    Key::optional("client_key_file", "PEM file with its key"),
    Key::optional(
        "ecs_cluster",
        "for `service=ecs`: name or ARN of the only cluster to look in; default: every cluster",
    )
    .checked(check_cluster),
    Key::optional(
        "ecs_family",
        "for `service=ecs`: only tasks of this family of task definitions",
    )
    .checked(check_family),
    Key::optional(
        "endpoint",
        "URL of the API of EC2 or ECS, for every region. Default: the region's, or `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL_ECS`, `AWS_ENDPOINT_URL`",
    )
    .checked(check_url),
    Key::optional(
        "external_id",
        "the id that the role's owner asks for; with `role_arn`",
    )
    .checked(check_external_id),
    NO_PROXY,
    PROXY,
    Key::optional(
        "region",
        "region, or several separated by commas. Default: `AWS_REGION`, that of the ECS task, of the profile, of the instance",
    ),
    Key::optional(
        "role_arn",
        "role to assume before asking, such as `arn:aws:iam::123456789012:role/discover`",
    )
    .checked(check_role),
    Key::secret("secret_access_key", "secret key; with `access_key_id`"),
    Key::optional("secret_access_key_file", "file that holds `secret_access_key`"),
    Key::optional("service", "`ec2` (default) or `ecs`").choices(&["ec2", "ecs"]),
    Key::optional(
        "session_name",
        "what the role's owner sees as the name of the session; with `role_arn`. Default: `quorate`",
    )
    .checked(check_session),
    Key::secret("session_token", "session token; with a key pair"),
    Key::optional("session_token_file", "file with the session token"),
    Key::required("tag_key", "key of the tag to match"),
    Key::required(
        "tag_value",
        "value of the tag to match; with `service=ec2`, `*` and `?` match as EC2 has it",
    ),
];

/// Says whether a text has so many characters, each a letter, a digit or one of these.
fn is_of(text: &str, most: usize, others: &str) -> bool {
    text.len() <= most
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// A name, or an ARN that ends in one (IAM's and ECS' rules for them).
fn check_cluster(text: &str) -> Result<(), String> {
    let name = text.rsplit('/').next().unwrap_or_default();
    let is_arn = text == name || (text.starts_with("arn:") && text.contains(":cluster/"));
    if is_arn && !name.is_empty() && is_of(name, 255, "-_") && is_of(text, 512, ":/-_") {
        return Ok(());
    }
    Err("is the name of a cluster or its ARN".to_owned())
}

fn check_family(text: &str) -> Result<(), String> {
    if is_of(text, 255, "-_") {
        return Ok(());
    }
    Err("takes letters, digits, hyphens and underscores".to_owned())
}

fn check_role(text: &str) -> Result<(), String> {
    let is_role = text.starts_with("arn:") && text.contains(":role/");
    if is_role && !text.ends_with('/') && is_of(text, 2_048, ":/+=,.@_-") {
        return Ok(());
    }
    Err("is an ARN such as `arn:aws:iam::123456789012:role/discover`".to_owned())
}

fn check_external_id(text: &str) -> Result<(), String> {
    if text.len() >= 2 && is_of(text, 1_224, "+=,.@:/_-") {
        return Ok(());
    }
    Err("has 2 to 1,224 characters: letters, digits and `+=,.@:/_-`".to_owned())
}

fn check_session(text: &str) -> Result<(), String> {
    if text.len() >= 2 && is_of(text, 64, "+=,.@_-") {
        return Ok(());
    }
    Err("has 2 to 64 characters: letters, digits and `+=,.@_-`".to_owned())
}
