//! Makes an EC2 client: region, credentials, endpoint, retries and guards.
//!
//! What the query leaves open comes from the SDK's own chain, unless the environment is fixed: then
//! from its variables alone. Credentials are loaded before the first call, so that a lack of them
//! is told apart from a call that fails.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_ec2::{Client, config};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider as Tls, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};

use crate::{Environment, Kind, Limits, Lookup, ResolveError};

use super::NAME;
use super::failure;
use super::guard::{BoundedClient, RetryRules, WholeDocument};
use super::keys::{KeyPair, Settings};

/// Attempts of one call. Two throttled answers, a 5xx and a reset need five; one is to spare.
const ATTEMPTS: u32 = 6;

/// The first pause lies between zero and this, and doubles. Chosen: EC2 refills a bucket in less
/// than a second.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// No pause is longer, whatever a reply asks for: the deadline of a lookup is short.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// An attempt gets this part of the deadline, so that one which hangs can be made again.
const ATTEMPTS_IN_DEADLINE: u32 = 3;

/// The behaviour of the SDK that this was written against.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Makes the client of one lookup.
pub(super) async fn connect(
    settings: &Settings,
    lookup: Lookup<'_>,
) -> Result<Client, ResolveError> {
    let environment = lookup.io.environment();
    let http = http_client(environment, lookup.limits);
    let shared = match environment {
        Environment::Process => from_process(settings, http).await,
        Environment::Fixed(_) => from_variables(settings, environment, http),
    };
    if shared.region().is_none() {
        return Err(
            ResolveError::new(Kind::Unavailable, NAME, "find the region").with(
                "cause",
                "neither `region`, AWS_REGION, a profile nor the metadata service has one",
            ),
        );
    }
    let credentials = match shared.credentials_provider() {
        Some(provider) => provider.provide_credentials().await,
        None => return Err(no_credentials()),
    };
    let credentials = credentials.map_err(|error| failure::credentials(&error))?;
    Ok(Client::from_conf(client_config(
        &shared,
        settings,
        credentials,
        lookup.limits,
    )))
}

fn no_credentials() -> ResolveError {
    ResolveError::new(Kind::Credentials, NAME, "load credentials").with(
        "cause",
        "neither the query nor the environment has a key pair",
    )
}

/// Region and credentials by the SDK's chain, which is not asked for what the query gives.
async fn from_process(settings: &Settings, http: BoundedClient) -> SdkConfig {
    let mut loader = aws_config::defaults(behavior()).http_client(http);
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(pair) = &settings.key_pair {
        loader = loader.credentials_provider(credentials_of(pair));
    }
    loader.load().await
}

/// Region, credentials and endpoint from variables alone, under the SDK's names for them
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>).
fn from_variables(settings: &Settings, variables: &Environment, http: BoundedClient) -> SdkConfig {
    let value = |name| variables.value(name);
    let region = settings
        .region
        .clone()
        .or_else(|| value("AWS_REGION"))
        .or_else(|| value("AWS_DEFAULT_REGION"));
    let pair = settings.key_pair.clone().or_else(|| {
        Some(KeyPair {
            id: value("AWS_ACCESS_KEY_ID")?,
            secret: value("AWS_SECRET_ACCESS_KEY")?,
            token: value("AWS_SESSION_TOKEN"),
        })
    });
    let mut config = SdkConfig::builder()
        .behavior_version(behavior())
        .http_client(http)
        .region(region.map(Region::new));
    config.set_endpoint_url(value("AWS_ENDPOINT_URL_EC2").or_else(|| value("AWS_ENDPOINT_URL")));
    config.set_credentials_provider(
        pair.map(|pair| SharedCredentialsProvider::new(credentials_of(&pair))),
    );
    config.build()
}

fn credentials_of(pair: &KeyPair) -> Credentials {
    let (id, secret) = (pair.id.clone(), pair.secret.clone());
    Credentials::new(id, secret, pair.token.clone(), None, "quorate")
}

fn client_config(
    shared: &SdkConfig,
    settings: &Settings,
    credentials: Credentials,
    limits: &Limits,
) -> aws_sdk_ec2::Config {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(PAUSE_FIRST)
        .with_max_backoff(PAUSE_MAX);
    let attempt = limits.deadline / ATTEMPTS_IN_DEADLINE;
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempt);
    // The SDK's own bucket is shared by the whole process and is filled by successes only: after a
    // long outage it would forbid the very retries that end it.
    let quota = RetryPartition::custom(NAME)
        .token_bucket(TokenBucket::default())
        .build();
    let mut builder = config::Builder::from(shared)
        .credentials_provider(credentials)
        .retry_config(retries)
        .retry_partition(quota)
        .retry_classifier(RetryRules)
        .timeout_config(timeouts.build())
        .interceptor(WholeDocument);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    builder.build()
}

/// HTTP over rustls with ring. `HTTPS_PROXY`, `NO_PROXY` and their kin count if the environment is
/// the process's; `SSL_CERT_FILE` is read by the TLS library.
fn http_client(environment: &Environment, limits: &Limits) -> BoundedClient {
    let proxies = match environment {
        Environment::Process => ProxyConfig::from_env(),
        Environment::Fixed(_) => ProxyConfig::disabled(),
    };
    let tls = Tls::Rustls(CryptoMode::Ring);
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls.clone())
            .proxy_config(proxies.clone());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    });
    BoundedClient::new(client, limits.body_bytes)
}
