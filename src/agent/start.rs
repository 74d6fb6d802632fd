//! Builds an agent: identity, doors, rooms, tasks, in this order, so that nothing is written
//! before the configuration is known to be good and nothing runs before everything listens.

use std::net::SocketAddr;
use std::sync::Arc;

use quorate_providers::Io;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tracing::info;

use super::evidence::Evidence;
use super::health::Health;
use super::join_driver::{JoinDriver, Sources};
use super::lives::Lives;
use super::local::Local;
use super::lookup::Lookup;
use super::membership::{self, Membership};
use super::newcomer::Newcomers;
use super::node::AgentNode;
use super::parts::Parts;
use super::reconcile::Reconciler;
use super::reload::Settings;
use super::route::Router;
use super::service::ServerPort;
use super::tasks::Tasks;
use super::why::{self, Teller, Why, Word};
use super::{
    Agent, AgentError, addresses, adopt, age, gossip, member_log, obstacle, rebalance, register,
    removed, server, stranded, twin, write_pid,
};
use crate::config::{Config, Mode};
use crate::datadir::{DataDir, Home};
use crate::gossip::Gossip;
use crate::host::{Host, Storage};
use crate::http;
use crate::raft::Raft;
use crate::rpc::{Identity, Limits, Listener, Pool};
use crate::tls::Tls;
use crate::types::{ClusterId, NodeId};

/// Everything that both modes have.
pub(super) struct Ground {
    pub(super) host: Arc<dyn Host>,
    pub(super) dir: DataDir,
    pub(super) node_id: NodeId,
    pub(super) generation: u64,
    pub(super) membership: Arc<Membership>,
    pub(super) identity: Identity,
    pub(super) pool: Pool,
    /// Which lives of which nodes raft may speak with.
    pub(super) lives: Lives,
    /// The cluster that the record of a former life names.
    pub(super) former: Option<ClusterId>,
    /// Addresses of the others in the last life.
    pub(super) remembered: Vec<Home>,
}

pub(super) async fn start(
    host: Arc<dyn Host>,
    io: Io,
    config: Config,
) -> Result<Agent, AgentError> {
    let (sources, tls) = (Sources::parse(&config)?, Tls::load(&config.tls_of_rpc())?);
    let http = bind_http(&config).await?;
    check_addresses(&*host, &config)?;
    let ground = lay_ground(host, &config, tls.clone()).await?;
    let server = match config.mode {
        Mode::Server => Some(server::open(&config, &ground).await?),
        Mode::Client => None,
    };
    let gossip = gossip::start(&config, &ground, server.as_ref().map(|server| &server.role))?;
    write_pid(&config)?;
    let (tasks, deaths) = Tasks::new();
    let (end, ends) = mpsc::channel(4);
    let (evidence, seen) = watch::channel(sources.untold());
    let (registered, is_registered) = watch::channel(false);
    let (sights, seen_sources) = watch::channel(sources.unasked());
    let (why, teller) = Why::new(seen_sources, ground.host.now_ms());
    let (word, told) = watch::channel(None);
    let (settings, wishes) = Settings::new(config.clone(), tls.clone(), gossip.clone());

    let raft = server.as_ref().map(|server| server.raft.clone());
    let router = router(&config, &ground, &gossip, raft.as_ref(), &tasks);
    let founded = server.map(|server| server.found(&gossip, &ground, seen, &end));
    let (founding, listener) = founded.unzip();
    let parts = Arc::new(Parts {
        dir: ground.dir.clone(),
        membership: ground.membership,
        lookup: Lookup::new(io, gossip.local_addr().port()),
        gossip,
        router: Arc::new(router),
        raft,
        founding,
        registered: is_registered,
        end,
        settings: Arc::new(settings),
        why,
        told,
        host: ground.host,
        tls,
        config,
    });
    let http_addr = serve_http(http, &parts, &tasks)?;
    if let Some(listener) = listener {
        spawn_server(&parts, &tasks, listener, ground.lives);
    }
    spawn_common(&parts, &tasks, registered, evidence.subscribe());
    spawn_why(&parts, &tasks, teller, word);
    let sources = sources.with_remembered(ground.remembered);
    tasks.spawn(
        "join",
        JoinDriver::new(&parts, sources, evidence, sights).run(),
    );
    Ok(Agent {
        parts,
        tasks,
        http_addr,
        deaths,
        ends,
        wishes: Some(wishes),
    })
}

