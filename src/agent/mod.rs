//! The agent: builds every room from a [`Config`] and carries out what the
//! pure rooms decide.
//!
//! ```text
//!  sources --> join engine --> gossip --> founding rules --> raft --> leader's duties
//!     ^  (join_driver)           |        (founding)          |       (reconcile)
//!     +--- again when alone -----+                            +--> state <-- local <-- route <-- http
//! ```
//!
//! Owns the clock, randomness and tasks; holds no rule of its own. Embed it: [`Agent::start`].

mod addresses;
mod adopt;
mod age;
mod evidence;
mod founding;
mod ghosts;
mod gossip;
mod gossip_keys;
mod health;
mod join_driver;
mod leaving;
mod lives;
mod local;
mod lookup;
mod manager;
mod member_log;
mod membership;
mod newcomer;
mod node;
mod obstacle;
mod parts;
mod rebalance;
mod reconcile;
pub mod recover;
mod register;
mod reload;
mod removed;
mod route;
mod run;
mod server;
mod servers;
mod service;
mod start;
mod stats;
mod stranded;
mod tasks;
mod transport;
mod twin;
mod voters;
mod why;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use quorate_providers::Io;
use tokio::sync::mpsc;
use tracing::info;

use crate::config::Config;
use crate::datadir::DataDirError;
use crate::gossip::{GossipError, KeyError};
use crate::host::{Host, Real};
use crate::http::Node;
use crate::raft::RaftError;
use crate::rpc::RpcError;
use crate::tls::TlsError;
use node::AgentNode;
use parts::Parts;
use tasks::Tasks;

pub(crate) use lookup::chain;
pub use reload::Reload;
pub use run::run;

/// A running agent. Dropped without [`Agent::stop`], its tasks end with the runtime.
#[derive(Debug)]
pub struct Agent {
    parts: Arc<Parts>,
    tasks: Tasks,
    http_addr: Option<SocketAddr>,
    deaths: mpsc::Receiver<String>,
    ends: mpsc::Receiver<End>,
    wishes: Option<mpsc::Receiver<reload::Wish>>,
}

/// How an agent ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// It left the cluster, as it was asked to.
    Left,
    /// A founding it took part in is dead: started again with the same configuration, it wipes
    /// that founding's raft state and is blank again.
    Restart,
    /// A part of it failed; the text says which and why.
    Failed(String),
}

