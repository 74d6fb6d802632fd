//! Who asks, and where: regions, credentials and the role.
//!
//! What the query leaves open comes from the SDK's own chain, unless the environment is fixed: then
//! from its variables alone. Credentials are loaded before the first call, so that a lack of them
//! is told apart from a call that fails; and once more if they are refused in the middle, since
//! those of a role end after hours.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::{Environment, Kind, Lookup, ResolveError};

use super::door::Door;
use super::failure::{self, HOPS, LOAD};
use super::settings::{Role, Settings};
use super::{NAME, role, task};

/// The part of a lookup's deadline that the chain gets: the metadata service may be a hole.
const SHARE: u32 = 3;

/// The behaviour of the SDK that this was written against.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Who asks in one lookup.
#[derive(Debug)]
pub(super) struct Account {
    door: Door,
    shared: SdkConfig,
    regions: Vec<String>,
    role: Option<Role>,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    credentials: Credentials,
    is_renewed: bool,
}

impl Account {
    /// Finds regions and credentials.
    pub(super) async fn open(
        settings: &Settings,
        lookup: Lookup<'_>,
    ) -> Result<Self, ResolveError> {
        let door = Door::open(lookup);
        let pair = key_pair(lookup).await?;
        let given = match settings.regions.first() {
            Some(region) => Some(region.clone()),
            None => elsewhere(&door).await?,
        };
        let shared = match lookup.io.environment() {
            Environment::Process => from_process(&door, given, pair).await?,
            Environment::Fixed(_) => from_variables(lookup.io.environment(), given, pair),
        };
        let mut regions = settings.regions.clone();
        if regions.is_empty() {
            let found = shared.region().map(|region| region.as_ref().to_owned());
            regions.push(found.ok_or_else(|| no_region(&door))?);
        }
        let role = settings.role.clone();
        let credentials = credentials(&door, &shared, &regions, role.as_ref()).await?;
        let is_renewed = false;
        Ok(Self {
            door,
            shared,
            regions,
            role,
            kept: Mutex::new(Kept {
                credentials,
                is_renewed,
            }),
        })
    }

    /// Where to ask; at least one.
    pub(super) fn regions(&self) -> &[String] {
        &self.regions
    }

    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    /// What the SDK found, for clients of it.
    pub(super) const fn shared(&self) -> &SdkConfig {
        &self.shared
    }

    pub(super) async fn credentials(&self) -> Credentials {
        self.kept.lock().await.credentials.clone()
    }

    /// Others than the refused ones; none if there are no others, or there were already.
    ///
    /// # Errors
    ///
    /// If they cannot be loaded.
    pub(super) async fn renewed(
        &self,
        refused: &Credentials,
    ) -> Result<Option<Credentials>, ResolveError> {
        let is_refused = |one: &Credentials| {
            (one.access_key_id(), one.session_token())
                == (refused.access_key_id(), refused.session_token())
        };
        let mut kept = self.kept.lock().await;
        if !kept.is_renewed {
            kept.is_renewed = true;
            let role = self.role.as_ref();
            kept.credentials = credentials(&self.door, &self.shared, &self.regions, role).await?;
        }
        Ok(Some(kept.credentials.clone()).filter(|one| !is_refused(one)))
    }
}

/// The key pair of the query.
async fn key_pair(lookup: Lookup<'_>) -> Result<Option<Credentials>, ResolveError> {
    let Some(id) = lookup.value("access_key_id") else {
        return Ok(None);
    };
    let secret = lookup.secret("secret_access_key").await?;
    let token = lookup.secret("session_token").await?;
    let token = token.map(|token| token.reveal().to_owned());
    Ok(secret.map(|secret| Credentials::new(id, secret.reveal(), token, None, "query")))
}

/// The region of the ECS task, where no variable has one: a task has no instance to ask.
async fn elsewhere(door: &Door) -> Result<Option<String>, ResolveError> {
    let environment = door.lookup().io.environment();
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    match variables.iter().find_map(|name| environment.value(name)) {
        Some(region) => Ok(Some(region)),
        None => task::region(door).await,
    }
}

fn no_region(door: &Door) -> ResolveError {
    let error = ResolveError::new(Kind::Unavailable, NAME, "find the region").with(
        "cause",
        "neither `region`, AWS_REGION, a profile nor the metadata service has one",
    );
    if door.is_silent() {
        return error.with("hint", HOPS);
    }
    error
}

/// Region and credentials by the SDK's chain, which is not asked for what is known.
async fn from_process(
    door: &Door,
    region: Option<String>,
    pair: Option<Credentials>,
) -> Result<SdkConfig, ResolveError> {
    let time = door.left() / SHARE;
    let chain = door.within(time).chain();
    let mut loader = aws_config::defaults(behavior()).http_client(chain);
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    if let Some(pair) = pair {
        loader = loader.credentials_provider(pair);
    }
    timeout(time, loader.load()).await.map_err(|_elapsed| {
        let error = ResolveError::new(Kind::Timeout, NAME, "find the region");
        error.with("hint", HOPS)
    })
}

/// Region, credentials and endpoint from variables alone, under the SDK's names for them
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>).
fn from_variables(
    variables: &Environment,
    region: Option<String>,
    pair: Option<Credentials>,
) -> SdkConfig {
    let value = |name| variables.value(name);
    let own = || {
        let id = value("AWS_ACCESS_KEY_ID")?;
        let secret = value("AWS_SECRET_ACCESS_KEY")?;
        let token = value("AWS_SESSION_TOKEN");
        Some(Credentials::new(id, secret, token, None, "variables"))
    };
    let mut config = SdkConfig::builder()
        .behavior_version(behavior())
        .region(region.map(Region::new));
    config.set_endpoint_url(value("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(pair.or_else(own).map(SharedCredentialsProvider::new));
    config.build()
}

/// The credentials to ask with: of the role, if there is one.
async fn credentials(
    door: &Door,
    shared: &SdkConfig,
    regions: &[String],
    role: Option<&Role>,
) -> Result<Credentials, ResolveError> {
    let Some(provider) = shared.credentials_provider() else {
        return Err(ResolveError::new(Kind::Credentials, NAME, LOAD).with(
            "cause",
            "neither the query nor the environment has a key pair",
        ));
    };
    let own = timeout(door.left() / SHARE, provider.provide_credentials()).await;
    let own = own.map_err(|_elapsed| {
        let error = ResolveError::new(Kind::Timeout, NAME, LOAD);
        error.with("hint", HOPS)
    })?;
    let own = own.map_err(|error| failure::credentials(&error, door.is_silent()))?;
    match (role, regions.first()) {
        (Some(role), Some(region)) => role::assume(door, shared, role, region, own).await,
        _ => Ok(own),
    }
}
