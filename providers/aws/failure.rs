//! Amazon's error codes, and the SDK's errors, in our words.
//!
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>, read 2026. The
//! SDK's own error is not kept as source: its text and `Debug` may hold whole requests and replies.

use std::error::Error;
use std::fmt::Write as _;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::SdkError;

use crate::{HttpError, Kind, Reply, ResolveError, code, judge_status};

use super::NAME;

/// The header with the vendor's name of a request, for its support.
pub(super) const NAME_OF_REQUEST: &str = "x-amzn-requestid";

/// The step of ours before the first call.
pub(super) const LOAD: &str = "load credentials";

/// The most errors of one chain that are told.
const CAUSES_MAX: usize = 8;

/// A reply that parses and yet is not what the API gives.
pub(super) fn shape(operation: &'static str, what: &str) -> ResolveError {
    ResolveError::new(Kind::Answer, NAME, operation).with("reply", what)
}

/// A call of the SDK that failed: by our own word if the door said it, else the SDK does not
/// understand the reply.
pub(super) fn call<E: Error + Send + Sync + 'static>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> ResolveError {
    if let Some(own) = links(error).find_map(|link| link.downcast_ref::<ResolveError>()) {
        return own.clone();
    }
    let kind = match error {
        SdkError::ConstructionFailure(_) => Kind::Internal,
        SdkError::TimeoutError(_) => Kind::Timeout,
        _ => Kind::Answer,
    };
    ResolveError::new(kind, NAME, operation).with("cause", &causes(error))
}

/// The chain of credentials came to nothing: nobody has any, or who might is silent.
pub(super) fn credentials(error: &(dyn Error + 'static), is_silent: bool) -> ResolveError {
    let failed = |kind| ResolveError::new(kind, NAME, LOAD).with("cause", &causes(error));
    if is_silent {
        return failed(Kind::Timeout).with("hint", HOPS);
    }
    // A web identity or a profile's role is had from a server, which may be down.
    if links(error).any(<dyn Error>::is::<HttpError>) {
        return failed(Kind::Unavailable);
    }
    failed(Kind::Credentials)
}

/// What to do where a metadata service is silent.
pub(super) const HOPS: &str = "in a container the instance's metadata needs a hop limit of 2";

/// What a reply means: the vendor's code goes before the status.
pub(super) fn judge(reply: &Reply) -> Option<Kind> {
    let by_status = judge_status(reply)?;
    let by_code = code(&reply.body).and_then(|code| of_code(&code));
    Some(by_code.unwrap_or(by_status))
}

/// The codes of EC2, ECS, STS and of the check of signatures, by what the operator has to do.
fn of_code(code: &str) -> Option<Kind> {
    match code {
        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "OptInRequired"
        | "Blocked"
        | "PendingVerification"
        | "NotAuthorized"
        | "RegionDisabledException"
        | "DryRunOperation" => Some(Kind::Denied),
        // The clock is part of a signature, so a request that expired is one of them too.
        "AuthFailure"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "UnrecognizedClientException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidAccessKeyId" => Some(Kind::Credentials),
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "EC2ThrottledException"
        | "RequestThrottled"
        | "TooManyRequestsException"
        | "SlowDown" => Some(Kind::Throttled),
        "InvalidParameterValue"
        | "InvalidParameter"
        | "InvalidParameterException"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "UnknownParameter"
        | "InvalidFilter"
        | "FilterLimitExceeded"
        | "ValidationError"
        | "MalformedQueryString" => Some(Kind::Query),
        "InternalError" | "InternalFailure" | "ServerException" | "ServiceUnavailable"
        | "Unavailable" => Some(Kind::Unavailable),
        _ => None,
    }
}

/// An error and what lies behind it, on one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in links(error).take(CAUSES_MAX) {
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

fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
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

    fn judged(status: u16, body: &str) -> Option<Kind> {
        judge(&Reply {
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn a_code_says_what_the_operator_has_to_do() {
        let rows = [
            ("UnauthorizedOperation", 403, Kind::Denied),
            ("AuthFailure", 401, Kind::Credentials),
            ("RequestExpired", 400, Kind::Credentials),
            ("ExpiredToken", 403, Kind::Credentials),
            ("RequestLimitExceeded", 503, Kind::Throttled),
            ("ThrottlingException", 400, Kind::Throttled),
            ("InvalidParameterValue", 400, Kind::Query),
            ("InternalError", 500, Kind::Unavailable),
            ("Unavailable", 503, Kind::Unavailable),
            ("NeverHeardOf", 400, Kind::Answer),
            ("NeverHeardOf", 403, Kind::Denied),
            ("NeverHeardOf", 503, Kind::Unavailable),
        ];
        for (code, status, wanted) in rows {
            let xml =
                format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>");
            assert_eq!(judged(status, &xml), Some(wanted), "{xml}");
            let json = format!(r#"{{"__type":"com.amazonaws.ecs#{code}","message":"no"}}"#);
            assert_eq!(judged(status, &json), Some(wanted), "{json}");
        }
    }

    #[test]
    fn a_status_without_a_code_is_a_proxy_speaking() {
        let rows = [
            (200, None),
            (302, Some(Kind::Answer)),
            (404, Some(Kind::Answer)),
            (407, Some(Kind::Unavailable)),
            (429, Some(Kind::Throttled)),
            (502, Some(Kind::Unavailable)),
        ];
        for (status, wanted) in rows {
            assert_eq!(judged(status, "no"), wanted, "{status}");
        }
    }
}
