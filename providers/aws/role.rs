//! Assumes a role: `sts:AssumeRole`.
//!
//! API: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>, read 2026. Asked in
//! the first region of the query, since the global endpoint is far away for most.

use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_sts::{Client, config};

use crate::{Environment, ResolveError};

use super::door::Door;
use super::failure;
use super::guard::EndsWith;
use super::settings::Role;

const OPERATION: &str = "AssumeRole";

/// The role's credentials; those of the asker only sign this call.
pub(super) async fn assume(
    door: &Door,
    shared: &SdkConfig,
    role: &Role,
    region: &str,
    asker: Credentials,
) -> Result<Credentials, ResolveError> {
    let mut builder = config::Builder::from(shared)
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(asker))
        .http_client(door.calls(OPERATION))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(EndsWith("</AssumeRoleResponse>"));
    let environment = door.lookup().io.environment();
    if let Environment::Fixed(_) = environment {
        builder.set_endpoint_url(
            environment
                .value("AWS_ENDPOINT_URL_STS")
                .or_else(|| shared.endpoint_url().map(str::to_owned)),
        );
    }
    let call = Client::from_conf(builder.build())
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(&role.session)
        .set_external_id(role.external_id.clone());
    let reply = Box::pin(call.send()).await;
    let reply = reply.map_err(|error| failure::call(OPERATION, &error).with("role", &role.arn))?;
    let found = reply
        .credentials()
        .filter(|found| !found.access_key_id().is_empty() && !found.secret_access_key().is_empty())
        .ok_or_else(|| failure::shape(OPERATION, "without credentials"))?;
    let token = Some(found.session_token().to_owned());
    let (id, secret) = (found.access_key_id(), found.secret_access_key());
    Ok(Credentials::new(id, secret, token, None, "role"))
}
