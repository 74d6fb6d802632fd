//! A report made up for tests of whoever shows one.

use std::time::Duration;

use super::{Doing, Refused, Report, Said, Source};
use crate::types::Reason;

/// One of three servers that waits for the two others.
pub(crate) fn waiting() -> Report {
    Report {
        said: Said {
            reason: Reason::WaitingForServers,
            line: "1 of 3 servers are here: s1".to_owned(),
            missing: vec!["2 more servers".to_owned()],
        },
        held: Duration::from_millis(12_345),
        since_ms: 1_735_787_045_678,
        is_formed: false,
        is_live: true,
        sources: vec![Source {
            name: "192.0.2.2".to_owned(),
            doing: Doing::Waiting,
            attempt: 3,
            busy_for: None,
            failure: Some(Reason::KeyMismatch),
            error: "gossip key mismatch".to_owned(),
            refused: vec![Refused {
                address: "192.0.2.2:8301".to_owned(),
                reason: Reason::KeyMismatch,
                error: "gossip key mismatch".to_owned(),
            }],
            failed_ago: Some(Duration::from_millis(1_500)),
            next_in: Some(Duration::from_millis(250)),
        }],
    }
}
