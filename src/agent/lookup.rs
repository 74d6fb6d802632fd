//! Turns what people write in `retry_join` into addresses to contact: provider strings, DNS
//! names, plain addresses.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quorate_providers::{Answer, Contact, DnsError, Host, Io, Kind, Query, ResolveError, Retry};

use crate::join::Cost;
use crate::types::Address;

/// What a source says, before names in it are looked up.
pub(super) type Text = BTreeSet<(Host, Option<u16>)>;

/// Resolves sources. Clones share one door to the world.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    io: Arc<Io>,
    /// The port of addresses that name none: that of this agent's own gossip, as at Consul.
    default_port: u16,
}

/// One entry of `retry_join` or `start_join`, parsed.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// An address or a DNS name.
    Address(Address),
    /// A `provider=...` string.
    Query(Box<Query>),
}

/// What a source lists now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// The addresses, sorted and once each.
    pub(super) addresses: Vec<SocketAddr>,
    /// Nothing is missing.
    pub(super) is_complete: bool,
    /// How long it stays true, if somebody said.
    pub(super) fresh_for: Option<Duration>,
    /// What the source itself said.
    pub(super) text: Text,
}

/// A source that told nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unresolved {
    /// Every cause on one line.
    pub(super) reason: String,
    /// What sort of failure it is.
    pub(super) kind: Kind,
    /// Whether and when to ask again.
    pub(super) retry: Retry,
    /// The name servers know that nothing is there, which may change in a moment.
    pub(super) is_absent: bool,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Query(query) => query.fmt(f),
        }
    }
}

impl Source {
    /// What asking it costs others.
    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Address(_) => Cost::Light,
            Self::Query(query) => match quorate_providers::cost(query) {
                quorate_providers::Cost::Nothing | quorate_providers::Cost::Names => Cost::Light,
                _ => Cost::Call,
            },
        }
    }

    /// The query whose answer changes with files on this machine, if it is one.
    pub(super) fn of_files(&self) -> Option<&Query> {
        match self {
            Self::Query(query) if !quorate_providers::folders(query).is_empty() => Some(query),
            Self::Query(_) | Self::Address(_) => None,
        }
    }
}

impl Lookup {
    /// A lookup through some doors.
    pub(super) fn new(io: Io, default_port: u16) -> Self {
        Self {
            io: Arc::new(io),
            default_port,
        }
    }

    /// Asks a source once.
    pub(super) async fn source(&self, source: &Source) -> Result<Listed, Unresolved> {
        match source {
            Source::Address(address) => self.address(address).await,
            Source::Query(query) => {
                let answer = quorate_providers::resolve(query, &self.io)
                    .await
                    .map_err(|error| explain(&error))?;
                self.contacts(answer).await
            }
        }
    }

    /// What a query says now, without looking up names in it; none if it says nothing.
    pub(super) async fn text(&self, query: &Query) -> Option<Text> {
        let answer = quorate_providers::resolve(query, &self.io).await.ok()?;
        Some(text(&answer))
    }

    /// Every address behind one written address.
    pub(super) async fn address(&self, address: &Address) -> Result<Listed, Unresolved> {
        let port = address.port().unwrap_or(self.default_port);
        if let Some(addr) = address.to_socket_addr(port) {
            return Ok(Listed {
                addresses: vec![addr],
                is_complete: true,
                ..Listed::default()
            });
        }
        let answer = quorate_providers::lookup(address.host(), &self.io)
            .await
            .map_err(|error| explain(&error))?;
        let with_port = |contact: Contact| Contact {
            port: Some(port),
            ..contact
        };
        let contacts = answer.contacts.into_iter().map(with_port).collect();
        self.contacts(Answer { contacts, ..answer }).await
    }

    /// Resolves the names among the contacts; a name that cannot be resolved leaves a gap.
    async fn contacts(&self, answer: Answer) -> Result<Listed, Unresolved> {
        let text = text(&answer);
        let mut is_complete = answer.is_complete();
        let mut fresh_for = answer.fresh_for;
        let mut addresses = BTreeSet::new();
        for contact in answer.contacts {
            let port = contact.port.unwrap_or(self.default_port);
            match contact.host {
                Host::Ip(ip) => {
                    addresses.insert(SocketAddr::new(ip, port));
                }
                Host::Name(name) => match quorate_providers::lookup(&name, &self.io).await {
                    Ok(found) => {
                        fresh_for = fresh_for.into_iter().chain(found.fresh_for).min();
                        addresses.extend(ips(&found).map(|ip| SocketAddr::new(ip, port)));
                    }
                    Err(_named_by_the_gap) => is_complete = false,
                },
            }
        }
        Ok(Listed {
            addresses: addresses.into_iter().collect(),
            is_complete,
            fresh_for,
            text,
        })
    }
}

fn text(answer: &Answer) -> Text {
    let contacts = answer.contacts.iter();
    contacts
        .map(|contact| (contact.host.clone(), contact.port))
        .collect()
}

fn ips(answer: &Answer) -> impl Iterator<Item = IpAddr> {
    answer
        .contacts
        .iter()
        .filter_map(|contact| match contact.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        })
}

fn explain(error: &ResolveError) -> Unresolved {
    let source = error.source().and_then(|s| s.downcast_ref::<DnsError>());
    let is_absent = source
        .is_some_and(|error| matches!(error, DnsError::NoName { .. } | DnsError::NoAddress { .. }));
    Unresolved {
        is_absent,
        retry: error.retry(),
        kind: error.kind(),
        reason: chain(error),
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
