//! `DigitalOcean` droplets with a tag.
//!
//! API v2, <https://docs.digitalocean.com/reference/api/reference/droplets/>, read 2026. A token
//! with `droplet:read` (and `tag:read` where a tag is given) in the header; 5,000 requests an hour
//! and 250 a minute, beyond which the API says 429 with `Retry-After`. 200 droplets a page, the
//! next one by its link. A droplet has a private IPv4 in its VPC, and public IPv4 and IPv6. The API
//! filters by tag; region and status are compared here.

mod keys;
mod response;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, AddressKind, BoxFuture, HTTP_KEYS, Keys, Kind, Lookup, Pages, Provider,
    Query, ResolveError, Rest, Secret, Seen,
};

const NAME: &str = "digitalocean";

const ABOUT: About = About {
    finds: "active droplets with a tag",
    credentials: "`api_token`, `api_token_file`, `DIGITALOCEAN_TOKEN`, `DIGITALOCEAN_ACCESS_TOKEN`",
    permissions: "a token with the scopes `droplet:read` and `tag:read`",
    link: "https://docs.digitalocean.com/reference/api/reference/droplets/",
};

const ENDPOINT: &str = "https://api.digitalocean.com";

const OPERATION: &str = "list droplets";

/// Droplets on a page: the most that the API gives.
const PAGE: &str = "200";

/// The provider `digitalocean`.
#[derive(Debug)]
pub(crate) struct DigitalOcean;

impl Provider for DigitalOcean {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[keys::KEYS, ADDRESS_KEYS, HTTP_KEYS]
    }

    fn order(&self, _query: &Query) -> &'static [AddressKind] {
        &[AddressKind::PrivateV4]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let token = token(lookup).await?;
            let rest = Rest::open(lookup, ENDPOINT).await?.with_bearer(&token);
            let wanted = keys::Wanted::from_query(lookup.query);
            let mut pages = Pages::new(&rest, OPERATION);
            let mut call = rest.get(OPERATION, "v2/droplets").query("per_page", PAGE);
            if let Some(tag) = lookup.query.value("tag_name") {
                call = call.query("tag_name", tag);
            }
            loop {
                let page: response::Page = call.json().await?;
                let next = page.next().map(str::to_owned);
                let droplets = page.droplets.into_iter();
                seen.instances
                    .extend(droplets.map(|droplet| droplet.instance(wanted)));
                let Some(next) = next else { return Ok(()) };
                call = pages.follow(&next)?;
            }
        })
    }
}

async fn token(lookup: Lookup<'_>) -> Result<Secret, ResolveError> {
    /// What the vendor's own command calls it.
    const ALSO: &str = "DIGITALOCEAN_ACCESS_TOKEN";
    if let Some(token) = lookup.secret("api_token").await? {
        return Ok(token);
    }
    let also = lookup.io.environment().value(ALSO).map(Secret::new);
    also.ok_or_else(|| {
        ResolveError::new(Kind::Credentials, NAME, "find the token").with(
            "cause",
            "no `api_token`, `api_token_file` or DIGITALOCEAN_TOKEN",
        )
    })
}