/// The way for requests: to this agent's own raft, if it has one, and to the servers.
fn router(
    config: &Config,
    ground: &Ground,
    gossip: &Gossip,
    raft: Option<&Raft>,
    tasks: &Tasks,
) -> Router {
    let (pool, hold) = (ground.pool.clone(), config.rpc_hold_timeout);
    let local =
        raft.map(|raft| Local::new(raft.clone(), Arc::clone(&ground.host), tasks.stopping()));
    Router::new(gossip.clone(), pool, local, hold)
}

/// What both modes do.
fn spawn_common(
    parts: &Arc<Parts>,
    tasks: &Tasks,
    registered: watch::Sender<bool>,
    evidence: watch::Receiver<Evidence>,
) {
    let (gossip, membership) = (&parts.gossip, &parts.membership);
    let (settings, says) = (parts.settings.watch(), gossip.own());
    tasks.spawn(
        "register",
        register::run(Arc::clone(&parts.router), says, settings, registered),
    );
    tasks.spawn("member-log", member_log::run(gossip.watch()));
    tasks.spawn(
        "announce",
        membership::announce(membership.watch(), gossip.clone()),
    );
    tasks.spawn("open", obstacle::open(gossip.clone(), evidence.clone()));
    let end = parts.end.clone();
    let is_id_configured = parts.config.node_id.is_some();
    tasks.spawn(
        "twin",
        twin::run(gossip.clone(), evidence.clone(), is_id_configured, end),
    );
    if parts.raft.is_none() {
        let router = Arc::clone(&parts.router);
        tasks.spawn("rebalance", rebalance::run(router, gossip.clone()));
        let membership = Arc::clone(membership);
        tasks.spawn("adopt", adopt::run(gossip.clone(), membership, evidence));
        tasks.spawn("stranded", stranded::run(Arc::clone(parts)));
    }
}

/// Says why, and on a client asks the servers.
fn spawn_why(parts: &Arc<Parts>, tasks: &Tasks, teller: Teller, word: watch::Sender<Word>) {
    tasks.spawn("why", why::run(Arc::clone(parts), teller));
    if parts.raft.is_none() {
        let router = Arc::clone(&parts.router);
        let registered = parts.registered.clone();
        tasks.spawn("told", why::ask_servers(router, registered, word));
    }
}

/// What only a server does.
fn spawn_server(parts: &Arc<Parts>, tasks: &Tasks, listener: Listener, lives: Lives) {
    let (Some(raft), Some(founding), Some(local)) =
        (&parts.raft, &parts.founding, parts.router.local())
    else {
        return;
    };
    let (initial, gossip) = (parts.config.autopilot.clone(), parts.gossip.clone());
    let health = Health::new(Arc::clone(&parts.host), local.report());
    let newcomers = Newcomers::new(parts.router.pool().clone(), parts.tls.clone());
    let duties = Reconciler::new(raft.clone(), gossip, health, newcomers, initial);
    let membership = Arc::clone(&parts.membership);
    tasks.spawn("reconcile", duties.run(move || membership.cluster()));
    tasks.spawn(
        "addresses",
        addresses::run(parts.gossip.watch(), raft.clone()),
    );
    tasks.spawn("removed", removed::run(Arc::clone(parts), raft.clone()));
    let host = Arc::clone(&parts.host);
    tasks.spawn("age", age::run(parts.dir.clone(), host));
    tasks.spawn("founding", Arc::clone(founding).run());
    let port = Arc::new(ServerPort {
        raft: raft.clone(),
        local: local.clone(),
        router: Arc::clone(&parts.router),
        founding: Arc::clone(founding),
        lives,
        why: parts.why.clone(),
        tls: parts.tls.clone(),
    });
    let stopping = tasks.stopping();
    tasks.spawn_to_end("rpc", listener.serve(port, stopping.cancelled_owned()));
}

