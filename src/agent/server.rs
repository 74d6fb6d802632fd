//! The server's half of an agent before its tasks run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::evidence::Evidence;
use super::founding::{Book, Founding, Rooms, Terms};
use super::start::Ground;
use super::transport::RpcTransport;
use super::{AgentError, End, age, recover, removed};
use crate::bootstrap;
use crate::config::{BootstrapSafety, Config};
use crate::gossip::Gossip;
use crate::host::Storage;
use crate::raft::{Raft, RaftConfig};
use crate::rpc::{Limits, Listener};
use crate::types::ServerRole;

/// Raft's part of the data directory (agent reference, 2.6).
const RAFT_DIR: &str = "raft";

/// The server's half of an agent before its tasks run.
pub(super) struct Server {
    pub(super) raft: Raft,
    pub(super) listener: Listener,
    pub(super) terms: Terms,
    pub(super) book: Book,
    pub(super) role: ServerRole,
}

impl Server {
    /// The founding, over the rooms that both modes have, and the server's port.
    pub(super) fn found(
        self,
        gossip: &Gossip,
        ground: &Ground,
        evidence: watch::Receiver<Evidence>,
        end: &mpsc::Sender<End>,
    ) -> (Arc<Founding>, Listener) {
        let rooms = Rooms {
            raft: self.raft,
            gossip: gossip.clone(),
            pool: ground.pool.clone(),
            membership: Arc::clone(&ground.membership),
            evidence,
            end: end.clone(),
        };
        let founding = Founding::new(self.terms, rooms, self.book);
        (Arc::new(founding), self.listener)
    }
}

/// Opens what only a server has: its port, its ledger, its raft.
///
/// # Errors
/// If the port, the ledger or the log cannot be opened, or the log is gone.
pub(super) async fn open(config: &Config, ground: &Ground) -> Result<Server, AgentError> {
    let bind = SocketAddr::new(config.bind_addr, config.ports.server);
    let limits = Limits {
        drain: config.leave_drain_time,
        ..Limits::default()
    };
    let identity = ground.identity.clone();
    let listener = Listener::with_limits(&*ground.host, bind, identity, limits)?;
    let rpc_addr = SocketAddr::new(config.advertise_addr, listener.addr().port());
    let prepared = ground.dir.work(|dir| {
        // The id before any file of raft's: without one they would look like somebody else's.
        recover::before_ids(dir)?;
        let raft_id = dir.raft_id()?;
        recover::at_start(dir)?;
        removed::check(dir, raft_id)?;
        Ok::<_, AgentError>(raft_id)
    });
    let raft_id = prepared.await?;
    let book = open_book(ground).await?;
    if book.ledger().raft_cluster().is_some() {
        age::check(
            &ground.dir,
            config.server_rejoin_age_max,
            ground.host.now_ms(),
        )?;
    }
    let transport = RpcTransport {
        pool: ground.pool.clone(),
        speech: book.speech(),
        lives: ground.lives.clone(),
    };
    let settings = RaftConfig {
        multiplier: config.raft_multiplier.into(),
        snapshot_threshold: config.raft_snapshot_threshold,
        trailing_logs: config.raft_trailing_logs,
    };
    let storage = ground.dir.storage();
    let raft = Raft::start(settings, raft_id, storage, Arc::new(transport)).await?;
    check_log(ground, &book, &raft).await?;
    let role = ServerRole {
        raft_id,
        rpc_addr,
        expect: config.bootstrap_expect,
        bootstrap: config.founds_alone(),
    };
    let terms = terms(config, ground, &role);
    Ok(Server {
        raft,
        listener,
        terms,
        book,
        role,
    })
}

/// Refuses a member whose raft log is gone. One that stopped after it entered its cluster and
/// before raft wrote anything has lost nothing.
async fn check_log(ground: &Ground, book: &Book, raft: &Raft) -> Result<(), AgentError> {
    if !raft.is_pristine().await? {
        return Ok(book.note_spoken().await?);
    }
    if book.ledger().cluster().is_some() && !book.is_unspoken().await? {
        let dir = ground.dir.path().map(PathBuf::from).unwrap_or_default();
        return Err(AgentError::LogLost { dir });
    }
    Ok(())
}

/// Opens the ledger, and brings it and the rest of the data directory into line.
async fn open_book(ground: &Ground) -> Result<Book, AgentError> {
    let mut book = Book::open(ground.dir.clone()).await?;
    if book.is_wiping() {
        wipe(ground.dir.storage()).await?;
        let wiped = book.ledger().wiped();
        book.write(wiped).await?;
    }
    match (book.ledger().cluster(), ground.former) {
        (Some(cluster), _) => ground.membership.enter(cluster).await?,
        (None, Some(former)) => {
            // A directory that was a client's of some cluster never founds another (rule 1).
            if let Some(heard) = book.ledger().with_heard(former) {
                book.write(heard).await?;
            }
        }
        (None, None) => {}
    }
    Ok(book)
}

/// Removes what a dead founding left: one entry that was never committed, and votes for it.
async fn wipe(storage: Storage) -> Result<(), AgentError> {
    let place = storage.clone();
    let wiped = storage.work(move || match place {
        Storage::Directory(dir) => match std::fs::remove_dir_all(dir.join(RAFT_DIR)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        Storage::Store(store) => store.clear(RAFT_DIR),
        Storage::Nowhere => Ok(()),
    });
    wiped.await.map_err(|source| AgentError::File {
        what: "wipe the raft state of a dead founding, the folder raft of the data directory"
            .to_owned(),
        source,
    })
}

fn terms(config: &Config, ground: &Ground, role: &ServerRole) -> Terms {
    let expectation = match (role.bootstrap, role.expect) {
        (true, _) => bootstrap::Expectation::Alone,
        (false, Some(expect)) => bootstrap::Expectation::Servers(expect),
        (false, None) => bootstrap::Expectation::Nothing,
    };
    Terms {
        server: bootstrap::Server {
            node_id: ground.node_id,
            raft_id: role.raft_id,
            name: config.node_name.clone(),
            rpc_addr: role.rpc_addr,
        },
        expectation,
        safety: match config.bootstrap_safety {
            BootstrapSafety::Strict => bootstrap::Safety::Strict,
            BootstrapSafety::Majority => bootstrap::Safety::Majority,
            BootstrapSafety::Open => bootstrap::Safety::Open,
        },
    }
}
