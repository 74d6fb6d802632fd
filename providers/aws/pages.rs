//! Reads every page of `DescribeInstances`.
//!
//! go-discover makes one call without a page size, which EC2 answers slowly or not at all in large
//! accounts (provider reference, 6.1, 6).

use std::collections::HashSet;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::describe_instances::builders::DescribeInstancesFluentBuilder;
use aws_sdk_ec2::types::Filter;

use crate::{Limits, ResolveError, Seen};

use super::keys::Settings;
use super::{failure, instances};

/// The most that the API takes for `MaxResults`.
const PAGE_SIZE: i32 = 1_000;

/// Adds the instances of all pages.
pub(super) async fn read(
    client: &Client,
    settings: &Settings,
    limits: &Limits,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let mut tokens = HashSet::new();
    let mut token: Option<String> = None;
    for _page in 0..limits.pages {
        let call = request(client, settings).set_next_token(token);
        let reply = Box::pin(call.send())
            .await
            .map_err(|error| failure::call(&error))?;
        let next = reply.next_token().unwrap_or_default().to_owned();
        instances::add(reply, seen)?;
        if next.is_empty() {
            return Ok(());
        }
        if !tokens.insert(next.clone()) {
            return Err(failure::shape("a page names one before it as the next"));
        }
        token = Some(next);
    }
    Err(failure::shape("more pages than the limit").with("limit", &limits.pages.to_string()))
}

fn request(client: &Client, settings: &Settings) -> DescribeInstancesFluentBuilder {
    let filter = |name: String, value: &str| Filter::builder().name(name).values(value).build();
    client
        .describe_instances()
        .filters(filter(
            format!("tag:{}", settings.tag_key),
            &settings.tag_value,
        ))
        .filters(filter("instance-state-name".to_owned(), "running"))
        .max_results(PAGE_SIZE)
}
