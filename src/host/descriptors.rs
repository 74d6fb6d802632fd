//! How many file descriptors the process may hold, and what a port that takes connections does
//! about that: a full table ends a server, because raft cannot open its next file then.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::Instant;
use tracing::debug;

/// Into how many parts the descriptors go. Chosen: a part for the API, one for other agents that
/// call, and one for all that must never lack any: gossip, calls of our own, and the disk.
const PARTS: u64 = 3;

/// How long a port is silent after it told that the system refused a connection.
const SILENCE: Duration = Duration::from_secs(10);

/// Raises the soft limit to the hard one, as Go's runtime does: the soft one, mostly 1,024, is for
/// programs that call `select`. What the system refuses leaves it as it is.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        debug!(%error, "limit of file descriptors not raised");
    }
}

/// How many connections one port may hold at most: a third of the descriptors that this process
/// may hold.
pub fn descriptor_share() -> usize {
    share(getrlimit(Resource::Nofile).current)
}

fn share(descriptors: Option<u64>) -> usize {
    descriptors
        .and_then(|count| usize::try_from(count / PARTS).ok())
        .unwrap_or(usize::MAX)
}

/// Counts the connections that the system refused to a port, so that they are told seldom.
#[derive(Debug, Default)]
pub struct Refused {
    told: Option<Instant>,
    count: u64,
}

impl Refused {
    /// Counts one. Gives how many there were since it last gave a number: for the first one, and
    /// then 10 s later at the earliest.
    pub fn tell(&mut self) -> Option<u64> {
        self.count += 1;
        if self.told.is_some_and(|told| told.elapsed() < SILENCE) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_gets_a_third_of_the_descriptors() {
        assert_eq!(share(Some(1_024)), 341);
        assert_eq!(share(None), usize::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_told_at_first_and_then_every_ten_seconds_with_its_count() {
        let mut refused = Refused::default();
        assert_eq!(refused.tell(), Some(1));
        for _refusal in 0..99 {
            tokio::time::advance(Duration::from_millis(100)).await;
            assert_eq!(refused.tell(), None);
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(refused.tell(), Some(100));
    }
}
