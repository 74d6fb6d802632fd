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

/// All that are throttled together ask again within this time after the pause that they were asked
/// for, each by chance; it doubles from try to try. Chosen: of 200 agents that start at once at an
/// API that allows 20 calls per second 160 are throttled, and what comes back faster than 20 per
/// second is throttled again. In 20,000 draws of such a start an agent needed a fifth call in
/// 1.7 % with 6 s, in 0.3 % with 7 s, in none with 8 s or more; the rest is room for a machine that
/// stalls.
const SPREAD_FIRST: Duration = Duration::from_secs(10);

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
        let left = call.rest.until.saturating_sub(clock.elapsed());
        let pause = setback.pause(attempt, left, clock.chance());
        if attempt >= ATTEMPTS_MAX || pause >= left {
            return Err(setback.error.with("tries", &attempt.to_string()));
        }
        clock.sleep(pause).await;
    }
}

impl Setback {
    /// The pause before the next try, of which so much time is left: never less than the vendor
    /// asked for.
    fn pause(&self, attempt: u32, left: Duration, chance: f64) -> Duration {
        let chance = chance.clamp(0.0, 1.0);
        let own = doubled(PAUSE_FIRST, attempt).min(PAUSE_MAX);
        let least = self
            .pause
            .unwrap_or_else(|| own.mul_f64(0.5 + chance / 2.0));
        if self.error.kind() != Kind::Throttled {
            return least;
        }
        // Half of what is left is for the tries themselves.
        let room = left.saturating_sub(least) / 2;
        let spread = doubled(SPREAD_FIRST, attempt).min(room);
        least.saturating_add(spread.mul_f64(chance))
    }
}

fn doubled(first: Duration, attempt: u32) -> Duration {
    first.saturating_mul(1 << attempt.saturating_sub(1).min(16))
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
