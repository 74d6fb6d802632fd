//! The lines that are made here, because no other room has the names for them.

use std::time::Duration;

use super::{Facts, Said, Source, Told, Voter};
use crate::types::{ClusterId, Reason};

/// How many names a line spells out before it counts the rest.
const NAMES_SHOWN: usize = 8;

/// For how long a source has been asked, the longest first: 30 s is the deadline of a lookup.
const SILENT_STEPS: [Duration; 4] = [
    Duration::from_secs(20),
    Duration::from_secs(10),
    Duration::from_secs(5),
    Duration::from_secs(2),
];

/// The reason of some sources, which are named.
pub(super) fn of_sources(reason: Reason, sources: &[&Source]) -> Said {
    let missing: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let line = match missing.as_slice() {
        [] => reason.prose().to_owned(),
        names => format!("{}: {}", reason.prose(), list(names)),
    };
    Said {
        reason,
        line,
        missing,
    }
}

/// Adds which sources have been asked for long, in steps, so that the line stays what it is.
pub(super) fn with_silent_sources(mut said: Said, asked: &[&Source]) -> Said {
    let step_of = |source: &Source| {
        let busy = source.busy_for?;
        SILENT_STEPS.into_iter().find(|step| busy >= *step)
    };
    let silent = asked
        .iter()
        .filter_map(|source| Some((step_of(source)?, source.name.clone())));
    let (steps, names): (Vec<Duration>, Vec<String>) = silent.unzip();
    if let Some(least) = steps.iter().min() {
        said.line = format!(
            "{}; no answer for {} s or more from {}",
            said.line,
            least.as_secs(),
            list(&names)
        );
    }
    let is_new = |name: &String| !said.missing.contains(name);
    let news: Vec<String> = names.into_iter().filter(is_new).collect();
    said.missing.extend(news);
    said
}

/// Adds what is so, too, and not the reason.
pub(super) fn besides(mut said: Said, note: &str) -> Said {
    said.line = format!("{}; besides, {note}", said.line);
    said
}

/// The agent is on its way out, and did this so far.
pub(super) fn leaving(stages: &[String]) -> Said {
    let mut said = Said::plain(Reason::Leaving);
    if !stages.is_empty() {
        said.line = format!("{}: {}", said.line, stages.join(" > "));
    }
    said
}

/// The agent is in a cluster without a leader.
pub(super) fn leaderless(cluster: ClusterId, voters: &[Voter]) -> Said {
    let told: Vec<String> = voters
        .iter()
        .map(|voter| {
            if voter.is_alive {
                voter.name.clone()
            } else {
                format!("{} (does not answer)", voter.name)
            }
        })
        .collect();
    let gone = voters.iter().filter(|voter| !voter.is_alive);
    Said {
        reason: Reason::NoLeader,
        line: match told.as_slice() {
            [] => format!("cluster {cluster} has no leader"),
            told => format!(
                "cluster {cluster} has no leader; its voters: {}",
                list(told)
            ),
        },
        missing: gone.map(|voter| voter.name.clone()).collect(),
    }
}

/// The agent is in a cluster with a leader, and not yet as far.
pub(super) fn formed(cluster: ClusterId) -> Said {
    Said {
        reason: Reason::Formed,
        line: format!("in cluster {cluster}, catching up with its leader"),
        missing: Vec::new(),
    }
}

/// The agent serves.
pub(super) fn ready(facts: &Facts) -> Said {
    let line = match facts.cluster {
        Some(cluster) => format!("in cluster {cluster}"),
        None => Reason::Ready.prose().to_owned(),
    };
    Said {
        reason: Reason::Ready,
        line,
        missing: Vec::new(),
    }
}

/// Servers do not come to this one's port.
pub(super) fn port_unreached(not_calling: &[String]) -> Said {
    Said {
        reason: Reason::PortUnreached,
        line: format!(
            "these servers are heard, and none of them gets through to this one's server port: {}",
            list(not_calling)
        ),
        missing: not_calling.to_vec(),
    }
}

/// What a server said to a client.
pub(super) fn told(told: &Told) -> Said {
    Said {
        line: format!("the server at {} says: {}", told.by, told.said.line),
        ..told.said.clone()
    }
}

/// A client knows no server that is alive, but perhaps some that were.
pub(super) fn no_servers(gone: &[(String, String)]) -> Said {
    let mut said = Said::plain(Reason::NoServers);
    if !gone.is_empty() {
        let told: Vec<String> = gone
            .iter()
            .map(|(name, state)| format!("{name} ({state})"))
            .collect();
        said.line = format!("{}; it knows of {}", said.line, list(&told));
        said.missing = gone.iter().map(|(name, _)| name.clone()).collect();
    }
    said
}

/// No server answered a client.
pub(super) fn servers_silent(servers: &[String], error: &str) -> Said {
    Said {
        reason: Reason::ServersSilent,
        line: format!("none of the servers answers: {}; {error}", list(servers)),
        missing: servers.to_vec(),
    }
}

/// Writes the first few of a list, and how many more there are.
fn list(items: &[String]) -> String {
    let mut shown: Vec<String> = items.iter().take(NAMES_SHOWN).cloned().collect();
    let more = items.len().saturating_sub(NAMES_SHOWN);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
