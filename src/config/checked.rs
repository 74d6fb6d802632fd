//! The configuration after all checks: typed, complete, and without contradiction.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::settings::SETTINGS;
use super::{GossipKey, Setting, TlsBlocks};
use crate::tls;
use crate::types::{AutopilotConfig, Datacenter, NodeId, NodeName};

/// What an agent is told to be. Each field is the setting of the same name in
/// [`SETTINGS`], where flags and defaults stand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting that people turn on and off by its name"
)]
pub struct Config {
    /// Name of this node; the host name if none was given.
    pub node_name: NodeName,
    /// Id of this node; none if the data directory is to make one.
    pub node_id: Option<NodeId>,
    /// Datacenter of this node.
    pub datacenter: Datacenter,
    /// Texts shown with this node in the catalogue; checked against Consul's bounds.
    pub node_meta: BTreeMap<String, String>,
    /// Where all that outlives the process is kept; none with `-dev`, and only then.
    pub data_dir: Option<PathBuf>,
    /// File for the process id.
    pub pid_file: Option<PathBuf>,
    /// `-dev` was given: one server, in memory, on loopback.
    pub dev: bool,
    /// Server or client.
    pub mode: Mode,
    /// Found a cluster alone, asking nobody: `-bootstrap`. Only on a server.
    pub bootstrap: bool,
    /// How many servers found the cluster together: 1 to 64, and only on a server without
    /// `bootstrap`. Unlike `bootstrap`, 1 heeds servers that are listed and silent (design,
    /// section 5, rule 5).
    pub bootstrap_expect: Option<u32>,
    /// How much must be known before a founding.
    pub bootstrap_safety: BootstrapSafety,
    /// Sources of the join engine, as written: addresses, names, or `provider=...` strings that
    /// passed the caller's check. May hold credentials: show them by [`Config::describe`] only.
    pub retry_join: Texts,
    /// Longest wait between two attempts of one source; above zero.
    pub retry_interval: Duration,
    /// Attempts before giving up; none for no end.
    pub retry_max: Option<u32>,
    /// Addresses to join once; failure ends the agent (design, section 6).
    pub start_join: Texts,
    /// Join the members of the last life even after a leave.
    pub rejoin_after_leave: bool,
    /// How long a failed member is kept in the list; from a file at least 8 h.
    pub reconnect_timeout: Duration,
    /// Key for gossip and joins.
    pub encrypt: Option<GossipKey>,
    /// Keys that open and do not seal: at most 8, none twice, none of them `encrypt`, and none
    /// without it.
    pub encrypt_accept: Vec<GossipKey>,
    /// What is said of TLS; what follows from it for the server port: [`Config::tls_of_rpc`].
    pub tls: TlsBlocks,
    /// Where gossip and the server port listen.
    pub bind_addr: IpAddr,
    /// Where others reach this agent; never unspecified.
    pub advertise_addr: IpAddr,
    /// Where the HTTP API listens; at least one.
    pub client_addrs: Vec<IpAddr>,
    /// The ports.
    pub ports: Ports,
    /// Scale of raft's times, 1 to 10.
    pub raft_multiplier: u8,
    /// How long a request is held while there is no leader.
    pub rpc_hold_timeout: Duration,
    /// Log entries between two snapshots; at least 1.
    pub raft_snapshot_threshold: u64,
    /// Log entries kept after a snapshot; at least 1.
    pub raft_trailing_logs: u64,
    /// What the first leader writes as the settings of autopilot.
    pub autopilot: AutopilotConfig,
    /// How long requests under way may go on when this server leaves or stops.
    pub leave_drain_time: Duration,
    /// A server that was away for longer does not start; at least 6 hours.
    pub server_rejoin_age_max: Duration,
    /// Leave on SIGTERM.
    pub leave_on_terminate: bool,
    /// Do not leave on SIGINT.
    pub skip_leave_on_interrupt: bool,
    /// Least important lines that are logged.
    pub log_level: LogLevel,
    /// Log JSON.
    pub log_json: bool,
}

