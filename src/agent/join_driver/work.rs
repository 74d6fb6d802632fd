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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use quorate_providers::{Dns, Environment, FakeFiles, Found, Io, Kept, Query};

    use super::super::knock::tests::token;
    use super::*;
    use crate::join;

    #[test]
    fn a_pause_is_drawn_from_all_of_its_window_and_from_nowhere_else() {
        let [from, to] = [300, 420].map(Duration::from_secs);
        let drawn: Vec<Duration> = (0..1_000).map(|_| draw(Window { from, to })).collect();
        let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!((from..=to).contains(least) && (from..=to).contains(most));
        let tenth = Duration::from_secs(12);
        assert!(
            *least < from + tenth && *most > to.saturating_sub(tenth),
            "{least:?} {most:?}"
        );
        assert_eq!(draw(Window { from, to: from }), from);
    }

    fn name(name: &str) -> Source {
        Source::Address(name.parse().unwrap())
    }

    /// Two names whose records live for so many seconds.
    #[derive(Debug)]
    struct Names;

    impl Dns for Names {
        fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found> {
            async move { Ok(self.addresses_kept(host).await?.0) }.boxed()
        }

        fn addresses_kept<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Kept> {
            let (last, seconds) = if host == "long.test" {
                (1, 60)
            } else {
                (2, 20)
            };
            let kept = (
                vec![[192, 0, 2, last].into()],
                Some(Duration::from_secs(seconds)),
            );
            std::future::ready(Ok(kept)).boxed()
        }
    }

    /// A file lists both.
    fn lookup() -> Lookup {
        let files = FakeFiles::default().with("/list", "long.test\nshort.test\n");
        let io = Io::new(Environment::fixed([]), Names).with_files(files);
        Lookup::new(io, 8301)
    }

    async fn found(entry: Entry) -> join::Found {
        let own = BTreeSet::from(["192.0.2.1:8301".parse().unwrap()]);
        let done = resolve(Some(entry), lookup(), own, token()).await;
        match done.event {
            Event::Resolved { answer, .. } => answer.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_stays_true_as_long_as_its_shortest_lived_name() {
        let file = Query::parse("provider=file path=/list").unwrap();
        for (entry, seconds) in [
            (Entry::Retry(name("long.test")), 60),
            (Entry::Retry(name("short.test")), 20),
            (
                Entry::Start(vec![name("long.test"), name("short.test")]),
                20,
            ),
            (
                Entry::Start(vec![name("short.test"), name("long.test")]),
                20,
            ),
            (Entry::Retry(Source::Query(Box::new(file))), 20),
        ] {
            let shown = entry.to_string();
            let found = found(entry).await;
            assert!(found.complete, "{shown}");
            assert_eq!(
                found.fresh_for,
                Some(Duration::from_secs(seconds)),
                "{shown}"
            );
        }
    }

    #[tokio::test]
    async fn ones_own_address_is_taken_out_of_an_answer_and_said_to_have_been_there() {
        let both = Entry::Start(vec![name("long.test"), name("short.test")]);
        let other = "192.0.2.2:8301".parse::<Address>().unwrap();
        for (entry, has_own, addresses) in [
            (both, true, vec![other.clone()]),
            (Entry::Retry(name("long.test")), true, Vec::new()),
            (Entry::Retry(name("short.test")), false, vec![other]),
        ] {
            let found = found(entry).await;
            assert_eq!((found.has_own, found.addresses), (has_own, addresses));
        }
    }
}
