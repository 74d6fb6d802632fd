//! The rules, in the order that the room's page gives.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Facts, Said, Source, words};
use crate::types::Reason;

/// A rule: its word, if it has one.
type Rule = fn(&Facts) -> Option<Said>;

/// Why a source led to nobody, the most telling first: what an operator can do most about.
const BY_WEIGHT: [Reason; 10] = [
    Reason::Misconfigured,
    Reason::Credentials,
    Reason::Throttled,
    Reason::DiscoveryFailed,
    Reason::DiscoveryTimeout,
    Reason::DiscoveryGaps,
    Reason::DiscoveryEmpty,
    Reason::KeyMismatch,
    Reason::PeersUnreachable,
    Reason::OnlySelf,
];

/// What a founding says that waits for others to come.
const WAITS: [Reason; 2] = [Reason::WaitingForServers, Reason::WaitingUnknownPeers];

/// For so long a source in its first attempt may yet say better than the others did. Chosen: most
/// sources answer in less, and the reason must be right within 10 s (design, section 6).
const FIRST_WORD: Duration = Duration::from_secs(2);

/// Says which reason holds.
pub fn decide(facts: &Facts) -> Said {
    let rules: [Rule; 14] = [
        ending,
        leader_unreached,
        ready,
        refused,
        torn,
        in_cluster,
        sealed_off,
        cut_off,
        bound,
        turned_away,
        alone,
        unreached,
        founding,
        client,
    ];
    let said = rules
        .iter()
        .find_map(|rule| rule(facts))
        // Servers are there, and the first word of one of them is on its way.
        .unwrap_or_else(|| Said::plain(Reason::Looking));
    match facts.strangers.first() {
        // A client tells what a server says, whose note it would only repeat.
        Some(stranger) if facts.is_server && WAITS.contains(&said.reason) => {
            words::besides(said, &stranger.line)
        }
        _ => said,
    }
}

fn founding_says(facts: &Facts, reasons: &[Reason]) -> Option<Said> {
    let said = facts.founding.as_ref()?;
    reasons.contains(&said.reason).then(|| said.clone())
}

fn ending(facts: &Facts) -> Option<Said> {
    // Whoever was taken out stops for that reason.
    let leaving = || facts.leaving.as_deref().map(words::leaving);
    facts.removed.clone().or_else(leaving)
}

fn leader_unreached(facts: &Facts) -> Option<Said> {
    let unreached = facts.leader_unreached.clone().filter(|_| facts.is_led)?;
    Some(facts.tls_called.clone().unwrap_or(unreached))
}

fn ready(facts: &Facts) -> Option<Said> {
    let is_led = if facts.is_server {
        facts.is_led
    } else {
        has_led_server(facts)
    };
    (facts.cluster.is_some() && is_led && facts.is_current).then(|| words::ready(facts))
}

/// A server that answered this client knows a leader.
fn has_led_server(facts: &Facts) -> bool {
    let told = facts.told.as_ref().and_then(|told| told.as_ref().ok());
    let is_there = !facts.servers.is_empty();
    told.filter(|_| is_there)
        .is_some_and(|told| matches!(told.said.reason, Reason::Ready | Reason::Formed))
}

fn refused(facts: &Facts) -> Option<Said> {
    facts.refusal.clone().filter(|_| facts.is_alone)
}

fn torn(facts: &Facts) -> Option<Said> {
    facts.ambiguity.clone().filter(|_| facts.cluster.is_none())
}

fn in_cluster(facts: &Facts) -> Option<Said> {
    let cluster = facts.cluster.filter(|_| facts.is_server)?;
    if facts.is_led {
        return Some(words::formed(cluster));
    }
    if let Some(called) = &facts.tls_called {
        return Some(called.clone());
    }
    let mut turned_away = refused_by_source(facts);
    let other_key = turned_away.find(|word| word.reason == Reason::KeyMismatch);
    // A majority that turns this one away is not lost: nobody shall recover without it.
    if let Some(word) = other_key
        .clone()
        .filter(|_| has_majority_another_key(facts))
    {
        return Some(word);
    }
    if let Some(cut_off) = cut_off(facts) {
        return Some(cut_off);
    }
    let known = founding_says(facts, &[Reason::QuorumLost, Reason::Joining]);
    let known = known.unwrap_or_else(|| words::leaderless(cluster, &facts.voters));
    Some(match other_key {
        Some(word) => words::besides(known, &word.line),
        None => known,
    })
}

/// So many voters are where an agent with another key answers that they could lead.
fn has_majority_another_key(facts: &Facts) -> bool {
    let refused = facts.sources.iter().flat_map(|source| &source.refused);
    let refused = refused.filter(|refused| refused.reason == Reason::KeyMismatch);
    let hosts: Vec<IpAddr> = refused
        .filter_map(|refused| Some(refused.address.parse::<SocketAddr>().ok()?.ip()))
        .collect();
    let voters = facts.voters.iter();
    let turned = voters.filter(|voter| !voter.is_alive && hosts.contains(&voter.ip));
    turned.count() > facts.voters.len() / 2
}

/// The leader of the others does not get through to this server's port, or was turned away there.
fn cut_off(facts: &Facts) -> Option<Said> {
    let cut_off = facts.cut_off.clone()?;
    Some(facts.tls_caller.clone().unwrap_or(cut_off))
}

