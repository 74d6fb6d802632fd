//! Takes the settings again without a restart, as far as that can be (agent reference, 5.8).
//!
//! A configuration that is wrong changes nothing. What can only be taken at a start is named, so
//! that nobody thinks it was: Consul says nothing of it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::gossip_keys;
use crate::config::{Config, LogLevel, Setting};
use crate::gossip::{Gossip, Keys};
use crate::tls::Tls;

/// How the settings of a running agent are read again, and what of them lies outside of it.
pub struct Reload {
    /// Reads all sources again; the error names every mistake.
    pub load: Box<dyn Fn() -> Result<Config, String> + Send + Sync>,
    /// Sets how much is logged from here on.
    pub set_log_level: Box<dyn Fn(LogLevel) + Send + Sync>,
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").finish_non_exhaustive()
    }
}

/// How many wishes may wait; what comes while one is met is met together by the next reading.
/// Chosen: what one address has of connections to the API, and some.
pub(super) const WISHES_MAX: usize = 256;

/// A wish to have the settings read again, and where to say what came of it.
pub(super) type Wish = oneshot::Sender<Result<(), String>>;

/// The settings in force, and the wishes to read them again.
#[derive(Debug)]
pub(super) struct Settings {
    now: watch::Sender<Arc<Config>>,
    wishes: mpsc::Sender<Wish>,
    tls: Tls,
    gossip: Gossip,
}

impl Settings {
    /// Begins with those of the start; gives the end at which wishes arrive.
    pub(super) fn new(config: Config, tls: Tls, gossip: Gossip) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, arrive) = mpsc::channel(WISHES_MAX);
        let now = watch::Sender::new(Arc::new(config));
        let settings = Self {
            now,
            wishes,
            tls,
            gossip,
        };
        (settings, arrive)
    }

    /// The settings in force.
    pub(super) fn now(&self) -> Arc<Config> {
        Arc::clone(&self.now.borrow())
    }

    /// Follows the settings in force.
    pub(super) fn watch(&self) -> watch::Receiver<Arc<Config>> {
        self.now.subscribe()
    }

    /// Has the settings read again, and waits until they are.
    ///
    /// # Errors
    /// Every mistake in them, that too many others wait, or that this agent was not started from
    /// any source.
    pub(super) async fn wish(&self) -> Result<(), String> {
        let (done, told) = oneshot::channel();
        let nobody = || "this agent was started by a program that does not reload".to_owned();
        self.wishes.try_send(done).map_err(|error| match error {
            TrySendError::Full(_) => "busy: too many wait for a reload, ask again".to_owned(),
            TrySendError::Closed(_) => nobody(),
        })?;
        told.await.map_err(|_ended| nobody())?
    }

    /// Reads the settings again and takes what can be taken. Certificates are read again whether
    /// their settings have changed or not.
    ///
    /// # Errors
    /// Every mistake in them, or the file that cannot be used; the old ones stay.
    pub(super) fn reload(&self, reload: &Reload) -> Result<(), String> {
        let (next, keys) = self.read(reload).inspect_err(|mistakes| {
            error!(target: "agent", error = mistakes, "settings not reloaded, the old ones stay");
        })?;
        let before = self.now();
        let is_switched = gossip_keys::are_switched(&before, &next);
        let is_taken = |one: &&'static Setting| one.is_reloaded && !(is_switched && is_key(one));
        let changed = before.differences(&next);
        let (taken, left): (Vec<_>, Vec<_>) = changed.into_iter().partition(is_taken);
        if !left.is_empty() {
            warn!(target: "agent", settings = names(&left), "changed settings need a restart");
        }
        (reload.set_log_level)(next.log_level);
        let mut now = Config {
            log_level: next.log_level,
            node_meta: next.node_meta,
            tls: next.tls,
            ..(*before).clone()
        };
        if let Some(keys) = keys.filter(|_| taken.iter().any(|one| is_key(one))) {
            gossip_keys::renew(&self.gossip, keys);
            (now.encrypt, now.encrypt_accept) = (next.encrypt, next.encrypt_accept);
        }
        self.now.send_replace(Arc::new(now));
        info!(target: "agent", settings = names(&taken), "settings reloaded");
        Ok(())
    }

    /// Reads settings, keys and certificates; only if all are good the certificates are in force.
    fn read(&self, reload: &Reload) -> Result<(Config, Option<Keys>), String> {
        let next = (reload.load)()?;
        let keys = gossip_keys::of(&next).map_err(|mistake| mistake.to_string())?;
        let tls = self.tls.reload(&next.tls_of_rpc());
        tls.map_err(|mistake| mistake.to_string())?;
        Ok((next, keys))
    }
}

/// Whether a setting says which keys there are.
fn is_key(setting: &Setting) -> bool {
    matches!(setting.key, "encrypt" | "encrypt_accept")
}

fn names(settings: &[&'static Setting]) -> String {
    let names: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
    names.join(", ")
}