/// Why an agent does not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The gossip port.
    #[error(transparent)]
    Gossip(#[from] GossipError),
    /// The server port.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A certificate, a key, or the settings about them.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The raft log of a member is gone. Under its old id it would vote for the second time in a
    /// term, and writes that it acknowledged could be lost (raft study, R4).
    #[error(
        "the data directory {} belongs to a member of a cluster, but its raft log is gone; remove \
         the whole directory, and the server comes back as a new one",
        dir.display()
    )]
    LogLost {
        /// The data directory.
        dir: PathBuf,
    },
    /// An operator took this server out of its cluster; the text says when, and what to do.
    #[error("{0}")]
    Removed(String),
    /// The server was away for longer than `server_rejoin_age_max`. The text begins as Consul's.
    #[error(
        "refusing to rejoin cluster because server has been offline for more than the configured \
         server_rejoin_age_max ({max_hours}h0m0s): it was last seen {hours} hours ago; remove the \
         data directory {}, and it comes back as a new server, or raise the setting",
        dir.display()
    )]
    TooOld {
        /// Since it was last seen.
        hours: u64,
        /// As set.
        max_hours: u64,
        /// The data directory.
        dir: PathBuf,
    },
    /// The gossip key.
    #[error("encrypt")]
    Key(#[from] KeyError),
    /// Raft.
    #[error(transparent)]
    Raft(#[from] RaftError),
    /// A recovery that was begun, or that `peers.json` asks for.
    #[error(transparent)]
    Recover(#[from] recover::RecoverError),
    /// The HTTP port.
    #[error(
        "listen on {addr} for the HTTP API; choose another address with -client or another port with -http-port"
    )]
    Http {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
    /// The gossip port or the server port is not to be had.
    #[error("listen on {addr} for other agents, an address set by {setting}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The flags that set it.
        setting: &'static str,
        /// The system's word.
        source: std::io::Error,
    },
    /// An entry of `start_join` or `retry_join` is no source.
    #[error("{setting} `{entry}`: {reason}")]
    Source {
        /// The setting.
        setting: &'static str,
        /// The entry, secrets masked.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another file that the agent needs.
    #[error("{what}: {source}")]
    File {
        /// Operation and file.
        what: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// The process cannot listen to signals.
    #[error("listen to signals: {0}")]
    Signals(#[source] std::io::Error),
}

impl Agent {
    /// Starts an agent: everything listens when this returns; joining and founding go on behind.
    ///
    /// # Errors
    /// See [`AgentError`].
    pub async fn start(config: Config) -> Result<Self, AgentError> {
        Self::start_on(Arc::new(Real), Io::real(), config).await
    }

    /// As [`Agent::start`], on another host than the computer itself, as in a simulation; `io` is
    /// what providers and DNS names among the sources are asked through. The HTTP API and what
    /// lies inside a vendor's SDK go to the computer all the same.
    ///
    /// # Errors
    /// See [`AgentError`].
    pub async fn start_on(host: Arc<dyn Host>, io: Io, config: Config) -> Result<Self, AgentError> {
        start::start(host, io, config).await
    }

    /// The agent as its API sees it.
    pub fn node(&self) -> Arc<dyn Node> {
        Arc::new(AgentNode::new(Arc::clone(&self.parts)))
    }

    /// Where the HTTP API listens; none if it is off.
    pub const fn http_addr(&self) -> Option<SocketAddr> {
        self.http_addr
    }

    /// Where gossip listens.
    pub fn gossip_addr(&self) -> SocketAddr {
        self.parts.gossip.local_addr()
    }

    /// The leader's address, if a server knows it: on a client as gossip tells of servers.
    pub async fn leader(&self) -> Option<SocketAddr> {
        self.node().leader().await.ok().flatten()
    }

    fn why(&self) -> why::Why {
        self.parts.why.clone()
    }

    fn settings(&self) -> Arc<reload::Settings> {
        Arc::clone(&self.parts.settings)
    }

    /// The end at which wishes for a reload arrive; once it is taken, one that nothing arrives at.
    fn wishes(&mut self) -> mpsc::Receiver<reload::Wish> {
        let taken = self.wishes.take();
        taken.unwrap_or_else(|| mpsc::channel(1).1)
    }

    /// Returns when the agent ends by itself.
    pub async fn ended(&mut self) -> End {
        let raft = async {
            match &self.parts.raft {
                Some(raft) => raft.failed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(end) = self.ends.recv() => end,
            Some(task) = self.deaths.recv() => End::Failed(format!("task `{task}` panicked")),
            reason = raft => End::Failed(format!("raft failed: {reason}")),
            () = self.parts.gossip.ended() => End::Failed("gossip ended".to_owned()),
        }
    }

    /// Stops without leaving: hands leadership over, then closes everything. The others see a
    /// failed member until it is back.
    pub async fn stop(self) {
        self.parts.before_stop().await;
        self.tasks.stop().await;
        if let Some(raft) = &self.parts.raft {
            raft.shutdown().await;
        }
        self.parts.gossip.stop().await;
        if let Some(path) = &self.parts.config.pid_file {
            // Gone already is as good as removed.
            drop(std::fs::remove_file(path));
        }
        info!(target: "agent", "agent stopped");
    }
}

fn write_pid(config: &Config) -> Result<(), AgentError> {
    let Some(path) = &config.pid_file else {
        return Ok(());
    };
    std::fs::write(path, format!("{}\n", std::process::id())).map_err(|source| AgentError::File {
        what: format!("write the pid file {}", path.display()),
        source,
    })
}
