//! How long a server was away: one that missed too much does not come back with its old data
//! (agent reference, 2.10).

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::AgentError;
use super::lookup::chain;
use crate::datadir::DataDir;
use crate::host::Host;

/// The record's name in the data directory: milliseconds since the Unix epoch.
const RECORD: &str = "last-seen";

/// How often a running server notes that it is there (Consul's).
const NOTE_EVERY: Duration = Duration::from_hours(1);

/// Refuses the start of a server whose last sign of life is too old. A clock that went back says
/// nothing, nor does a directory from before there was such a record.
pub(super) fn check(dir: &DataDir, max: Duration, now_ms: u64) -> Result<(), AgentError> {
    let last: Option<u64> = dir.load(RECORD)?;
    let away = last.map_or(0, |last| now_ms.saturating_sub(last));
    if Duration::from_millis(away) <= max {
        return Ok(());
    }
    Err(AgentError::TooOld {
        hours: away / 3_600_000,
        max_hours: max.as_secs() / 3_600,
        dir: dir.path().map(std::path::PathBuf::from).unwrap_or_default(),
    })
}

/// Notes that the server is there, now and every hour, until the agent stops.
#[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
pub(super) async fn run(dir: DataDir, host: Arc<dyn Host>) {
    loop {
        let now_ms = host.now_ms();
        if let Err(error) = dir.work(move |dir| dir.store(RECORD, &now_ms)).await {
            warn!(target: "agent.server", error = %chain(&error), "last sign of life not noted");
        }
        tokio::time::sleep(NOTE_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Real;

    #[test]
    fn a_server_comes_back_until_it_was_away_for_longer_than_it_may() {
        let hour = 3_600_000_u64;
        let max = Duration::from_hours(168);
        let rows = [
            (None, 1_000 * hour, true),
            (Some(0), 168 * hour, true),
            (Some(0), 168 * hour + 1, false),
            (Some(hour), 169 * hour, true),
            // The clock went back.
            (Some(1_000 * hour), hour, true),
        ];
        for (last, now, may) in rows {
            let dir = DataDir::memory();
            if let Some(last) = last {
                dir.store(RECORD, &last).unwrap();
            }
            assert_eq!(check(&dir, max, now).is_ok(), may, "{last:?} {now}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_runs_notes_every_hour_that_it_is_there() {
        let dir = DataDir::memory();
        let noting = tokio::spawn(run(dir.clone(), Arc::new(Real)));
        let is_noted = || dir.load::<u64>(RECORD).unwrap() > Some(0);
        let noted = async || {
            while !is_noted() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let within = Duration::from_mins(61);
        for _ in 0..3 {
            tokio::time::timeout(within, noted()).await.unwrap();
            dir.store(RECORD, &0_u64).unwrap();
        }
        noting.abort();
    }
}
