//! The JSON of Consul's API, and our words translated into it.
//!
//! The shapes are those of the agent reference, 6.3, 6.5, 6.7 and 6.10. The server writes them, the
//! client reads them; order and spelling of the fields are Consul's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::node::{Own, RaftConfiguration, RaftPeer, Stats};
use crate::state::{KvEntry, NodeEntry};
use crate::types::{Announcement, Member, NodeId, Role};

/// A member of the gossip pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MemberJson {
    /// Name of the node.
    pub name: String,
    /// IP address of its gossip.
    pub addr: String,
    /// Port of its gossip.
    pub port: u16,
    /// What it says of itself, in the tags of Consul (agent reference, 2.2).
    pub tags: BTreeMap<String, String>,
    /// 0 none, 1 alive, 2 leaving, 3 left, 4 failed.
    pub status: u8,
    /// Oldest gossip protocol, in Consul's counting.
    pub protocol_min: u8,
    /// Newest gossip protocol.
    pub protocol_max: u8,
    /// Gossip protocol in use.
    pub protocol_cur: u8,
    /// Oldest serf protocol.
    pub delegate_min: u8,
    /// Newest serf protocol.
    pub delegate_max: u8,
    /// Serf protocol in use.
    pub delegate_cur: u8,
}

impl From<&Member> for MemberJson {
    /// The protocol numbers are those that Consul 1.21 reports, for clients that look at them.
    fn from(member: &Member) -> Self {
        Self {
            name: member.says.name.to_string(),
            addr: member.says.gossip_addr.ip().to_string(),
            port: member.says.gossip_addr.port(),
            tags: tags(&member.says),
            status: member.status.code(),
            protocol_min: 1,
            protocol_max: 5,
            protocol_cur: 2,
            delegate_min: 2,
            delegate_max: 5,
            delegate_cur: 4,
        }
    }
}

/// The tags by which Consul's clients know a member (agent reference, 2.2), and `cluster`, which
/// Consul has not.
fn tags(says: &Announcement) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<&str, String> = BTreeMap::from([
        ("dc", says.datacenter.to_string()),
        ("id", says.node_id.to_string()),
        ("vsn", "2".to_owned()),
        ("vsn_min", "2".to_owned()),
        ("vsn_max", "3".to_owned()),
        ("build", says.build.clone()),
        ("segment", String::new()),
    ]);
    tags.extend(says.cluster.map(|id| ("cluster", id.to_string())));
    match &says.role {
        Role::Client => {
            tags.insert("role", "node".to_owned());
        }
        Role::Server(server) => {
            tags.insert("role", "consul".to_owned());
            tags.insert("port", server.rpc_addr.port().to_string());
            tags.insert("raft_vsn", "3".to_owned());
            tags.insert("acls", "0".to_owned());
            tags.extend(server.expect.map(|count| ("expect", count.to_string())));
            tags.extend(server.bootstrap.then(|| ("bootstrap", "1".to_owned())));
        }
    }
    tags.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// What `/v1/agent/self` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SelfJson {
    /// The few settings that Consul promises to show.
    pub config: SelfConfigJson,
    /// Every setting, secrets hidden.
    pub debug_config: Value,
    /// Network coordinate: always null, there are none.
    pub coord: Option<Value>,
    /// This agent as a member.
    pub member: MemberJson,
    /// Groups of values by name.
    pub stats: Stats,
    /// What the operator attached to the node.
    pub meta: BTreeMap<String, String>,
}

/// The settings under `Config` of `/v1/agent/self`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SelfConfigJson {
    /// The datacenter.
    pub datacenter: String,
    /// The same: there is one datacenter.
    pub primary_datacenter: String,
    /// Name of the node.
    pub node_name: String,
    /// Id of the node.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// Source revision: empty, it is not built in.
    pub revision: String,
    /// Server or client.
    pub server: bool,
    /// Version of the program.
    pub version: String,
    /// Date of the build: empty, so that equal sources give equal binaries.
    pub build_date: String,
}

impl SelfJson {
    /// Puts an agent's own picture into the shape. `member` is the agent as gossip sees it.
    pub(super) fn new(own: Own, member: &Member) -> Self {
        let datacenter = own.says.datacenter.to_string();
        Self {
            config: SelfConfigJson {
                primary_datacenter: datacenter.clone(),
                datacenter,
                node_name: own.says.name.to_string(),
                node_id: own.says.node_id.to_string(),
                revision: String::new(),
                server: own.says.server().is_some(),
                version: own.says.build.clone(),
                build_date: String::new(),
            },
            debug_config: with_gossip_address(own.settings, &own.says),
            coord: None,
            member: member.into(),
            stats: own.stats,
            meta: own.meta,
        }
    }
}

