//! What the file may say, and which id the cluster has then.

use super::*;
use crate::types::NodeId;

fn server(n: u8) -> StoredPeer {
    StoredPeer {
        id: RaftId::new(u128::from(n) << 64),
        peer: Peer {
            node_id: NodeId::new(n.into()),
            name: format!("s{n}"),
            rpc_addr: SocketAddr::from(([192, 0, 2, n], 8300)),
        },
        is_voter: true,
    }
}

fn stored(voters: &[u8]) -> Stored {
    Stored {
        term: 3,
        last: Some((9, 3)),
        snapshot: None,
        committed: Some(9),
        peers: voters.iter().map(|n| server(*n)).collect(),
        is_torn: false,
    }
}

fn entry(id: &impl ToString, n: u8) -> String {
    let id = id.to_string();
    format!(r#"{{"id": "{id}", "address": "198.51.100.{n}:8300"}}"#)
}

fn read(text: &str) -> Result<Vec<StoredPeer>, String> {
    let entries = parse(text.as_bytes());
    let peers = entries.and_then(|entries| configuration(entries, &stored(&[1, 2, 3])));
    peers.map_err(|error| error.to_string())
}

#[test]
fn a_server_is_named_by_its_node_id_or_its_raft_id_and_gets_the_new_address() {
    let (one, two) = (server(1), server(2));
    let text = format!("[{}, {}]", entry(&one.peer.node_id, 1), entry(&two.id, 2));
    let peers = read(&text).unwrap();
    assert_eq!(peers[0].id, one.id);
    assert_eq!(peers[0].peer.name, "s1");
    assert_eq!(peers[0].peer.rpc_addr.to_string(), "198.51.100.1:8300");
    assert_eq!(peers[1].id, two.id);
    assert!(peers.iter().all(|peer| peer.is_voter));
}

#[test]
fn a_node_id_with_two_disks_is_not_guessed_at() {
    let mut twice = stored(&[1, 2]);
    twice.peers[1].peer.node_id = twice.peers[0].peer.node_id;
    let id = twice.peers[0].peer.node_id.to_string();
    let why = resolve(&id, &twice).unwrap_err().to_string();
    assert!(why.contains(&twice.peers[1].id.to_string()), "{why}");
}

#[test]
fn what_is_wrong_with_the_file_is_said() {
    let one = server(1).id;
    let rows = [
        ("[".to_owned(), "EOF"),
        (r#"["192.0.2.1:8300"]"#.to_owned(), "raft protocol 2"),
        ("[]".to_owned(), "need at least one voter"),
        (
            format!(r#"[{{"id": "{one}", "address": "a:8300"}}]"#),
            "is not an IP address with a port",
        ),
        (
            format!(r#"[{{"id": "{one}", "address": "192.0.2.1:8300", "nonvoter": true}}]"#),
            "nonvoter",
        ),
        (
            format!(r#"[{{"id": "{one}", "address": "192.0.2.1:8300", "non_voter": true}}]"#),
            "need at least one voter",
        ),
        (
            format!("[{}, {}]", entry(&one, 1), entry(&one, 2)),
            "duplicate ID",
        ),
        (
            format!("[{}, {}]", entry(&one, 1), entry(&server(2).id, 1)),
            "duplicate address",
        ),
        (
            format!("[{}]", entry(&server(9).id, 1)),
            "s2 at 192.0.2.2:8300",
        ),
    ];
    for (text, said) in rows {
        let why = read(&text).unwrap_err();
        assert!(
            why.starts_with("recovery failed to parse peers.json: "),
            "{why}"
        );
        assert!(why.contains(said), "{text}: {why}");
    }
}

#[test]
fn the_id_stays_where_majorities_meet_and_is_else_the_same_new_one_for_all() {
    let former = ClusterId::new(7);
    let next = |old: &[u8], new: &[u8]| {
        let peers: Vec<StoredPeer> = new.iter().map(|n| server(*n)).collect();
        next_cluster(former, &stored(old), &peers)
    };
    assert_eq!(next(&[1, 2, 3], &[1, 2, 3]), former);
    assert_eq!(next(&[1, 2, 3], &[1, 2]), former);
    let alone = next(&[1, 2, 3], &[1]);
    assert_ne!(alone, former);
    assert_ne!(next(&[1, 2, 3], &[2]), alone);
    let two = next(&[1, 2, 3, 4, 5], &[1, 2]);
    assert_ne!(two, former);
    assert_eq!(next(&[1, 2, 3, 4, 5], &[2, 1]), two);
}
