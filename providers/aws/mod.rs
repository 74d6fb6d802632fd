//! Amazon EC2 instances by tag, through Amazon's SDK.
//!
//! API: EC2, `DescribeInstances`, version 2016-11-15
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>). One call
//! per page of 1,000, filtered by the vendor for one tag and the state `running`. Keys, their
//! fallbacks and what comes back are go-discover's (provider reference, 3.2).
//!
//! - Credentials: the key pair of the query, else the SDK's chain (environment, web identity,
//!   profile, container, instance role).
//! - Permission: `ec2:DescribeInstances`.
//! - Rate limits: a token bucket per account and region; a lookup retries within its deadline.
//! - Address kinds: `private_v4` and `public_v4` of the instance, `public_v6` of all interfaces.
//!
//! Not there: `service=ecs`. Nothing here logs or keeps state between lookups.

mod client;
mod failure;
mod guard;
mod instances;
mod keys;
mod pages;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, AddressKind, BoxFuture, Keys, Lookup, Provider, Query, QueryError,
    ResolveError, Seen,
};

use keys::Settings;

/// The name of the provider.
const NAME: &str = "aws";

const ABOUT: About = About {
    finds: "running EC2 instances with a tag",
    credentials: "the key pair of the query; `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; web identity; the profile of `AWS_PROFILE`; the container's; the instance's role",
    permissions: "`ec2:DescribeInstances` on `*`",
    link: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html",
};

/// The provider `aws`.
#[derive(Debug)]
pub(crate) struct Aws;

impl Provider for Aws {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[keys::KEYS, ADDRESS_KEYS]
    }

    fn order(&self, _query: &Query) -> &'static [AddressKind] {
        &[AddressKind::PrivateV4]
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        Settings::from_query(query).map(|_settings| ())
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(read(lookup, seen))
    }
}

async fn read(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let settings = Settings::from_query(lookup.query).map_err(failure::query)?;
    let client = client::connect(&settings, lookup).await?;
    pages::read(&client, &settings, lookup.limits, seen).await
}
