//! The sources of one agent, in the order in which the engine knows them.

use std::net::SocketAddr;

use quorate_providers::Query;

use super::Sight;
use crate::agent::AgentError;
use crate::agent::evidence::Evidence;
use crate::agent::lookup::Source;
use crate::config::Config;
use crate::datadir::Home;
use crate::join::{self, Cost, Engine, Kind, Manner, SourceId};
use crate::types::Address;

/// What the engine calls a source.
#[derive(Debug, Clone)]
pub(in crate::agent) enum Entry {
    /// Others whom this agent knew in its last life.
    Remembered(Vec<SocketAddr>),
    /// All of `start_join`: one that works is enough.
    Start(Vec<Source>),
    /// One value of `retry_join`.
    Retry(Source),
}

/// All sources of an agent.
#[derive(Debug, Clone, Default)]
pub(in crate::agent) struct Sources {
    entries: Vec<Entry>,
}

impl Sources {
    /// The configured sources. Offline: nothing is asked yet.
    ///
    /// # Errors
    /// For the first entry that is no source.
    pub(in crate::agent) fn parse(config: &Config) -> Result<Self, AgentError> {
        let start: Vec<Source> = config
            .start_join
            .iter()
            .map(|entry| parse("start_join", entry))
            .collect::<Result<_, _>>()?;
        let mut entries = Vec::new();
        if !start.is_empty() {
            entries.push(Entry::Start(start));
        }
        for entry in config.retry_join.iter() {
            entries.push(Entry::Retry(parse("retry_join", entry)?));
        }
        Ok(Self { entries })
    }

    /// Adds the addresses of the last life, to be tried first.
    pub(in crate::agent) fn with_remembered(mut self, homes: Vec<Home>) -> Self {
        if !homes.is_empty() {
            let peers = homes.into_iter().map(|(_, addr)| addr);
            self.entries.insert(0, Entry::Remembered(peers.collect()));
        }
        self
    }

    /// What is known before any source was asked: that each of them may list a server.
    pub(in crate::agent) fn untold(&self) -> Evidence {
        let configured = self
            .entries
            .iter()
            .filter(|e| !matches!(e, Entry::Remembered(_)));
        Evidence {
            open_sources: configured.map(ToString::to_string).collect(),
            ..Evidence::default()
        }
    }

    /// How they do before any of them was asked.
    pub(in crate::agent) fn unasked(&self) -> Vec<Sight> {
        self.entries
            .iter()
            .map(|entry| Sight::unasked(entry.to_string()))
            .collect()
    }

    pub(super) fn manners(&self) -> impl Iterator<Item = Manner> {
        self.entries.iter().map(|entry| match entry {
            Entry::Start(sources) => Manner {
                kind: Kind::Once,
                cost: dearest(sources),
            },
            Entry::Remembered(_) => Manner {
                kind: Kind::Retry,
                cost: Cost::Light,
            },
            Entry::Retry(source) => Manner {
                kind: Kind::Retry,
                cost: source.cost(),
            },
        })
    }

    /// The values of `retry_join` whose answers change with files on this machine.
    pub(super) fn of_files(&self) -> impl Iterator<Item = (SourceId, Query)> {
        let numbered = (0..=u16::MAX).map(SourceId).zip(&self.entries);
        numbered.filter_map(|(id, entry)| match entry {
            Entry::Retry(source) => Some((id, source.of_files()?.clone())),
            Entry::Start(_) | Entry::Remembered(_) => None,
        })
    }

