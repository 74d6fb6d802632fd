//! What went wrong of late, for the log and for whoever asks why.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Fault;

/// How many are remembered; the oldest makes room.
const KEPT_MAX: usize = 64;
/// How often one that goes on is a line in the log (demand study, P4).
const TELL_INTERVAL: Duration = Duration::from_mins(1);
/// How many are a line in the log within that time.
const TOLD_MAX: usize = 16;

/// A connection that did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The other side: the address dialled, or the one it called from.
    pub addr: SocketAddr,
    /// The other side called; else it was dialled.
    pub is_caller: bool,
    /// What is wrong.
    pub fault: Fault,
    at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Troubles {
    kept: Mutex<Vec<Trouble>>,
    told: Mutex<Vec<Told>>,
}

/// Whose fault was a line in the log, whether it called, which fault, and when.
type Told = (IpAddr, bool, Fault, Instant);

impl Troubles {
    pub(super) fn note(&self, addr: SocketAddr, is_caller: bool, fault: &Fault) {
        let now = Instant::now();
        {
            let mut kept = lock(&self.kept);
            kept.retain(|one| !is_same(one, addr, is_caller));
            if kept.len() >= KEPT_MAX {
                kept.remove(0);
            }
            kept.push(Trouble {
                addr,
                is_caller,
                fault: fault.clone(),
                at: now,
            });
        }
        if self.may_tell(addr.ip(), is_caller, fault, now) {
            let reason = "tls-mismatch";
            if is_caller {
                tracing::warn!(target: "agent.tls", reason, %addr, error = %fault, "refused a caller");
            } else {
                tracing::warn!(target: "agent.tls", reason, %addr, error = %fault, "no connection to a listener");
            }
        }
    }

    /// The listener at an address is well.
    pub(super) fn well(&self, addr: SocketAddr) {
        lock(&self.kept).retain(|one| one.is_caller || one.addr != addr);
    }

    pub(super) fn within(&self, time: Duration) -> Vec<Trouble> {
        let kept = lock(&self.kept);
        let fresh = kept.iter().rev().filter(|one| one.at.elapsed() < time);
        fresh.cloned().collect()
    }

    fn may_tell(&self, ip: IpAddr, is_caller: bool, fault: &Fault, now: Instant) -> bool {
        let mut told = lock(&self.told);
        told.retain(|(.., at)| now.saturating_duration_since(*at) < TELL_INTERVAL);
        let is_told =
            |(of, called, last, _): &Told| (*of, *called) == (ip, is_caller) && last == fault;
        if told.iter().any(is_told) || told.len() >= TOLD_MAX {
            return false;
        }
        told.push((ip, is_caller, fault.clone(), now));
        true
    }
}

/// Callers come from another port each time.
fn is_same(one: &Trouble, addr: SocketAddr, is_caller: bool) -> bool {
    let is_there = if is_caller {
        one.addr.ip() == addr.ip()
    } else {
        one.addr == addr
    };
    one.is_caller == is_caller && is_there
}

/// The locks are held for a look or a change only, never over an await.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
