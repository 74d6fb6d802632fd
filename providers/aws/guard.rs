//! Guards around the SDK: what it would take and we do not.
//!
//! The SDK reads a reply of any size into memory, and its XML reader takes a document that breaks
//! off for one that ends (`aws-smithy-xml` 0.64, `Document` without its check of form). So replies
//! are cut off at a size, and one that does not end as a document does is refused.

use aws_sdk_ec2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_ec2::config::{ConfigBag, HttpClient, Intercept, RuntimeComponents, SharedHttpClient};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http_body_util::Limited;

use super::failure;

/// What the document of a reply must end with.
const CLOSING_TAG: &[u8] = b"</DescribeInstancesResponse>";

/// An HTTP client that gives up on a body beyond a size.
#[derive(Debug, Clone)]
pub(super) struct BoundedClient {
    inner: SharedHttpClient,
    body_bytes: usize,
}

impl BoundedClient {
    pub(super) const fn new(inner: SharedHttpClient, body_bytes: usize) -> Self {
        Self { inner, body_bytes }
    }
}

impl HttpClient for BoundedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(BoundedConnector {
            inner: self.inner.http_connector(settings, components),
            body_bytes: self.body_bytes,
        })
    }
}

#[derive(Debug)]
struct BoundedConnector {
    inner: SharedHttpConnector,
    body_bytes: usize,
}

impl HttpConnector for BoundedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let reply = self.inner.call(request);
        let body_bytes = self.body_bytes;
        HttpConnectorFuture::new(async move {
            let limit = |body| SdkBody::from_body_1_x(Limited::new(body, body_bytes));
            reply.await.map(|response| response.map(limit))
        })
    }
}

/// A reply that breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the reply breaks off")]
pub(super) struct Truncated;

/// Refuses a good reply that does not end as its document must.
#[derive(Debug)]
pub(super) struct WholeDocument;

#[dyn_dispatch_hint]
impl Intercept for WholeDocument {
    fn name(&self) -> &'static str {
        "WholeDocument"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let is_good = context.output_or_error().is_ok();
        if is_good && !body.trim_ascii_end().ends_with(CLOSING_TAG) {
            return Err(Truncated.into());
        }
        Ok(())
    }
}

/// Adds to the SDK's rules of retrying: `Retry-After` in seconds and status 429 without a code,
/// as proxies and look-alikes of EC2 answer, are throttling; a reply that was too large is not
/// fetched again.
#[derive(Debug)]
pub(super) struct RetryRules;

impl ClassifyRetry for RetryRules {
    fn classify_retry(&self, ctx: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = ctx.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let is_too_large = failure::is_too_large(error);
        let Some(response) = ctx.response() else {
            return RetryAction::NoActionIndicated;
        };
        match (response.status().as_u16(), failure::pause(response)) {
            _ if is_too_large => RetryAction::RetryForbidden,
            (429 | 503, Some(pause)) => {
                RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, pause)
            }
            (429, None) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RetryRules"
    }

    fn priority(&self) -> RetryClassifierPriority {
        let sdks_own = RetryClassifierPriority::transient_error_classifier();
        RetryClassifierPriority::run_after(sdks_own)
    }
}
