//! Ids, minted once and never beside an old log, and the generation, which never goes back.

use super::*;

#[test]
fn ids_are_minted_once_and_differ_between_directories() {
    let lives = |dir: &Path| {
        let open = DataDir::open(dir).unwrap();
        (open.node_id(None).unwrap(), open.raft_id().unwrap())
    };
    let ((_r1, one), (_r2, two)) = (fresh(), fresh());
    let first = lives(&one);
    assert_eq!(lives(&one), first);
    let other = lives(&two);
    assert_ne!(other.0, first.0);
    assert_ne!(other.1, first.1);
}

#[test]
fn the_node_id_file_reads_as_consuls_and_consuls_is_taken() {
    let (_root, dir) = fresh();
    let id = DataDir::open(&dir).unwrap().node_id(None).unwrap();
    let text = fs::read_to_string(dir.join("node-id")).unwrap();
    assert_eq!(text, id.to_string());
    fs::write(
        dir.join("node-id"),
        "8A0C4F7E-1111-2222-3333-444455556666\n",
    )
    .unwrap();
    let id = DataDir::open(&dir).unwrap().node_id(None).unwrap();
    assert_eq!(id.to_string(), "8a0c4f7e-1111-2222-3333-444455556666");
}

#[test]
fn a_configured_node_id_wins_and_is_not_written() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    let minted = open.node_id(None).unwrap();
    let configured = NodeId::new(5);
    assert_eq!(open.node_id(Some(configured)).unwrap(), configured);
    assert_eq!(open.node_id(None).unwrap(), minted);
}

#[test]
fn a_raft_id_is_not_minted_beside_an_old_log() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    fs::create_dir_all(dir.join("raft")).unwrap();
    let id = open.raft_id().unwrap();
    fs::write(dir.join("raft/log"), "x").unwrap();
    assert_eq!(open.raft_id().unwrap(), id);
    fs::remove_file(dir.join("raft-id")).unwrap();
    let error = open.raft_id().unwrap_err();
    assert!(matches!(error, DataDirError::OrphanLog { .. }), "{error}");
    assert!(!dir.join("raft-id").exists());
}

#[test]
fn a_generation_never_goes_back() {
    let (_root, dir) = fresh();
    let start = |now_ms| DataDir::open(&dir).unwrap().generation(now_ms).unwrap();
    let got = [1_000, 2_000, 500, 2_002, 2_001].map(start);
    assert_eq!(got, [1_000, 2_000, 2_001, 2_002, 2_003]);
}

#[test]
fn ids_that_are_no_ids_are_damage() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    for file in ["node-id", "raft-id"] {
        for bytes in [&b""[..], b"web-1", b"\xff\xfe"] {
            fs::write(dir.join(file), bytes).unwrap();
            let error = DataDir::check(&dir).unwrap_err();
            assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
        }
    }
    assert!(open.node_id(None).is_err());
    assert!(open.raft_id().is_err());
}
