//! A simulated disk: what was synced stays, of what was not a power cut leaves some beginning, which
//! every other time is nothing.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use quorate::host::Store;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep, sleep_until};

/// A disk; clones are the same one.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    /// Counts changes of files.
    changes: u64,
    journal: Vec<Vec<u8>>,
    /// How many entries of the journal last.
    synced: usize,
    /// When the last sync that was asked for ends, in this life of the computer.
    busy_until: Option<Instant>,
    life: u64,
    slowest_ms: u64,
    is_full: bool,
    rng: StdRng,
}

impl Disk {
    /// An empty disk.
    pub fn new(rng: StdRng) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            files: BTreeMap::new(),
            changes: 0,
            journal: Vec::new(),
            synced: 0,
            busy_until: None,
            life: 0,
            slowest_ms: 4,
            is_full: false,
            rng,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Another disk with the same content.
    pub fn copy(&self, rng: StdRng) -> Self {
        let copy = Self::new(rng);
        let from = self.inner();
        let mut to = copy.inner();
        to.files.clone_from(&from.files);
        to.journal = from.journal[..from.synced].to_vec();
        to.synced = from.synced;
        drop(to);
        copy
    }

    /// The process that used it is gone: its writes were with the system, and last.
    pub fn end_life(&self) {
        let mut inner = self.inner();
        inner.life += 1;
        inner.busy_until = None;
        inner.synced = inner.journal.len();
    }

    /// The power is cut: of what was not synced, a beginning of any length is there.
    pub fn cut_power(&self) {
        let mut inner = self.inner();
        let (synced, all) = (inner.synced, inner.journal.len());
        let kept = if inner.rng.random_bool(0.5) {
            synced
        } else {
            inner.rng.random_range(synced..=all)
        };
        inner.journal.truncate(kept);
        drop(inner);
        self.end_life();
    }

    /// How many entries of the journal a power cut may take.
    pub fn unsynced(&self) -> usize {
        let inner = self.inner();
        inner.journal.len() - inner.synced
    }

    /// Removes everything.
    pub fn wipe(&self) {
        let mut inner = self.inner();
        inner.files.clear();
        inner.journal.clear();
        inner.synced = 0;
        inner.changes += 1;
    }

    /// Makes every write fail, or not.
    pub fn set_full(&self, is_full: bool) {
        self.inner().is_full = is_full;
    }

    /// The longest time that a write may take, in milliseconds.
    pub fn set_slowest(&self, ms: u64) {
        self.inner().slowest_ms = ms;
    }

    /// Counts the changes of files, so that a reader knows whether to look again.
    pub fn changes(&self) -> u64 {
        self.inner().changes
    }
}

impl Inner {
    fn check(&self) -> io::Result<()> {
        if self.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn delay(&mut self) -> Duration {
        Duration::from_millis(self.rng.random_range(0..=self.slowest_ms))
    }
}

impl Store for Disk {
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.inner().files.get(file).cloned())
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.check()?;
        inner.changes += 1;
        inner.files.insert(file.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.check()?;
        inner.changes += 1;
        inner.files.remove(file);
        Ok(())
    }

    fn append(&self, entry: Vec<u8>) -> io::Result<()> {
        let mut inner = self.inner();
        inner.check()?;
        inner.journal.push(entry);
        Ok(())
    }

    fn sync(&self) -> BoxFuture<'static, io::Result<()>> {
        let mut inner = self.inner();
        let (count, life) = (inner.journal.len(), inner.life);
        // One after another, and never two in one millisecond: tokio's timer keeps no order there.
        let ready = Instant::now() + inner.delay();
        let after = inner.busy_until.map(|at| at + Duration::from_millis(1));
        let until = after.map_or(ready, |after| after.max(ready));
        inner.busy_until = Some(until);
        drop(inner);
        let disk = self.clone();
        async move {
            sleep_until(until).await;
            let mut inner = disk.inner();
            inner.check()?;
            if inner.life == life {
                inner.synced = inner.synced.max(count.min(inner.journal.len()));
            }
            Ok(())
        }
        .boxed()
    }

    fn journal(&self) -> io::Result<Vec<Vec<u8>>> {
        Ok(self.inner().journal.clone())
    }

    fn clear(&self, folder: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.check()?;
        let is_in = |name: &str| {
            name.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        inner.files.retain(|name, _| !is_in(name));
        inner.journal.clear();
        inner.synced = 0;
        inner.changes += 1;
        Ok(())
    }

    fn delay(&self) -> BoxFuture<'static, ()> {
        sleep(self.inner().delay()).boxed()
    }
}
