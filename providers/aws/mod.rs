//! Amazon EC2 instances and ECS tasks by tag, in one region or several.
//!
//! APIs: EC2, `DescribeInstances`, version 2016-11-15, through Amazon's SDK
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>): one call
//! per page of 1,000, filtered by the vendor for one tag and the state `running`. ECS by REST (see
//! the module for it). Keys, their fallbacks and what comes back are go-discover's (provider
//! reference, 3.2); several regions, a role to assume and the way to Amazon are ours.
//!
//! - Credentials: the key pair of the query, else the SDK's chain (environment, web identity,
//!   profile, container, instance role); with `role_arn` those of that role.
//! - Permissions: `ec2:DescribeInstances`; for ECS `ecs:ListClusters` (not with `ecs_cluster`),
//!   `ecs:ListTasks` and `ecs:DescribeTasks`; for a role `sts:AssumeRole` on it.
//! - Rate limits: a token bucket per account and region; a lookup retries within its deadline.
//! - Address kinds: `private_v4` and `public_v4` of the instance, `public_v6` of all interfaces; of
//!   a task `private_v4` and `public_v6` of its interface.
//!
//! Nothing here logs or keeps state between lookups.

mod account;
mod chain;
mod door;
mod ec2;
mod ecs;
mod failure;
mod guard;
mod instances;
mod keys;
mod regions;
mod role;
mod settings;
mod task;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, AddressKind, BoxFuture, Keys, Lookup, Provider, Query, QueryError,
    ResolveError, Seen,
};

use account::Account;
use settings::Settings;

/// The name of the provider.
const NAME: &str = "aws";

const ABOUT: About = About {
    finds: "running EC2 instances, or tasks of ECS, with a tag, in one region or several",
    credentials: "the key pair of the query; `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; web identity; the profile of `AWS_PROFILE`; the container's; the instance's role; with any of them the role of `role_arn`",
    permissions: "`ec2:DescribeInstances` on `*`; with `service=ecs` instead `ecs:ListClusters` (not with `ecs_cluster`), `ecs:ListTasks` and `ecs:DescribeTasks`; with `role_arn` these for the role, and `sts:AssumeRole` on it for who asks",
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
    let settings =
        Settings::from_query(lookup.query).map_err(|error| ResolveError::query(NAME, error))?;
    let account = Account::open(&settings, lookup).await?;
    regions::read(&account, &settings, seen).await
}
