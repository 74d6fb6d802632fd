//! The JSON of the endpoints that are not keys.

use serde_json::{Value, json};

use super::get;
use crate::http::fake::serve_fake;

async fn get_json(target: &str) -> Value {
    let served = serve_fake().await;
    let seen = get(&served, target).await;
    assert_eq!(seen.status, 200, "{target}");
    assert_eq!(seen.header("content-type"), "application/json");
    serde_json::from_str(&seen.body).unwrap()
}

fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012x}")
}

fn s1() -> Value {
    json!({
        "Name": "s1",
        "Addr": "192.0.2.1",
        "Port": 8301,
        "Tags": {
            "acls": "0", "build": "0.1.0", "cluster": id(0xc), "dc": "dc1", "expect": "3",
            "id": id(1), "port": "8300", "raft_vsn": "3", "role": "consul", "segment": "",
            "vsn": "2", "vsn_max": "3", "vsn_min": "2",
        },
        "Status": 1,
        "ProtocolMin": 1, "ProtocolMax": 5, "ProtocolCur": 2,
        "DelegateMin": 2, "DelegateMax": 5, "DelegateCur": 4,
    })
}

#[tokio::test]
async fn members_have_consuls_tags() {
    let members = get_json("/v1/agent/members").await;
    assert_eq!(members[0], s1());
    let client = json!({
        "build": "0.1.0", "cluster": id(0xc), "dc": "dc1", "id": id(50), "role": "node",
        "segment": "", "vsn": "2", "vsn_max": "3", "vsn_min": "2",
    });
    assert_eq!(members[2]["Tags"], client);
    assert_eq!(members[1]["Status"], 4);
}

#[tokio::test]
async fn an_agent_shows_itself() {
    let own = get_json("/v1/agent/self").await;
    let expected = json!({
        "Config": {
            "Datacenter": "dc1", "PrimaryDatacenter": "dc1", "NodeName": "s1", "NodeID": id(1),
            "Revision": "", "Server": true, "Version": "0.1.0", "BuildDate": "",
        },
        "DebugConfig": {"Encrypt": "hidden", "SerfAdvertiseAddrLAN": "tcp://192.0.2.1:8301"},
        "Coord": null,
        "Member": s1(),
        "Stats": {"agent": {"checks": "0"}, "raft": {"applied_index": "142", "num_peers": "2"}},
        "Meta": {"rack": "a"},
    });
    assert_eq!(own, expected);
}

#[tokio::test]
async fn versions_nodes_and_datacenters_have_consuls_shape() {
    let version = json!({"SHA": "", "BuildDate": "", "HumanVersion": "0.1.0", "FIPS": ""});
    assert_eq!(get_json("/v1/agent/version").await, version);
    assert_eq!(get_json("/v1/catalog/datacenters").await, json!(["dc1"]));
    let nodes = json!([{
        "ID": id(1),
        "Node": "s1",
        "Address": "192.0.2.1",
        "Datacenter": "dc1",
        "TaggedAddresses": {
            "lan": "192.0.2.1", "lan_ipv4": "192.0.2.1",
            "wan": "192.0.2.1", "wan_ipv4": "192.0.2.1",
        },
        "Meta": {"rack": "a"},
        "CreateIndex": 4,
        "ModifyIndex": 5,
    }]);
    assert_eq!(get_json("/v1/catalog/nodes").await, nodes);
}

#[tokio::test]
async fn the_raft_configuration_names_servers_by_their_node_ids() {
    let served = serve_fake().await;
    let seen = get(&served, "/v1/operator/raft/configuration?stale").await;
    let found: Value = serde_json::from_str(&seen.body).unwrap();
    let row = |number: u32, leader, voter, last_index| {
        json!({
            "ID": id(number), "Node": format!("s{number}"),
            "Address": format!("192.0.2.{number}:8300"), "Leader": leader,
            "ProtocolVersion": "3", "Voter": voter, "LastIndex": last_index,
        })
    };
    let expected = json!({
        "Servers": [
            row(1, true, true, 142), row(3, false, false, 141), row(2, false, true, 139),
        ],
        "Index": 9,
    });
    assert_eq!(found, expected);
    assert_eq!(served.node.calls(), ["raft_configuration true"]);
}

#[test]
fn a_raft_server_that_gossip_does_not_know_goes_by_its_raft_id() {
    use crate::http::{RaftConfiguration, RaftConfigurationJson, RaftPeer};
    use crate::types::RaftId;

    let peer = RaftPeer {
        raft_id: RaftId::new(5),
        name: String::new(),
        address: ([192, 0, 2, 5], 8300).into(),
        is_leader: false,
        is_voter: true,
        last_index: 0,
    };
    let configuration = RaftConfiguration {
        peers: vec![peer],
        index: 1,
    };
    let shape = RaftConfigurationJson::new(configuration, &[]);
    let [server] = shape.servers.as_slice() else {
        panic!("one server");
    };
    assert_eq!(
        (server.id.clone(), server.node.as_str()),
        (id(5), "(unknown)")
    );
}