/// Consul's clients find the address to join at under this name (agent reference, 8.3,
/// `TestAPI_AgentJoin`).
fn with_gossip_address(mut settings: Value, says: &Announcement) -> Value {
    if let Value::Object(settings) = &mut settings {
        settings
            .entry("SerfAdvertiseAddrLAN")
            .or_insert_with(|| format!("tcp://{}", says.gossip_addr).into());
    }
    settings
}

/// What `/v1/agent/version` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionJson {
    /// Source revision: empty, it is not built in.
    #[serde(rename = "SHA")]
    pub sha: String,
    /// Date of the build: empty.
    #[serde(rename = "BuildDate")]
    pub build_date: String,
    /// Version of the program.
    #[serde(rename = "HumanVersion")]
    pub human_version: String,
    /// Kind of validated cryptography: empty for none.
    #[serde(rename = "FIPS")]
    pub fips: String,
}

/// A node of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeJson {
    /// Id of the node.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its name.
    pub node: String,
    /// Where it is reached.
    pub address: String,
    /// The datacenter.
    pub datacenter: String,
    /// The address again by kind of network; one address serves for all.
    pub tagged_addresses: BTreeMap<String, String>,
    /// What the operator attached, and the program's version.
    pub meta: BTreeMap<String, String>,
    /// Raft index of the registration that made it.
    pub create_index: u64,
    /// Raft index of the registration that last changed it.
    pub modify_index: u64,
}

impl From<NodeEntry> for NodeJson {
    fn from(entry: NodeEntry) -> Self {
        let record = entry.record;
        let address = record.address.to_string();
        let kinds = if record.address.is_ipv4() {
            ["lan", "lan_ipv4", "wan", "wan_ipv4"]
        } else {
            ["lan", "lan_ipv6", "wan", "wan_ipv6"]
        };
        let tagged = kinds.map(|kind| (kind.to_owned(), address.clone()));
        Self {
            id: record.id.to_string(),
            node: record.name.to_string(),
            address,
            datacenter: record.datacenter,
            tagged_addresses: tagged.into(),
            meta: record.meta.into_iter().collect(),
            create_index: entry.create_index,
            modify_index: entry.modify_index,
        }
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KvJson {
    /// How often it was locked: 0, there are no locks.
    pub lock_index: u64,
    /// The key.
    pub key: String,
    /// The clients' number.
    pub flags: u64,
    /// What it holds in base64; null if it holds nothing.
    pub value: Option<String>,
    /// Raft index of the write that made it.
    pub create_index: u64,
    /// Raft index of the last write that changed it.
    pub modify_index: u64,
}

impl From<KvEntry> for KvJson {
    fn from(entry: KvEntry) -> Self {
        Self {
            lock_index: 0,
            key: entry.key,
            flags: entry.flags,
            value: (!entry.value.is_empty()).then(|| STANDARD.encode(&entry.value)),
            create_index: entry.create_index,
            modify_index: entry.modify_index,
        }
    }
}

/// The raft configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RaftConfigurationJson {
    /// Its servers.
    pub servers: Vec<RaftServerJson>,
    /// Log index of the configuration.
    pub index: u64,
}

/// One server of the raft configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RaftServerJson {
    /// The node id, which is Consul's raft id; our raft id if gossip knows no such server.
    #[serde(rename = "ID")]
    pub id: String,
    /// Name of the node, or `(unknown)`.
    pub node: String,
    /// Where raft reaches it.
    pub address: String,
    /// It is the leader.
    pub leader: bool,
    /// Version of raft's protocol in Consul's counting.
    pub protocol_version: String,
    /// It votes.
    pub voter: bool,
    /// Last log index it is known to have.
    pub last_index: u64,
}

impl RaftConfigurationJson {
    /// Puts a configuration into the shape; `members` give the node ids.
    pub(super) fn new(configuration: RaftConfiguration, members: &[Member]) -> Self {
        let servers = configuration.peers.into_iter();
        Self {
            servers: servers.map(|peer| raft_server(peer, members)).collect(),
            index: configuration.index,
        }
    }
}

fn raft_server(peer: RaftPeer, members: &[Member]) -> RaftServerJson {
    let is_peer = |member: &&Member| {
        let server = member.says.server();
        server.is_some_and(|server| server.raft_id == peer.raft_id)
    };
    let node_id: Option<NodeId> = members.iter().find(is_peer).map(|found| found.says.node_id);
    RaftServerJson {
        id: node_id.map_or_else(|| peer.raft_id.to_string(), |id| id.to_string()),
        node: if peer.name.is_empty() {
            "(unknown)".to_owned()
        } else {
            peer.name
        },
        address: peer.address.to_string(),
        leader: peer.is_leader,
        protocol_version: "3".to_owned(),
        voter: peer.is_voter,
        last_index: peer.last_index,
    }
}
