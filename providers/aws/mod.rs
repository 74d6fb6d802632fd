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
mod contacts;
mod failure;
mod guard;
mod keys;
mod pages;
#[cfg(test)]
mod tests;

use crate::io::BoxFuture;
use crate::{Answer, Key, Lookup, Provider, Query, QueryError, ResolveError};

use keys::Settings;

/// The name of the provider.
const NAME: &str = "aws";

/// The provider `aws`.
#[derive(Debug)]
pub(crate) struct Aws;

impl Provider for Aws {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [Key] {
        keys::KEYS
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        Settings::from_query(query).map(|_settings| ())
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        answer: &'a mut Answer,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(read(lookup, answer))
    }
}

async fn read(lookup: Lookup<'_>, answer: &mut Answer) -> Result<(), ResolveError> {
    let settings = Settings::from_query(lookup.query).map_err(failure::query)?;
    let client = client::connect(&settings, lookup).await?;
    pages::read(&client, &settings, lookup.limits, answer).await
}
