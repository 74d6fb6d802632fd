//! Calls of ECS: JSON 1.1, signed with Signature Version 4 by Amazon's own crate for that.
//!
//! The SDK's crate for ECS would be fifty thousand lines for three calls (decision 16).

use std::time::SystemTime;

use aws_sdk_ec2::config::Credentials;
use aws_sdk_ec2::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Kind, Pages, ResolveError};

use super::super::NAME;
use super::super::door::{Door, Signed};
use super::super::regions::Part;
use super::BATCH;

/// What the header `X-Amz-Target` begins with.
const TARGET: &str = "AmazonEC2ContainerServiceV20141113";

/// The service, as signatures name it.
const SERVICE: &str = "ecs";

const FIND: &str = "find the endpoint";

/// A page of names.
pub(super) trait List: DeserializeOwned {
    /// The names, and the token of the next page.
    fn parts(self) -> (Vec<String>, Option<String>);
}

/// The API of one region.
#[derive(Debug, Clone)]
pub(super) struct Api<'a> {
    part: Part<'a>,
    url: Url,
}

impl<'a> Api<'a> {
    pub(super) async fn open(part: &Part<'a>) -> Result<Self, ResolveError> {
        let base = match endpoint(part) {
            Some(base) => base,
            None => of_region(part).await?,
        };
        let url = part.door.rest(&base).await?.base().clone();
        let part = part.clone();
        Ok(Self { part, url })
    }

    /// With one of so many shares of the time that is left.
    pub(super) fn share(&self, of: u32) -> Self {
        let door = &self.part.door;
        let mut share = self.clone();
        share.part.door = door.within(door.left() / of.max(1));
        share
    }

    /// Reads every page of a list.
    pub(super) async fn all<L: List>(
        &self,
        operation: &'static str,
        mut asked: Value,
    ) -> Result<Vec<String>, ResolveError> {
        let rest = self.part.door.rest(self.url.as_str()).await?;
        let mut pages = Pages::new(&rest, operation);
        let mut found = Vec::new();
        loop {
            if let Some(asked) = asked.as_object_mut() {
                asked.insert("maxResults".to_owned(), json!(BATCH));
            }
            let (names, next) = self.ask::<L>(operation, &asked).await?.parts();
            found.extend(names);
            let Some(next) = next.filter(|next| !next.is_empty()) else {
                return Ok(found);
            };
            pages.turn(&next)?;
            if let Some(asked) = asked.as_object_mut() {
                asked.insert("nextToken".to_owned(), json!(next));
            }
        }
    }

    /// Asks; if the credentials are refused, once more with others.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        asked: &Value,
    ) -> Result<T, ResolveError> {
        let account = self.part.account;
        let credentials = account.credentials().await;
        match self.once(operation, asked, &credentials).await {
            Err(error) if error.kind() == Kind::Credentials => {
                let others = account.renewed(&credentials).await?.ok_or(error)?;
                self.once(operation, asked, &others).await
            }
            outcome => outcome,
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        asked: &Value,
        credentials: &Credentials,
    ) -> Result<T, ResolveError> {
        let door = &self.part.door;
        let now = door.lookup().io.clock().now();
        let signed = self.signed(operation, asked, credentials, now);
        let reply = door.send(operation, signed?).await?;
        let rest = door.rest(self.url.as_str()).await?;
        rest.post(operation, "").parse(&reply)
    }

    /// The request, signed for now.
    fn signed(
        &self,
        operation: &'static str,
        asked: &Value,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Signed, ResolveError> {
        let internal = |cause: &dyn ToString| {
            let error = ResolveError::new(Kind::Internal, NAME, operation);
            error.with("cause", &cause.to_string())
        };
        let body = asked.to_string().into_bytes();
        let target = format!("{TARGET}.{operation}");
        let own = [
            (CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let identity: Identity = credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.part.region)
            .name(SERVICE)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| internal(&error))?;
        let bytes = SignableBody::Bytes(&body);
        let request = SignableRequest::new("POST", self.url.as_str(), own.into_iter(), bytes);
        let request = request.map_err(|error| internal(&error))?;
        let proof = sign(request, &params.into()).map_err(|error| internal(&error))?;
        let (proof, _signature) = proof.into_parts();
        let mut headers = HeaderMap::new();
        for (name, value) in own.into_iter().chain(proof.headers()) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| internal(&error))?;
            let mut value = HeaderValue::from_str(value).map_err(|error| internal(&error))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let (method, url) = (Method::POST, self.url.clone());
        Ok(Signed {
            method,
            url,
            headers,
            body,
        })
    }
}

/// The endpoint of the query, else of the environment, else of the profile.
fn endpoint(part: &Part<'_>) -> Option<String> {
    let value = |name| part.door.lookup().io.environment().value(name);
    let own = part.settings.endpoint.clone();
    own.or_else(|| value("AWS_ENDPOINT_URL_ECS"))
        .or_else(|| part.account.shared().endpoint_url().map(str::to_owned))
}

/// The vendor's: beside that of EC2, which the SDK knows for every partition.
async fn of_region(part: &Part<'_>) -> Result<String, ResolveError> {
    let door: &Door = &part.door;
    let shared = part.account.shared();
    let wrong = |cause: &dyn ToString| {
        let error = ResolveError::new(Kind::Internal, door.lookup().query.provider(), FIND);
        error.with("cause", &cause.to_string())
    };
    let params = Params::builder()
        .region(part.region)
        .use_dual_stack(shared.use_dual_stack().unwrap_or_default())
        .use_fips(shared.use_fips().unwrap_or_default())
        .build()
        .map_err(|error| wrong(&error))?;
    let found = DefaultResolver::new().resolve_endpoint(&params).await;
    let found = found.map_err(|error| wrong(&error))?;
    match found.url().split_once("://ec2") {
        Some((scheme, rest)) => Ok(format!("{scheme}://{SERVICE}{rest}")),
        None => Err(wrong(&found.url())),
    }
}
