//! What clients asked and were told, and whether one register per key explains it.
//!
//! Each key has one writer, which counts up and never writes again to a key of which a write came to
//! nothing it could know. So the values of a key are ordered, at most the last is uncertain, and
//! linearizability is three plain rules (after Herlihy and Wing, 1990): a read gives no less than what was
//! acknowledged before it began, no more than what was begun before it ended, and no less than any
//! read that ended before it began. Two things of one tick are not ordered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// All of the history; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<BTreeMap<String, Key>>>);

/// One key.
#[derive(Debug, Default)]
struct Key {
    /// When the n-th write began.
    begun: Vec<u64>,
    /// When the n-th write was acknowledged.
    acked: Vec<u64>,
    /// Values read, with the times at which the reads ended.
    read: Vec<(u64, u64)>,
}

impl History {
    /// Notes that the next value of a key is being written; gives it, counting from 1.
    pub fn begin(&self, key: &str, now: u64) -> u64 {
        let mut keys = self.0.lock().unwrap();
        let key = keys.entry(key.to_owned()).or_default();
        key.begun.push(now);
        u64::try_from(key.begun.len()).unwrap()
    }

    /// Notes that the last value of a key was acknowledged.
    pub fn acknowledge(&self, key: &str, now: u64) {
        let mut keys = self.0.lock().unwrap();
        keys.entry(key.to_owned()).or_default().acked.push(now);
    }

    /// Notes a read of a key (0 if it was not there), and says what is wrong with it.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn read(&self, name: &str, value: u64, (from, to): (u64, u64)) -> Result<(), String> {
        let mut keys = self.0.lock().unwrap();
        let key = keys.entry(name.to_owned()).or_default();
        let count = |times: &[u64], before: u64| {
            u64::try_from(times.iter().filter(|at| **at < before).count()).unwrap()
        };
        let (least, most) = (count(&key.acked, from), count(&key.begun, to + 1));
        if value < least {
            return Err(format!(
                "a read of {name} that began at {from} ms gave {value}, but {least} was acknowledged"
            ));
        }
        if value > most {
            return Err(format!("a read of {name} gave {value}, which nobody wrote"));
        }
        let newest = key.read.iter().filter(|(_, ended)| *ended < from);
        let newest = newest.map(|(value, _)| *value).max().unwrap_or(0);
        if value < newest {
            return Err(format!(
                "a read of {name} gave {value} at {from} ms, after one that gave {newest}"
            ));
        }
        key.read.push((value, to));
        Ok(())
    }

    /// Every key with the value that was acknowledged last.
    pub fn acknowledged(&self) -> BTreeMap<String, u64> {
        let keys = self.0.lock().unwrap();
        keys.iter()
            .map(|(name, key)| (name.clone(), u64::try_from(key.acked.len()).unwrap()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_an_invented_and_a_backward_read_are_noticed() {
        let history = History::default();
        assert_eq!(history.begin("k", 10), 1);
        history.acknowledge("k", 20);
        assert!(history.read("k", 0, (15, 25)).is_ok(), "began before");
        assert!(history.read("k", 0, (21, 25)).is_err());
        assert_eq!(history.begin("k", 30), 2);
        assert!(
            history.read("k", 2, (30, 31)).is_ok(),
            "begun, not acknowledged"
        );
        assert!(history.read("k", 1, (40, 41)).is_err(), "went back");
        assert!(history.read("k", 3, (40, 41)).is_err());
        assert_eq!(
            history.acknowledged(),
            BTreeMap::from([("k".to_owned(), 1)])
        );
    }
}
