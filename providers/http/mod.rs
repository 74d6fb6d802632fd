//! A list over HTTP: Prometheus' `http_sd` form, or plain JSON.
//!
//! Form: <https://prometheus.io/docs/prometheus/latest/http_sd/>, read 2026: an array of
//! `{"targets": ["host:port"], "labels": {"name": "value"}}`. Plain is an array of strings, or of
//! objects with `address` and, if known, `port`, `id`, `name`, `zone` and `tags`. An empty array is
//! an empty answer; anything else that is no list of these is an error. Secrets go in headers:
//! of the URL all is shown but the values of its query.

#[cfg(test)]
mod tests;

use reqwest::Url;

use crate::list::{self, Entry};
use crate::options::check_url;
use crate::{
    ADDRESS_KEYS, About, BoxFuture, HTTP_KEYS, Key, Keys, Kind, LOGIN_KEYS, Lookup, Provider,
    ResolveError, Rest, Seen,
};

const NAME: &str = "http";

const ABOUT: About = About {
    finds: "the targets of a JSON list, in Prometheus' http_sd form or plain",
    credentials: "`bearer_token` or `basic_user` with `basic_password`, where the server asks for them",
    permissions: "",
    link: "https://prometheus.io/docs/prometheus/latest/http_sd/",
};

const KEYS: &[Key] =
    &[Key::filled("url", "address of the list, without secrets").checked(check_list_url)];

/// The only call.
const OPERATION: &str = "get the list";

/// The provider `http`.
#[derive(Debug)]
pub(crate) struct HttpList;

impl Provider for HttpList {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[KEYS, ADDRESS_KEYS, HTTP_KEYS, LOGIN_KEYS]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let text = lookup.query.value("url").unwrap_or_default();
            let url = Url::parse(text).map_err(|error| {
                let wrong = ResolveError::new(Kind::Query, NAME, "check the query");
                wrong.with("url", &error.to_string())
            })?;
            let base = url.origin().ascii_serialization();
            let rest = Rest::open(lookup, &base).await?.with_login().await?;
            let mut call = rest.get(OPERATION, url.path());
            for (name, value) in url.query_pairs() {
                call = call.query(&name, &value);
            }
            let list: Vec<Entry> = call.header("accept", "application/json").json().await?;
            let found = list::instances(list, OPERATION).map_err(|why| {
                let error = rest.error(Kind::Answer, OPERATION);
                error.with("reply", &format!("the list {why}"))
            })?;
            seen.instances.extend(found);
            Ok(())
        })
    }
}

fn check_list_url(text: &str) -> Result<(), String> {
    let base = text.split_once('?').map_or(text, |(base, _search)| base);
    check_url(base)
}
