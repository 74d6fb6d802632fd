//! The settings of autopilot, which the first leader writes and operators change (agent
//! reference, 2.8 and 6.10).

use serde::{Deserialize, Serialize};

use super::Applied;
use crate::types::AutopilotConfig;

/// The settings as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutopilotEntry {
    /// The settings.
    pub config: AutopilotConfig,
    /// Raft index of the first write.
    pub create_index: u64,
    /// Raft index of the last write.
    pub modify_index: u64,
}

/// The settings, once a leader has written them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autopilot(Option<AutopilotEntry>);

impl Autopilot {
    /// The settings; none before the first leader wrote them.
    pub const fn entry(&self) -> Option<&AutopilotEntry> {
        self.0.as_ref()
    }

    /// Writes the settings; with `cas` only if their modify index is this, 0 meaning that there
    /// are none yet.
    pub(super) fn set(
        &mut self,
        index: u64,
        config: &AutopilotConfig,
        cas: Option<u64>,
    ) -> Applied {
        if cas.is_some_and(|wanted| wanted != self.index()) {
            return Applied::Mismatch;
        }
        let create_index = self.entry().map_or(index, |old| old.create_index);
        self.0 = Some(AutopilotEntry {
            config: config.clone(),
            create_index,
            modify_index: index,
        });
        Applied::Done
    }

    /// Raft index of the last write; 0 before the first.
    pub(super) fn index(&self) -> u64 {
        self.entry().map_or(0, |entry| entry.modify_index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(min_quorum: u64) -> AutopilotConfig {
        AutopilotConfig {
            min_quorum,
            ..AutopilotConfig::default()
        }
    }

    #[test]
    fn settings_are_written_first_only_where_there_are_none() {
        let mut autopilot = Autopilot::default();
        assert_eq!(autopilot.set(5, &config(1), Some(0)), Applied::Done);
        assert_eq!(autopilot.set(6, &config(2), Some(0)), Applied::Mismatch);
        assert_eq!(autopilot.entry().unwrap().config, config(1));
    }

    #[test]
    fn a_change_under_condition_needs_the_index_of_the_last_one() {
        let mut autopilot = Autopilot::default();
        assert_eq!(autopilot.set(5, &config(1), None), Applied::Done);
        assert_eq!(autopilot.set(6, &config(2), Some(4)), Applied::Mismatch);
        assert_eq!(autopilot.set(7, &config(3), Some(5)), Applied::Done);
        let entry = autopilot.entry().unwrap();
        let indexes = (entry.create_index, entry.modify_index);
        assert_eq!((indexes, entry.config.min_quorum), ((5, 7), 3));
    }
}
