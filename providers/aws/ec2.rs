//! Reads every page of `DescribeInstances` in one region.
//!
//! go-discover makes one call without a page size, which EC2 answers slowly or not at all in large
//! accounts (provider reference, 6.1, 6).

use std::collections::HashSet;

use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::{Client, config};

use crate::{Environment, Kind, ResolveError, Seen};

use super::guard::EndsWith;
use super::regions::Part;
use super::{failure, instances};

/// The vendor's call.
pub(super) const OPERATION: &str = "DescribeInstances";

/// The most that the API takes for `MaxResults`.
const PAGE_SIZE: i32 = 1_000;

/// Adds the instances of all pages.
pub(super) async fn read(part: Part<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let pages_max = part.door.lookup().limits.pages;
    let mut credentials = part.account.credentials().await;
    let mut client = client(&part, &credentials);
    let mut tokens = HashSet::new();
    let mut token: Option<String> = None;
    for _page in 0..pages_max {
        let page = match page(&client, &part, token.clone()).await {
            Err(error) if error.kind() == Kind::Credentials => {
                credentials = part.account.renewed(&credentials).await?.ok_or(error)?;
                client = self::client(&part, &credentials);
                page(&client, &part, token).await?
            }
            outcome => outcome?,
        };
        let next = page.next_token().unwrap_or_default().to_owned();
        instances::add(page, seen)?;
        if next.is_empty() {
            return Ok(());
        }
        if !tokens.insert(next.clone()) {
            let what = "a page names one before it as the next";
            return Err(failure::shape(OPERATION, what));
        }
        token = Some(next);
    }
    let error = failure::shape(OPERATION, "more pages than the limit");
    Err(error.with("limit", &pages_max.to_string()))
}

async fn page(
    client: &Client,
    part: &Part<'_>,
    token: Option<String>,
) -> Result<DescribeInstancesOutput, ResolveError> {
    let settings = part.settings;
    let filter = |name: String, value: &str| Filter::builder().name(name).values(value).build();
    let tag = filter(format!("tag:{}", settings.tag_key), &settings.tag_value);
    let call = client
        .describe_instances()
        .filters(tag)
        .filters(filter("instance-state-name".to_owned(), "running"))
        .max_results(PAGE_SIZE)
        .set_next_token(token);
    let sent = Box::pin(call.send()).await;
    sent.map_err(|error| failure::call(OPERATION, &error))
}

/// The SDK's client; what it would try again, the door does.
fn client(part: &Part<'_>, credentials: &Credentials) -> Client {
    let shared = part.account.shared();
    let mut builder = config::Builder::from(shared)
        .region(Region::new(part.region.to_owned()))
        .credentials_provider(credentials.clone())
        .http_client(part.door.calls(OPERATION))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(EndsWith("</DescribeInstancesResponse>"));
    let environment = part.door.lookup().io.environment();
    if let Some(endpoint) = &part.settings.endpoint {
        builder = builder.endpoint_url(endpoint);
    } else if let Environment::Fixed(_) = environment {
        let own = environment.value("AWS_ENDPOINT_URL_EC2");
        builder.set_endpoint_url(own.or_else(|| shared.endpoint_url().map(str::to_owned)));
    }
    Client::from_conf(builder.build())
}
