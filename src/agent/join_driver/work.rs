//! The three kinds of work that the engine asks for, each ending in an event.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use quorate_providers::{Kind, Retry as LookupRetry};
use rand::RngExt as _;

use super::seen::is_refusal;
use super::sources::socket_addr;
use super::{Detail, Done, Entry};
use crate::agent::lookup::{Listed, Lookup, Source, Unresolved, chain};
use crate::agent::parts::failures;
use crate::gossip::{Gossip, GossipError, JoinReport};
use crate::join::{Event, Failure, Found, Reason, Retry, SourceId, Token, Window};
use crate::types::Address;
use crate::why::Refused;

/// One lookup with all its pages must end by then (design, section 6).
const RESOLVE_DEADLINE: Duration = Duration::from_secs(30);

/// Asks a source what it lists.
pub(super) async fn resolve(
    entry: Option<Entry>,
    lookup: Lookup,
    own: BTreeSet<SocketAddr>,
    token: Token,
) -> Done {
    let listed = tokio::time::timeout(RESOLVE_DEADLINE, list(entry, &lookup)).await;
    let listed = listed.unwrap_or_else(|_elapsed| {
        let reason = format!("no answer within {} s", RESOLVE_DEADLINE.as_secs());
        Err(Unresolved {
            reason,
            kind: Kind::Timeout,
            retry: LookupRetry::Backoff,
            is_absent: false,
        })
    });
    match listed {
        Ok(listed) => {
            let others = listed.addresses.iter().filter(|addr| !own.contains(addr));
            let found = Found {
                addresses: others.copied().map(Address::from).collect(),
                has_own: listed.addresses.iter().any(|addr| own.contains(addr)),
                complete: listed.is_complete,
                fresh_for: listed.fresh_for,
            };
            let detail = Detail {
                text: Some(listed.text),
                ..Detail::default()
            };
            Done {
                event: Event::Resolved {
                    token,
                    answer: Ok(found),
                },
                detail: token.source().map(|source| (source, detail)),
            }
        }
        Err(unresolved) => {
            let detail = Detail {
                error: Some(unresolved.reason.clone()),
                refused: Some(Vec::new()),
                text: None,
                silent: Some(Vec::new()),
            };
            let detail = token.source().map(|source| (source, detail));
            let answer = Err(failure(&unresolved));
            Done {
                event: Event::Resolved { token, answer },
                detail,
            }
        }
    }
}

async fn list(entry: Option<Entry>, lookup: &Lookup) -> Result<Listed, Unresolved> {
    match entry {
        Some(Entry::Remembered(peers)) => Ok(Listed {
            addresses: peers,
            is_complete: true,
            ..Listed::default()
        }),
        Some(Entry::Retry(source)) => lookup.source(&source).await,
        Some(Entry::Start(sources)) => list_all(&sources, lookup).await,
        None => Ok(Listed {
            is_complete: true,
            ..Listed::default()
        }),
    }
}

/// Asks several sources at once; an error only if none of them told anything.
async fn list_all(sources: &[Source], lookup: &Lookup) -> Result<Listed, Unresolved> {
    let asked = sources.iter().map(|source| lookup.source(source));
    let mut all = Listed {
        is_complete: true,
        ..Listed::default()
    };
    let mut last_error = None;
    for answer in futures_util::future::join_all(asked).await {
        match answer {
            Ok(listed) => {
                all.addresses.extend(listed.addresses);
                all.is_complete &= listed.is_complete;
                all.fresh_for = all.fresh_for.into_iter().chain(listed.fresh_for).min();
            }
            Err(error) => {
                all.is_complete = false;
                last_error = Some(error);
            }
        }
    }
    match last_error {
        Some(error) if all.addresses.is_empty() => Err(error),
        _ => Ok(all),
    }
}

fn failure(unresolved: &Unresolved) -> Failure {
    let reason = match unresolved.kind {
        Kind::Query => Reason::Misconfigured,
        Kind::Credentials | Kind::Denied => Reason::Credentials,
        Kind::Throttled => Reason::Throttled,
        Kind::Timeout => Reason::DiscoveryTimeout,
        _ => Reason::DiscoveryFailed,
    };
    let retry = match unresolved.retry {
        LookupRetry::Never => Retry::Never,
        LookupRetry::Backoff if unresolved.is_absent => Retry::Soon,
        LookupRetry::Backoff => Retry::Backoff,
        LookupRetry::After(pause) => Retry::After(pause),
    };
    Failure { reason, retry }
}

/// Contacts every address, but the spared ones: those count as reached.
pub(super) async fn join(
    gossip: Gossip,
    source: SourceId,
    token: Token,
    addresses: Vec<Address>,
    spared: BTreeSet<SocketAddr>,
) -> Done {
    let targets = addresses.iter().filter_map(socket_addr);
    let (spared, targets): (Vec<_>, Vec<_>) = targets.partition(|addr| spared.contains(addr));
    let report = gossip.join(&targets).await;
    let detail = Detail {
        error: (!report.failed.is_empty()).then(|| failures(&report)),
        refused: Some(refused(&report)),
        text: None,
        silent: Some(silent(&report)),
    };
    let event = match refusal(&report).filter(|_| spared.is_empty()) {
        Some(reason) => {
            let failure = Failure {
                reason,
                retry: Retry::Backoff,
            };
            Event::JoinFailed { token, failure }
        }
        None => Event::Joined {
            token,
            reached: report
                .contacted
                .iter()
                .map(|(addr, _)| addr)
                .chain(&spared)
                .map(|addr| Address::from(*addr))
                .collect(),
            own: report.own.iter().copied().map(Address::from).collect(),
        },
    };
    Done {
        event,
        detail: Some((source, detail)),
    }
}

/// The addresses that answered and refused.
fn refused(report: &JoinReport) -> Vec<Refused> {
    let all = report.failed.iter();
    let refused = all.filter(|(_, error)| is_refusal(reason(error)));
    refused
        .map(|(addr, error)| Refused {
            address: addr.to_string(),
            reason: reason(error),
            error: chain(error),
        })
        .collect()
}

/// The addresses at which no connection came about.
fn silent(report: &JoinReport) -> Vec<SocketAddr> {
    let all = report.failed.iter();
    all.filter(|(_, error)| error.is_unanswered())
        .map(|(addr, _)| *addr)
        .collect()
}

/// The reason of a join that reached nobody because it was refused, the most telling one first.
fn refusal(report: &JoinReport) -> Option<Reason> {
    if !report.contacted.is_empty() || !report.own.is_empty() {
        return None;
    }
    let reasons = report.failed.iter().map(|(_, error)| reason(error));
    reasons.max_by_key(|reason| *reason != Reason::PeersUnreachable)
}

const fn reason(error: &GossipError) -> Reason {
    match error {
        GossipError::KeyMismatch { .. }
        | GossipError::KeyMissing { .. }
        | GossipError::KeyAbsentThere { .. } => Reason::KeyMismatch,
        GossipError::Refused { conflict, .. } => conflict.kind.reason(),
        _ => Reason::PeersUnreachable,
    }
}

/// Draws a time evenly from a window.
pub(super) fn draw(window: Window) -> Duration {
    if window.from < window.to {
        rand::rng().random_range(window.from..=window.to)
    } else {
        window.from
    }
}
