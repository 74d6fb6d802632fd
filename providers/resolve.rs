//! Runs one lookup: the deadline, and what counts as an answer.
//!
//! The one place that settles order, duplicates, and whether an error leaves a partial answer. An
//! error never becomes an empty list.

use std::net::IpAddr;

use tokio::time::timeout;

use crate::io::DnsError;
use crate::provider::{Limits, Lookup, Provider};
use crate::{Answer, Contact, Gap, Host, Io, Kind, ResolveError};

/// The provider's name in errors about plain host names.
const DNS: &str = "dns";

/// Runs a provider within its deadline.
pub(crate) async fn run(
    provider: &dyn Provider,
    lookup: Lookup<'_>,
) -> Result<Answer, ResolveError> {
    let mut answer = Answer::default();
    let deadline = lookup.limits.deadline;
    let failure = match timeout(deadline, provider.read(lookup, &mut answer)).await {
        Ok(outcome) => outcome.err(),
        Err(_elapsed) => Some(
            ResolveError::new(Kind::Timeout, provider.name(), "resolve")
                .with("deadline", &format!("{deadline:?}"))
                .with("contacts so far", &answer.contacts.len().to_string()),
        ),
    };
    settle(answer, failure)
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
    let addresses = match host.parse::<IpAddr>() {
        Ok(ip) => vec![ip],
        Err(_name) => resolve_name(host, io, limits).await?,
    };
    let of = |ip| Contact {
        name: Some(host.to_owned()),
        ..Contact::new(Host::Ip(ip))
    };
    let mut answer = Answer {
        contacts: addresses.into_iter().map(of).collect(),
        gaps: Vec::new(),
    };
    answer.settle();
    Ok(answer)
}

async fn resolve_name(host: &str, io: &Io, limits: &Limits) -> Result<Vec<IpAddr>, ResolveError> {
    let failed = |kind| ResolveError::new(kind, DNS, "look up").with("host", host);
    match timeout(limits.deadline, io.dns().addresses(host)).await {
        Ok(Ok(addresses)) => Ok(addresses),
        // A name may be about to appear, so even its absence is worth another try.
        Ok(Err(error @ DnsError::NoAddress { .. })) => Err(failed(Kind::Answer).with_source(error)),
        Ok(Err(error @ DnsError::Unavailable { .. })) => {
            Err(failed(Kind::Unavailable).with_source(error))
        }
        Err(_elapsed) => {
            Err(failed(Kind::Timeout).with("deadline", &format!("{:?}", limits.deadline)))
        }
    }
}