    pub(super) fn entry(&self, id: SourceId) -> Option<&Entry> {
        self.entries.get(usize::from(id.0))
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The name of a source in the log: what the operator wrote, secrets masked.
    pub(super) fn name(&self, id: SourceId) -> String {
        self.entry(id).map(ToString::to_string).unwrap_or_default()
    }

    /// What the configured sources told so far. The last life's addresses are left out: whoever
    /// was in a cluster remembers it on disk, and a blank server's old neighbours may be gone.
    pub(super) fn evidence(&self, engine: &Engine) -> Evidence {
        let mut evidence = Evidence {
            is_first_round_over: engine.sources().iter().all(join::Source::was_tried),
            ..Evidence::default()
        };
        for shown in engine.evidence() {
            if matches!(self.entry(shown.source), None | Some(Entry::Remembered(_))) {
                continue;
            }
            evidence
                .listed
                .extend(shown.listed.iter().filter_map(socket_addr));
            evidence
                .reached
                .extend(shown.reached.iter().filter_map(socket_addr));
            if !shown.is_complete {
                evidence.open_sources.insert(self.name(shown.source));
            }
        }
        evidence
    }
}

/// The driver hands over addresses with ports, so it gets them back with ports.
pub(super) fn socket_addr(address: &Address) -> Option<SocketAddr> {
    address.to_socket_addr(address.port()?)
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Remembered(_) => f.write_str("members of the last life"),
            Self::Start(sources) => {
                let texts: Vec<String> = sources.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(", "))
            }
            Self::Retry(source) => source.fmt(f),
        }
    }
}

/// All of them are asked together, so one that costs calls makes all cost calls.
fn dearest(sources: &[Source]) -> Cost {
    let mut costs = sources.iter().map(Source::cost);
    if costs.any(|cost| cost == Cost::Call) {
        Cost::Call
    } else {
        Cost::Light
    }
}

/// Parses one value: anything with `provider=` is a query, as at Consul (agent reference, 1.2).
fn parse(setting: &'static str, entry: &str) -> Result<Source, AgentError> {
    let fail = |reason: String| AgentError::Source {
        setting,
        entry: quorate_providers::redact(entry),
        reason,
    };
    if entry.contains("provider=") {
        let query = Query::parse(entry).map_err(|error| fail(error.to_string()))?;
        return Ok(Source::Query(Box::new(query)));
    }
    let address: Address = entry.parse().map_err(|error| fail(format!("{error}")))?;
    Ok(Source::Address(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::{Event, Found, Policy};
    use crate::types::NodeId;

    const API: &str = "provider=digitalocean region=nyc1 tag_name=a api_token=t";

    fn source(entry: &str) -> Source {
        parse("retry_join", entry).unwrap()
    }

    fn costs(sources: &Sources) -> Vec<Cost> {
        sources.manners().map(|manner| manner.cost).collect()
    }

    #[test]
    fn the_addresses_of_the_last_life_come_first_cost_no_call_and_are_no_evidence() {
        let configured = Sources {
            entries: vec![Entry::Retry(source(API)), Entry::Retry(source("192.0.2.9"))],
        };
        let home = (NodeId::new(1), SocketAddr::from(([192, 0, 2, 1], 8301)));
        let sources = configured.with_remembered(vec![home]);
        assert!(
            matches!(sources.entry(SourceId(0)), Some(Entry::Remembered(peers)) if *peers == [home.1])
        );
        assert_eq!(costs(&sources), [Cost::Light, Cost::Call, Cost::Light]);
        let (engine, actions) =
            Engine::new(Policy::default(), sources.manners()).handle(Event::Started);
        let engine = actions
            .into_iter()
            .fold(engine, |engine, action| match action {
                join::Action::Resolve { token, .. } => {
                    let found = Found {
                        addresses: vec![Address::from(home.1)],
                        has_own: false,
                        complete: token.source() == Some(SourceId(0)),
                        fresh_for: None,
                    };
                    let answer = Ok(found);
                    engine.handle(Event::Resolved { token, answer }).0
                }
                other => panic!("{other:?}"),
            });
        let evidence = sources.evidence(&engine);
        assert_eq!(
            evidence.open_sources.len(),
            2,
            "the configured ones have gaps"
        );
        let alone = Sources::default().with_remembered(vec![home]);
        assert!(alone.evidence(&engine).listed.is_empty());
        assert!(alone.untold().open_sources.is_empty());
    }

    #[test]
    fn start_join_costs_what_its_dearest_value_costs() {
        for (values, cost) in [
            (&["192.0.2.1", API][..], Cost::Call),
            (&[API, "192.0.2.1"][..], Cost::Call),
            (&["192.0.2.1", "a.test"][..], Cost::Light),
        ] {
            let start = values.iter().map(|value| source(value)).collect();
            let sources = Sources {
                entries: vec![Entry::Start(start)],
            };
            assert_eq!(costs(&sources), [cost], "{values:?}");
        }
    }
}