async fn lay_ground(host: Arc<dyn Host>, config: &Config, tls: Tls) -> Result<Ground, AgentError> {
    let dir = open_dir(&*host, config).await?;
    let (node_id, now_ms) = (config.node_id, host.now_ms());
    let rejoins = config.rejoin_after_leave;
    let read = dir.work(move |dir| {
        let node_id = dir.node_id(node_id)?;
        let generation = dir.generation(now_ms)?;
        Ok::<_, AgentError>((
            node_id,
            generation,
            Membership::remembered(dir)?,
            dir.peers_to_meet(rejoins)?,
        ))
    });
    let (node_id, generation, former, remembered) = read.await?;
    // A server goes by its ledger, which is opened later.
    let cluster = former.filter(|_| config.mode == Mode::Client);
    let membership = Arc::new(Membership::new(dir.clone(), cluster));
    let (name, datacenter) = (config.node_name.clone(), config.datacenter.clone());
    let identity = Identity::new(node_id, name, datacenter, membership.watch())
        .in_life(generation)
        .proven_by(tls);
    let pool = Pool::on(Arc::clone(&host), identity.clone(), Limits::default());
    Ok(Ground {
        host,
        dir,
        node_id,
        generation,
        membership,
        identity,
        pool,
        lives: Lives::new(generation),
        former,
        remembered,
    })
}

async fn open_dir(host: &dyn Host, config: &Config) -> Result<DataDir, AgentError> {
    if let Some(store) = host.store() {
        return Ok(DataDir::on(store));
    }
    let Some(path) = config.data_dir.clone() else {
        return Ok(DataDir::memory());
    };
    let place = Storage::Directory(path.as_path().to_owned());
    Ok(place.work(move || DataDir::open(path.as_path())).await?)
}

async fn bind_http(config: &Config) -> Result<Vec<TcpListener>, AgentError> {
    let mut listeners = Vec::new();
    for addr in config.http_binds() {
        let listener = TcpListener::bind(addr).await;
        listeners.push(listener.map_err(|source| AgentError::Http { addr, source })?);
    }
    Ok(listeners)
}

/// Finds out whether the other listeners will come about, before anything is written.
fn check_addresses(host: &dyn Host, config: &Config) -> Result<(), AgentError> {
    let listen = |addr: SocketAddr, setting: &'static str| {
        let bound = host.listen(addr).map(drop);
        bound.map_err(|source| AgentError::Listen {
            addr,
            setting,
            source,
        })
    };
    listen(config.gossip_bind(), "-bind and -serf-lan-port")?;
    if config.mode == Mode::Server {
        listen(config.server_bind(), "-bind and -server-port")?;
    }
    Ok(())
}

/// Serves the API at every address; gives the first.
fn serve_http(
    listeners: Vec<TcpListener>,
    parts: &Arc<Parts>,
    tasks: &Tasks,
) -> Result<Option<SocketAddr>, AgentError> {
    let mut first = None;
    for listener in listeners {
        let addr = listener.local_addr().map_err(|source| AgentError::File {
            what: "read the address of the HTTP API".to_owned(),
            source,
        })?;
        first.get_or_insert(addr);
        info!(target: "agent", address = %addr, network = "tcp", protocol = "http",
            "Starting server");
        let node = Arc::new(AgentNode::new(Arc::clone(parts)));
        let stopping = tasks.stopping();
        tasks.spawn_to_end(
            "http",
            http::serve(listener, node, stopping.cancelled_owned()),
        );
    }
    Ok(first)
}
