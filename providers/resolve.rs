//! Runs one lookup: the deadline, and what counts as an answer.
//!
//! The one place that settles order, duplicates, and whether an error leaves a partial answer. An
//! error never becomes an empty list.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use crate::io::DnsError;
use crate::provider::{Limits, Lookup, Provider};
use crate::{AddressPolicy, Answer, Contact, Fate, Gap, Host, Io, Kind, ResolveError, Seen};

/// The provider's name in errors about plain host names.
const DNS: &str = "dns";

/// Runs a provider within its deadline, and chooses among the addresses that it saw.
pub(crate) async fn run(
    provider: &dyn Provider,
    lookup: Lookup<'_>,
) -> Result<Answer, ResolveError> {
    let policy = AddressPolicy::from_query(lookup.query, provider.order(lookup.query));
    let policy = policy.map_err(|error| ResolveError::query(provider.name(), error))?;
    let mut seen = Seen::default();
    let deadline = lookup.limits.deadline;
    let failure = match timeout(deadline, provider.read(lookup, &mut seen)).await {
        Ok(outcome) => outcome.err(),
        Err(_elapsed) => Some(
            ResolveError::new(Kind::Timeout, provider.name(), "resolve")
                .with("deadline", &format!("{deadline:?}"))
                .with("instances so far", &seen.instances.len().to_string()),
        ),
    };
    settle(choose(provider, &policy, seen), failure)
}

/// Chooses the addresses of each instance.
fn choose(provider: &dyn Provider, policy: &AddressPolicy, seen: Seen) -> Answer {
    let mut answer = Answer {
        gaps: seen.gaps,
        fresh_for: seen.fresh_for,
        ..Answer::default()
    };
    for instance in seen.instances {
        let fate = policy.choose(&instance);
        match &fate {
            Fate::Kept(contacts) => answer.contacts.extend(contacts.iter().cloned()),
            Fate::Dropped(_) => {}
            Fate::Unreachable(why) => {
                let label = instance.label();
                let error = ResolveError::new(Kind::Answer, provider.name(), instance.call)
                    .with("instance", &label)
                    .with("reply", &format!("the instance {why}"));
                let part = format!("instance {label}");
                answer.gaps.push(Gap { part, error });
            }
        }
        answer.seen.push((instance, fate));
    }
    answer
}

/// Makes an answer of what was found before a failure, if it may be one.
fn settle(mut answer: Answer, failure: Option<ResolveError>) -> Result<Answer, ResolveError> {
    answer.settle();
    if let Some(error) = failure {
        // A vendor whose reply is not the API's is believed in nothing; with any other failure,
        // what was read before it is true.
        if answer.contacts.is_empty() || error.kind() == Kind::Answer {
            return Err(error);
        }
        let part = "all that follows".to_owned();
        answer.gaps.push(Gap { part, error });
    }
    match answer.gaps.first() {
        Some(gap) if answer.contacts.is_empty() => Err(gap.error.clone()),
        _ => Ok(answer),
    }
}

/// Gives all addresses of a plain host name; an IP address gives itself.
pub(crate) async fn lookup(host: &str, io: &Io, limits: &Limits) -> Result<Answer, ResolveError> {
    let (addresses, fresh_for) = match host.parse::<IpAddr>() {
        Ok(ip) => (vec![ip], None),
        Err(_name) => resolve_name(host, io, limits).await?,
    };
    let of = |ip| Contact {
        name: Some(host.to_owned()),
        ..Contact::new(Host::Ip(ip))
    };
    let mut answer = Answer {
        contacts: addresses.into_iter().map(of).collect(),
        fresh_for,
        ..Answer::default()
    };
    answer.settle();
    Ok(answer)
}

/// The addresses of a name, and how long they may be kept.
async fn resolve_name(
    host: &str,
    io: &Io,
    limits: &Limits,
) -> Result<(Vec<IpAddr>, Option<Duration>), ResolveError> {
    let failed = |kind| ResolveError::new(kind, DNS, "look up").with("host", host);
    match timeout(limits.deadline, io.dns().addresses_kept(host)).await {
        Ok(Ok(kept)) => Ok(kept),
        // A name may be about to appear, so even its absence is worth another try.
        Ok(Err(error @ (DnsError::NoAddress { .. } | DnsError::NoName { .. }))) => {
            Err(failed(Kind::Answer).with_source(error))
        }
        Ok(Err(error @ (DnsError::Unavailable { .. } | DnsError::Shut { .. }))) => {
            Err(failed(Kind::Unavailable).with_source(error))
        }
        Err(_elapsed) => {
            Err(failed(Kind::Timeout).with("deadline", &format!("{:?}", limits.deadline)))
        }
    }
}
