//! Tries a call again, for as long as that can help.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};

use super::Call;
use super::pages::is_same_server;
use super::verdict::{is_transient, pause};
use crate::io::{HttpError, Reply, Request};
use crate::{Kind, ResolveError};

/// Tries of one call. Two throttled answers, a 5xx and a reset need five; one is to spare.
const ATTEMPTS_MAX: u32 = 6;

/// The first pause lies between half of this and all of it; it doubles from try to try.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// No pause of our own choice is longer: the deadline of a lookup is short.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A try gets this part of the deadline, so that one which hangs can be made again.
const TRIES_IN_DEADLINE: u32 = 3;

/// Redirects on the way of one call.
const REDIRECTS_MAX: usize = 3;

/// What a try came to, if it may be made again.
struct Setback {
    error: ResolveError,
    /// The pause that the vendor asked for.
    pause: Option<Duration>,
}

/// Tries until there is a reply that another try would not change.
pub(super) async fn until_settled(call: &Call<'_>) -> Result<Reply, ResolveError> {
    let clock = call.rest.lookup.io.clock();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let setback = match once(call).await {
            Ok(outcome) => return outcome,
            Err(setback) => setback,
        };
        let pause = setback
            .pause
            .unwrap_or_else(|| own_pause(attempt, clock.chance()));
        let is_too_late = clock.elapsed().saturating_add(pause) >= call.rest.until;
        if attempt >= ATTEMPTS_MAX || is_too_late {
            return Err(setback.error.with("tries", &attempt.to_string()));
        }
        clock.sleep(pause).await;
    }
}

fn own_pause(attempt: u32, chance: f64) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled
        .min(PAUSE_MAX)
        .mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

/// One try: an outcome that stands, or a setback.
async fn once(call: &Call<'_>) -> Result<Result<Reply, ResolveError>, Setback> {
    let lookup = call.rest.lookup;
    let left = call.rest.until.saturating_sub(lookup.io.clock().elapsed());
    let time = left.min(lookup.limits.deadline / TRIES_IN_DEADLINE);
    let without_pause = |error| Setback { error, pause: None };
    let reply = match tokio::time::timeout(time, redirected(call)).await {
        Err(_elapsed) => {
            let error = call.rest.error(Kind::Timeout, call.operation);
            return Err(without_pause(
                error.with("time of one try", &format!("{time:?}")),
            ));
        }
        Ok(Err((error, true))) => return Err(without_pause(error)),
        Ok(Err((error, false))) => return Ok(Err(error)),
        Ok(Ok(reply)) => reply,
    };
    match (call.rest.judge)(&reply).filter(|kind| is_transient(*kind)) {
        None => Ok(Ok(reply)),
        Some(kind) => Err(Setback {
            error: call.refused(kind, &reply),
            pause: pause(&reply, lookup.io.clock().now()),
        }),
    }
}

/// Sends, and follows redirects of calls without a body on their own server. An error says
/// whether another try may help.
async fn redirected(call: &Call<'_>) -> Result<Reply, (ResolveError, bool)> {
    let mut url = call.url.clone();
    for _redirect in 0..=REDIRECTS_MAX {
        let sent = call.rest.lookup.io.http().send(request(call, url.clone()));
        let reply = sent.await.map_err(|error| failed(call, error))?;
        let is_redirect = matches!(reply.status, 301 | 302 | 303 | 307 | 308);
        let Some(target) = reply.header("location").filter(|_| is_redirect) else {
            return Ok(reply);
        };
        let next = url.join(target).ok();
        let is_followed = call.method == Method::GET || call.method == Method::HEAD;
        url = match next.filter(|next| is_followed && is_same_server(next, &call.url)) {
            Some(next) => next,
            None => {
                return Err((
                    astray(call, reply.status, "a redirect to another server"),
                    false,
                ));
            }
        };
    }
    Err((astray(call, 302, "one redirect after another"), false))
}

fn astray(call: &Call<'_>, status: u16, what: &str) -> ResolveError {
    let error = call.rest.error(Kind::Answer, call.operation);
    error
        .with("status", &status.to_string())
        .with("reply", what)
}

fn request(call: &Call<'_>, url: Url) -> Request {
    Request {
        method: call.method.clone(),
        url,
        headers: call.headers.clone(),
        body: call.body.clone(),
        body_bytes_max: call.rest.lookup.limits.body_bytes,
        route: Arc::clone(&call.rest.route),
    }
}

/// The error that a failed request is, and whether another try may help.
fn failed(call: &Call<'_>, error: HttpError) -> (ResolveError, bool) {
    let (kind, may_help) = match error {
        HttpError::Connect { .. } | HttpError::Broken { .. } => (Kind::Unavailable, true),
        HttpError::Cut { .. } => (Kind::Answer, true),
        HttpError::TooLarge { .. } => (Kind::Answer, false),
        // Files are put right while agents run, so the query itself is not to blame.
        HttpError::Route { .. } => (Kind::Unavailable, false),
        HttpError::Shut => (Kind::Internal, false),
    };
    let failed = call.rest.error(kind, call.operation);
    (failed.with_source(error), may_help)
}