/// Who waits for others, and turned one of them away for its TLS or was turned away, waits for that.
fn sealed_off(facts: &Facts) -> Option<Said> {
    let waits = || {
        founding_says(
            facts,
            &[
                Reason::Joining,
                Reason::WaitingForServers,
                Reason::WaitingUnknownPeers,
                Reason::FoundNotAsked,
            ],
        )
    };
    let caller = || waits().and_then(|_waits| facts.tls_caller.clone());
    facts.tls_called.clone().or_else(caller)
}

fn bound(facts: &Facts) -> Option<Said> {
    founding_says(
        facts,
        &[
            Reason::FoundingBlocked,
            Reason::LedgerLost,
            Reason::AmbiguousCluster,
            Reason::Joining,
            Reason::ExpectMismatch,
            Reason::FoundingInProgress,
        ],
    )
}

/// What those said who answered at a source's addresses and turned this agent away.
fn refused_by_source(facts: &Facts) -> impl Iterator<Item = Said> {
    let refused = facts.sources.iter().flat_map(|source| &source.refused);
    refused.map(|refusal| Said {
        reason: refusal.reason,
        line: refusal.error.clone(),
        missing: vec![refusal.address.clone()],
    })
}

fn turned_away(facts: &Facts) -> Option<Said> {
    // What a server says of the cluster is truer than what somebody says at one address.
    if !facts.is_server && !facts.servers.is_empty() {
        return None;
    }
    let waits = founding_says(facts, &WAITS);
    if let Some(first) = refused_by_source(facts).next() {
        return Some(match waits {
            Some(waits) => words::besides(first, &waits.line),
            None => first,
        });
    }
    if facts.is_alone && facts.is_called_with_another_key {
        return Some(Said {
            line: "agents with another gossip key, or with none, call this one".to_owned(),
            ..Said::plain(Reason::KeyMismatch)
        });
    }
    let waits = waits?;
    let stranger = facts
        .strangers
        .first()
        .filter(|_| are_those_missing(facts))?;
    Some(words::besides(stranger.clone(), &waits.line))
}

/// With those that were refused here there would be servers enough.
fn are_those_missing(facts: &Facts) -> bool {
    facts.lacking > 0 && facts.strangers.len() >= facts.lacking
}

fn alone(facts: &Facts) -> Option<Said> {
    let waits_for_sources = waits_for_sources_only(facts);
    if !facts.is_alone && !waits_for_sources {
        return None;
    }
    // The founding's word names the silent addresses, and how many servers are missing.
    let has_own_word = facts
        .founding
        .as_ref()
        .is_some_and(|said| said.reason != Reason::FoundNotAsked);
    let may_say = |reason: Reason| {
        let is_in_founding = matches!(reason, Reason::PeersUnreachable | Reason::NoSources);
        !(has_own_word && is_in_founding)
    };
    if facts.sources.is_empty() {
        return may_say(Reason::NoSources).then(|| Said::plain(Reason::NoSources));
    }
    let with = |reason: Reason| -> Vec<&Source> {
        let all = facts.sources.iter();
        all.filter(|source| source.failure == Some(reason))
            .collect()
    };
    let all = facts.sources.iter();
    let asked: Vec<&Source> = all.filter(|source| is_first_attempt(source)).collect();
    let is_soon = |source: &&Source| source.busy_for.is_none_or(|busy| busy < FIRST_WORD);
    let mut by_weight = BY_WEIGHT.into_iter();
    let worst = by_weight.find(|reason| !with(*reason).is_empty());
    let worst = worst.filter(|_| !asked.iter().any(is_soon));
    let said = match worst {
        Some(worst) => may_say(worst).then(|| words::of_sources(worst, &with(worst)))?,
        None if asked.is_empty() => return None,
        None => words::of_sources(Reason::Looking, &asked),
    };
    Some(words::with_silent_sources(said, &asked))
}

/// It has not come to an end once, so nothing is known of it.
fn is_first_attempt(source: &Source) -> bool {
    source.doing.is_busy() && source.attempt <= 1 && source.failure.is_none()
}

/// The founding waits, and all that it waits for are sources.
fn waits_for_sources_only(facts: &Facts) -> bool {
    let is_source = |name: &String| facts.sources.iter().any(|source| source.name == *name);
    founding_says(facts, &[Reason::WaitingUnknownPeers])
        .is_some_and(|said| !said.missing.is_empty() && said.missing.iter().all(is_source))
}

fn unreached(facts: &Facts) -> Option<Said> {
    founding_says(
        facts,
        &[Reason::WaitingForProposer, Reason::WaitingForServers],
    )?;
    (!facts.not_calling.is_empty()).then(|| words::port_unreached(&facts.not_calling))
}

fn founding(facts: &Facts) -> Option<Said> {
    facts.founding.clone()
}

fn client(facts: &Facts) -> Option<Said> {
    if facts.servers.is_empty() {
        return Some(words::no_servers(&facts.gone));
    }
    let told = match facts.told.as_ref()? {
        Ok(told) => told,
        Err(error) => return Some(words::servers_silent(&facts.servers, error)),
    };
    match facts.cluster {
        Some(cluster) if has_led_server(facts) => Some(words::formed(cluster)),
        // Led, and this client has not taken its cluster for its own yet.
        None if has_led_server(facts) => Some(Said::plain(Reason::Joining)),
        _ => Some(words::told(told)),
    }
}
