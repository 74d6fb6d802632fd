//! The SDK's errors and EC2's error codes in our words.
//!
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>. The SDK's
//! own error is not kept as source: its text and `Debug` may hold whole requests and replies.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId as _;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesError;
use http_body_util::LengthLimitError;

use crate::{Kind, QueryError, ResolveError};

use super::NAME;
use super::guard::Truncated;

/// The vendor's call.
pub(super) const OPERATION: &str = "DescribeInstances";

/// The most errors of one chain that are told.
const CAUSES_MAX: usize = 8;

/// A query that passed the parser and is refused here all the same.
pub(super) fn query(error: QueryError) -> ResolveError {
    ResolveError::new(Kind::Query, NAME, "check the query").with_source(error)
}

/// The credentials could not be had.
pub(super) fn credentials(error: &(dyn Error + 'static)) -> ResolveError {
    ResolveError::new(Kind::Credentials, NAME, "load credentials").with("cause", &causes(error))
}

/// A reply that parses and yet is not what the API gives.
pub(super) fn shape(what: &str) -> ResolveError {
    ResolveError::new(Kind::Answer, NAME, OPERATION).with("reply", what)
}

/// A call that failed, after all its retries.
pub(super) fn call(error: &SdkError<DescribeInstancesError>) -> ResolveError {
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    let mut failure = ResolveError::new(kind(error, code, status), NAME, OPERATION);
    if let Some(code) = code {
        failure = failure.with("code", code);
    }
    match error
        .as_service_error()
        .and_then(|service| service.meta().message())
    {
        Some(message) => failure = failure.with("message", message),
        None => failure = failure.with("cause", &causes(error)),
    }
    if let Some(status) = status {
        failure = failure.with("status", &status.to_string());
    }
    if let Some(id) = error
        .as_service_error()
        .and_then(|service| service.meta().request_id())
    {
        failure = failure.with("request id", id);
    }
    match error.raw_response().and_then(pause) {
        Some(wait) => failure.with_pause(wait),
        None => failure,
    }
}

fn kind(error: &SdkError<DescribeInstancesError>, code: Option<&str>, status: Option<u16>) -> Kind {
    match error {
        SdkError::ConstructionFailure(_) => Kind::Internal,
        SdkError::TimeoutError(_) => Kind::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Kind::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_user() => Kind::Internal,
        SdkError::ResponseError(_) if is_too_large(error) || is_truncated(error) => Kind::Answer,
        SdkError::ServiceError(_) => match code {
            Some(code) => of_code(code, status),
            None => of_status(status),
        },
        // The connection, its TLS or the rest of a body: none of them is ours.
        _ => Kind::Unavailable,
    }
}

/// The codes of EC2 and of its signature check, by what the operator has to do.
fn of_code(code: &str, status: Option<u16>) -> Kind {
    match code {
        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "OptInRequired"
        | "Blocked"
        | "PendingVerification"
        | "DryRunOperation" => Kind::Denied,
        // The clock is part of a signature, so a request that expired is one of them too.
        "AuthFailure"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "UnrecognizedClientException"
        | "RequestExpired"
        | "InvalidAccessKeyId" => Kind::Credentials,
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "EC2ThrottledException"
        | "RequestThrottled"
        | "TooManyRequestsException"
        | "SlowDown" => Kind::Throttled,
        "InvalidParameterValue"
        | "InvalidParameter"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "UnknownParameter"
        | "InvalidFilter"
        | "FilterLimitExceeded"
        | "ValidationError"
        | "MalformedQueryString" => Kind::Query,
        _ => of_status(status),
    }
}

/// The status alone: of a proxy, a load balancer or a look-alike, or a code that is not listed.
const fn of_status(status: Option<u16>) -> Kind {
    match status {
        Some(401 | 403) => Kind::Denied,
        Some(429) => Kind::Throttled,
        Some(407 | 408 | 500..) => Kind::Unavailable,
        _ => Kind::Answer,
    }
}

/// Says whether a reply was cut off at its limit.
pub(super) fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(<dyn Error>::is::<LengthLimitError>)
}

fn is_truncated(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(<dyn Error>::is::<Truncated>)
}

/// The pause that a reply asks for (RFC 9110, section 10.2.3; the form in seconds only).
pub(super) fn pause(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// An error and what lies behind it, on one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in chain(error).take(CAUSES_MAX) {
        let text = cause.to_string();
        // Many errors repeat their source; once is enough.
        if line.contains(&text) {
            continue;
        }
        let colon = if line.is_empty() { "" } else { ": " };
        // Writing to a string cannot fail.
        if write!(line, "{colon}{text}").is_err() {
            break;
        }
    }
    line
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_the_operator_has_to_do() {
        let rows = [
            ("UnauthorizedOperation", 403, Kind::Denied),
            ("AuthFailure", 401, Kind::Credentials),
            ("RequestExpired", 400, Kind::Credentials),
            ("RequestLimitExceeded", 503, Kind::Throttled),
            ("InvalidParameterValue", 400, Kind::Query),
            ("InternalError", 500, Kind::Unavailable),
            ("Unavailable", 503, Kind::Unavailable),
            ("NeverHeardOf", 400, Kind::Answer),
            ("NeverHeardOf", 403, Kind::Denied),
        ];
        for (code, status, wanted) in rows {
            assert_eq!(of_code(code, Some(status)), wanted, "{code}");
        }
    }

    #[test]
    fn a_status_without_a_code_is_a_proxy_speaking() {
        let rows = [
            (200, Kind::Answer),
            (302, Kind::Answer),
            (404, Kind::Answer),
            (407, Kind::Unavailable),
            (429, Kind::Throttled),
            (502, Kind::Unavailable),
        ];
        for (status, wanted) in rows {
            assert_eq!(of_status(Some(status)), wanted, "{status}");
        }
    }
}
