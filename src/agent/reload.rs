//! Takes the settings again without a restart, as far as that can be (agent reference, 5.8).
//!
//! A configuration that is wrong changes nothing. What can only be taken at a start is named, so
//! that nobody thinks it was: Consul says nothing of it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use crate::config::{Config, LogLevel};
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

/// A wish to have the settings read again, and where to say what came of it.
pub(super) type Wish = oneshot::Sender<Result<(), String>>;

/// The settings in force, and the wishes to read them again.
#[derive(Debug)]
pub(super) struct Settings {
    now: watch::Sender<Arc<Config>>,
    wishes: mpsc::Sender<Wish>,
    tls: Tls,
}

impl Settings {
    /// Begins with those of the start; gives the end at which wishes arrive.
    pub(super) fn new(config: Config, tls: Tls) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, arrive) = mpsc::channel(4);
        let now = watch::Sender::new(Arc::new(config));
        (Self { now, wishes, tls }, arrive)
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
    /// Every mistake in them, or that this agent was not started from any source.
    pub(super) async fn wish(&self) -> Result<(), String> {
        let (done, told) = oneshot::channel();
        let nobody = || "this agent was started by a program that does not reload".to_owned();
        self.wishes.try_send(done).map_err(|_busy| nobody())?;
        told.await.map_err(|_ended| nobody())?
    }

    /// Reads the settings again and takes what can be taken. Certificates are read again whether
    /// their settings have changed or not.
    ///
    /// # Errors
    /// Every mistake in them, or the file that cannot be used; the old ones stay.
    pub(super) fn reload(&self, reload: &Reload) -> Result<(), String> {
        let next = (reload.load)().inspect_err(|mistakes| {
            error!(target: "agent", error = mistakes, "settings not reloaded, the old ones stay");
        })?;
        self.tls.reload(&next.tls_of_rpc()).map_err(|mistake| {
            let mistake = mistake.to_string();
            error!(target: "agent", error = mistake, "settings not reloaded, the old ones stay");
            mistake
        })?;
        let before = self.now();
        let changed = before.differences(&next);
        let (taken, left): (Vec<_>, Vec<_>) = changed.iter().partition(|one| one.is_reloaded);
        let names = |settings: &[&&crate::config::Setting]| {
            let names: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
            names.join(", ")
        };
        if !left.is_empty() {
            warn!(target: "agent", settings = names(&left), "changed settings need a restart");
        }
        (reload.set_log_level)(next.log_level);
        self.now.send_replace(Arc::new(Config {
            log_level: next.log_level,
            node_meta: next.node_meta,
            tls: next.tls,
            ..(*before).clone()
        }));
        info!(target: "agent", settings = names(&taken), "settings reloaded");
        Ok(())
    }
}
