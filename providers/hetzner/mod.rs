//! Servers of Hetzner Cloud by their labels, and Hetzner's dedicated servers by their names.
//!
//! Cloud API v1, <https://docs.hetzner.cloud/reference/cloud>, read 2026: a bearer token of one
//! project, for which "Read" is enough; 3,600 requests an hour, beyond which the API says 429; 50
//! servers a page, the next one by its number. A server has one IPv4 in each private network, and
//! may have a public IPv4. Robot web service, <https://robot.hetzner.com/doc/webservice/en.html>,
//! read 2026: user and password of the web service, 200 requests an hour, public addresses only.

mod cloud;
mod keys;
mod robot;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, AddressKind, BoxFuture, HTTP_KEYS, Keys, Lookup, Provider, Query,
    QueryError, ResolveError, Seen,
};

const NAME: &str = "hetzner";

const ABOUT: About = About {
    finds: "running servers of a Hetzner Cloud project with labels, or dedicated servers by name",
    credentials: "`api_token`, `api_token_file`, `HCLOUD_TOKEN`; for `role=robot` `robot_user` with `robot_password` or `robot_password_file`",
    permissions: "a token with `Read`; for `role=robot` a user of the web service",
    link: "https://docs.hetzner.cloud/reference/cloud",
};

/// The provider `hetzner`.
#[derive(Debug)]
pub(crate) struct Hetzner;

impl Provider for Hetzner {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[keys::KEYS, ADDRESS_KEYS, HTTP_KEYS]
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        keys::check(query)
    }

    fn order(&self, _query: &Query) -> &'static [AddressKind] {
        &[AddressKind::PrivateV4, AddressKind::PublicV4]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            if keys::is_robot(lookup.query) {
                robot::read(lookup, seen).await
            } else {
                cloud::read(lookup, seen).await
            }
        })
    }
}
