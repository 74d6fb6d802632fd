//! The log of joining, in Consul's words where it has some (agent reference, 1.2).

use tracing::{debug, error, info, warn};

use super::{Seen, Sources};
use crate::join::Notice;

/// What is said once at the start.
pub(super) fn start(sources: &Sources) {
    if sources.len() == 0 {
        return;
    }
    info!(target: "agent", cluster = "LAN", sources = sources.len(), "Joining cluster...");
}

/// What the engine noticed. The first failure of a round is a warning, its repetitions are not.
pub(super) fn notice(sources: &Sources, seen: &Seen, notice: Notice) {
    let name = |source| sources.name(source);
    // Nothing went wrong where only this agent itself was found.
    let detail = |source| Some(seen.error(source)).filter(|error| !error.is_empty());
    match notice {
        Notice::Resolved {
            source,
            count,
            complete,
        } => {
            debug!(target: "agent", source = %name(source), count, complete, "Discovered servers");
        }
        Notice::Joined { source, count } => {
            info!(target: "agent", cluster = "LAN", num_agents = count, source = %name(source),
                "Join cluster completed. Synced with initial agents");
        }
        Notice::Failed {
            source,
            attempt: 1,
            reason,
        } => {
            warn!(target: "agent", cluster = "LAN", source = %name(source), reason = %reason,
                error = detail(source), "Join cluster failed, will retry");
        }
        Notice::Failed {
            source,
            attempt,
            reason,
        } => {
            debug!(target: "agent", cluster = "LAN", source = %name(source), attempt,
                reason = %reason, error = detail(source), "Join cluster failed, will retry");
        }
        Notice::Ended {
            source,
            ended,
            reason,
        } => {
            error!(target: "agent", cluster = "LAN", source = %name(source), ended = ?ended,
                reason = %reason, error = detail(source), "Retry join failed");
        }
        Notice::Rests => debug!(target: "agent", "joined and led; looking for others slowly"),
        Notice::Woken(waker) => {
            debug!(target: "agent", waker = ?waker, "looking for others again");
        }
    }
}