impl Config {
    /// Every setting by its name in files, with its value in this configuration; secrets and
    /// credentials are hidden. Blocks are objects, as in a JSON file.
    pub fn describe(&self) -> Value {
        let mut shown = Map::new();
        for setting in SETTINGS {
            let value = (setting.show)(self);
            put(&mut shown, setting.key, value);
        }
        Value::Object(shown)
    }

    /// The settings that differ from another configuration's, secrets included.
    pub fn differences(&self, other: &Self) -> Vec<&'static Setting> {
        let differs = |setting: &&Setting| match setting.key {
            "encrypt" => self.encrypt != other.encrypt,
            "encrypt_accept" => self.encrypt_accept != other.encrypt_accept,
            _ => (setting.show)(self) != (setting.show)(other),
        };
        SETTINGS.iter().filter(differs).collect()
    }

    /// What holds for connections between agents: `tls.internal_rpc`, and `tls.defaults` where it
    /// says nothing.
    pub fn tls_of_rpc(&self) -> tls::Settings {
        self.tls.of_rpc(tls::server_name(&self.datacenter))
    }

    /// Says whether this server founds a cluster alone: by `bootstrap`, or by `-dev`.
    pub const fn founds_alone(&self) -> bool {
        matches!(self.mode, Mode::Server) && (self.bootstrap || self.dev)
    }

    /// Where gossip listens, over TCP and UDP.
    pub const fn gossip_bind(&self) -> SocketAddr {
        SocketAddr::new(self.bind_addr, self.ports.serf_lan)
    }

    /// Where requests and raft messages of other agents are taken.
    pub const fn server_bind(&self) -> SocketAddr {
        SocketAddr::new(self.bind_addr, self.ports.server)
    }

    /// Where the HTTP API listens; none if it is off.
    pub fn http_binds(&self) -> Vec<SocketAddr> {
        let Some(port) = self.ports.http else {
            return Vec::new();
        };
        let addrs = self.client_addrs.iter();
        addrs.map(|addr| SocketAddr::new(*addr, port)).collect()
    }
}

/// Puts a value where its name leads, through as many blocks as it has dots.
fn put(shown: &mut Map<String, Value>, key: &str, value: Value) {
    let Some((block, rest)) = key.split_once('.') else {
        shown.insert(key.to_owned(), value);
        return;
    };
    let block = shown
        .entry(block)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(block) = block {
        put(block, rest, value);
    }
}

/// Texts that may hold credentials: `Debug` hides them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Vec<String>);

impl Texts {
    /// Wraps texts.
    pub const fn new(texts: Vec<String>) -> Self {
        Self(texts)
    }

    /// The texts as written, credentials included.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Says whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.iter().map(super::mask::query);
        f.debug_list().entries(shown).finish()
    }
}

/// The ports of an agent; 0 stands for any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Requests and raft between agents.
    pub server: u16,
    /// Gossip, over TCP and UDP.
    pub serf_lan: u16,
    /// The HTTP API; none if it is off.
    pub http: Option<u16>,
}

/// The mode of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Keeps state and takes part in consensus.
    Server,
    /// Forwards to servers.
    Client,
}

/// Declares an enum whose values people write as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The word as documented.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The value of a word, in either case.
            pub(super) fn from_word(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) {
                    return Some(Self::$variant);
                })+
                None
            }
        }
    };
}

words! {
    /// How much must be known before a founding (design, section 5, rule 5).
    BootstrapSafety {
        /// Consent of more than half of all that could be servers.
        Majority = "majority",
        /// No address that was listed may be silent.
        Strict = "strict",
        /// What is not known does not count: Consul's way.
        Open = "open",
    }
}

words! {
    /// Least important lines that are logged.
    LogLevel {
        /// Everything, packets included.
        Trace = "TRACE",
        /// Decisions.
        Debug = "DEBUG",
        /// What an operator asked for happened.
        Info = "INFO",
        /// May heal by itself.
        Warn = "WARN",
        /// Somebody has to act.
        Error = "ERROR",
    }
}
