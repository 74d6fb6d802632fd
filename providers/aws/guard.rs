//! A guard around the SDK: what it would take for an answer and we do not.
//!
//! Its XML reader takes a document that breaks off for one that ends (`aws-smithy-xml` 0.64,
//! `Document` without its check of form). So a reply that does not end as its document does is
//! refused.

use aws_sdk_ec2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

/// A reply that breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the reply breaks off")]
struct Truncated;

/// Refuses a good reply that does not end with this tag.
#[derive(Debug)]
pub(super) struct EndsWith(pub(super) &'static str);

#[dyn_dispatch_hint]
impl Intercept for EndsWith {
    fn name(&self) -> &'static str {
        "EndsWith"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let is_good = context.output_or_error().is_ok();
        if is_good && !body.trim_ascii_end().ends_with(self.0.as_bytes()) {
            return Err(Truncated.into());
        }
        Ok(())
    }
}
