//! The keys that providers over HTTP share.
//!
//! The tables and their checks are pure; [`route`] and [`endpoint`] read what they name.

use std::path::Path;

use reqwest::Url;

use crate::io::{Identity, Route};
use crate::keys::Key;
use crate::provider::Lookup;
use crate::{Kind, ResolveError};

/// What is asked without the proxy.
pub(crate) const NO_PROXY: Key = Key::optional(
    "no_proxy",
    "hosts, domains and ranges without proxy, separated by commas; default: `NO_PROXY`",
);

/// The way past a firewall.
pub(crate) const PROXY: Key = Key::secret(
    "proxy",
    "URL of a proxy, with user and password if need be; default: `HTTPS_PROXY`, `HTTP_PROXY`",
)
.checked(check_proxy);

/// The way to the server, for the table of every provider over HTTP.
pub const HTTP_KEYS: &[Key] = &[
    Key::optional(
        "ca_file",
        "PEM file with the roots to trust; default: `SSL_CERT_FILE`, the system's",
    ),
    Key::optional(
        "client_cert_file",
        "PEM file with a certificate to show; with `client_key_file`",
    ),
    Key::optional("client_key_file", "PEM file with its key"),
    Key::optional(
        "endpoint",
        "scheme and host of the API, with an optional port and path before the vendor's",
    )
    .checked(check_url),
    NO_PROXY,
    PROXY,
];

/// Who asks, for providers whose vendor has no keys of its own for that.
pub const LOGIN_KEYS: &[Key] = &[
    Key::secret("basic_password", "password; with `basic_user`"),
    Key::optional("basic_password_file", "file with the password"),
    Key::optional("basic_user", "user; with `basic_password`"),
    Key::secret("bearer_token", "token"),
    Key::optional(
        "bearer_token_file",
        "file with the token; read anew for each lookup",
    ),
];

/// The longest PEM file. Chosen: the roots of a whole system have 220 KiB.
const PEM_BYTES_MAX: usize = 4 << 20;

/// Checks a URL that is a base: scheme, host, port and path, and no more.
pub(crate) fn check_url(text: &str) -> Result<(), String> {
    let plain = |url: &Url| {
        let is_web = matches!(url.scheme(), "https" | "http");
        let has_user = !url.username().is_empty() || url.password().is_some();
        is_web && url.has_host() && !has_user && url.query().is_none() && url.fragment().is_none()
    };
    match Url::parse(text) {
        Ok(url) if plain(&url) => Ok(()),
        _ => Err(
            "is https:// or http:// with a host, an optional port and path, and no more".to_owned(),
        ),
    }
}

fn check_proxy(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => Ok(()),
        _ => Err("is https:// or http:// with a host".to_owned()),
    }
}

/// The base of the API: `endpoint`, else the vendor's.
pub(crate) fn endpoint(lookup: Lookup<'_>, vendors: &str) -> Result<Url, ResolveError> {
    let text = lookup.value("endpoint");
    let text = text.as_deref().unwrap_or(vendors);
    parse_base(lookup, text)
}

/// A base URL that ends in a slash.
pub(crate) fn parse_base(lookup: Lookup<'_>, text: &str) -> Result<Url, ResolveError> {
    let wrong = |why: &str| {
        ResolveError::new(Kind::Query, lookup.query.provider(), "find the endpoint")
            .with("cause", why)
    };
    check_url(text).map_err(|why| wrong(&format!("the endpoint {why}")))?;
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Reads the way to the server from the query, else from the environment.
pub(crate) async fn route(lookup: Lookup<'_>) -> Result<Route, ResolveError> {
    // The tables of some providers name the vendor's variables for these.
    let given = |key| lookup.value(key);
    // Both spellings are in use; curl and Go take either.
    let variable = |upper: &str| {
        let environment = lookup.io.environment();
        environment
            .value(upper)
            .or_else(|| environment.value(&upper.to_lowercase()))
    };
    let all = || variable("ALL_PROXY");
    Ok(Route {
        https_proxy: given("proxy")
            .or_else(|| variable("HTTPS_PROXY"))
            .or_else(all),
        http_proxy: given("proxy")
            .or_else(|| variable("HTTP_PROXY"))
            .or_else(all),
        no_proxy: given("no_proxy")
            .or_else(|| variable("NO_PROXY"))
            .unwrap_or_default(),
        roots_pem: match given("ca_file").or_else(|| lookup.io.environment().value("SSL_CERT_FILE"))
        {
            Some(path) => Some(pem(lookup, &path).await?),
            None => None,
        },
        identity: identity(lookup).await?,
    })
}

async fn identity(lookup: Lookup<'_>) -> Result<Option<Identity>, ResolveError> {
    let files = ["client_cert_file", "client_key_file"].map(|key| lookup.value(key));
    match files.each_ref().map(Option::as_deref) {
        [None, None] => Ok(None),
        [Some(chain), Some(key)] => Ok(Some(Identity {
            chain_pem: pem(lookup, chain).await?,
            key_pem: pem(lookup, key).await?,
        })),
        [_, _] => Err(ResolveError::new(
            Kind::Query,
            lookup.query.provider(),
            "read the client certificate",
        )
        .with(
            "cause",
            "`client_cert_file` and `client_key_file` go together",
        )),
    }
}

async fn pem(lookup: Lookup<'_>, path: &str) -> Result<Vec<u8>, ResolveError> {
    let file = lookup.io.files().read(Path::new(path), PEM_BYTES_MAX).await;
    let file = file.map_err(|error| {
        let failed = ResolveError::new(
            Kind::Credentials,
            lookup.query.provider(),
            "read a certificate file",
        );
        failed.with("file", path).with_source(error)
    })?;
    Ok(file.bytes)
}
