//! Records: what the next life finds, what a crash leaves, and what is told of damage.

use proptest::prelude::*;

use super::*;

#[test]
fn servers_addresses_are_there_in_the_next_life() {
    let (_root, dir) = fresh();
    let peers = vec![(NodeId::new(7), "10.0.0.1:8301".parse().unwrap())];
    {
        let open = DataDir::open(&dir).unwrap();
        assert_eq!(open.peers().unwrap(), []);
        open.store_peers(&peers).unwrap();
    }
    let open = DataDir::open(&dir).unwrap();
    assert_eq!(open.peers().unwrap(), peers);
    let written = |dir: &Path| {
        dir.join("peers.record")
            .metadata()
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = (written(&dir), inode(&dir));
    open.store_peers(&peers).unwrap();
    assert_eq!((written(&dir), inode(&dir)), before, "written again");
    open.store_peers(&[]).unwrap();
    assert_eq!(open.peers().unwrap(), []);
}

#[test]
fn who_left_goes_to_nobody_unless_told_to_until_it_remembers_others_again() {
    let (_root, dir) = fresh();
    let peers = vec![(NodeId::new(7), "10.0.0.1:8301".parse().unwrap())];
    let open = DataDir::open(&dir).unwrap();
    let met = |dir: &DataDir| [false, true].map(|rejoins| dir.peers_to_meet(rejoins).unwrap());
    open.store_peers(&peers).unwrap();
    assert_eq!(met(&open), [peers.clone(), peers.clone()]);
    open.store_left().unwrap();
    drop(open);
    let open = DataDir::open(&dir).unwrap();
    assert_eq!(met(&open), [vec![], peers.clone()]);
    open.store_peers(&peers).unwrap();
    assert_eq!(met(&open), [peers.clone(), peers]);
}

fn inode(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    dir.join("peers.record").metadata().unwrap().ino()
}

#[test]
fn a_crash_while_writing_leaves_the_old_record() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.store("x", &"old").unwrap();
    // What a crash before the rename leaves.
    fs::write(dir.join("x.record.tmp"), b"hal").unwrap();
    assert_eq!(open.load::<String>("x").unwrap().unwrap(), "old");
    open.store("x", &"new").unwrap();
    assert_eq!(open.load::<String>("x").unwrap().unwrap(), "new");
    assert!(!dir.join("x.record.tmp").exists());
}

#[test]
fn a_damaged_file_is_named_with_what_to_do() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.store("x", &"value").unwrap();
    let path = dir.join("x.record");
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let longer = [good.clone(), vec![0]].concat();
    let mut formats = (0..8).map(|bit| {
        let mut bytes = good.clone();
        bytes[0] ^= 1 << bit;
        bytes
    });
    let others = [vec![], good[..20].to_vec(), flipped, longer];
    for bytes in others.into_iter().chain(&mut formats) {
        fs::write(&path, bytes).unwrap();
        let error = open.load::<String>("x").unwrap_err();
        assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
    let value = &good[33..];
    let sum = ring::digest::digest(&ring::digest::SHA256, &[&[2], value].concat());
    fs::write(&path, [&[2], sum.as_ref(), value].concat()).unwrap();
    let error = open.load::<String>("x").unwrap_err();
    assert!(matches!(error, DataDirError::Newer { format: 2, .. }));
}

#[test]
fn a_damaged_file_that_can_be_missed_is_told_apart() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.generation(1_000).unwrap();
    open.store_peers(&[]).unwrap();
    fs::write(dir.join("peers.record"), "").unwrap();
    fs::write(dir.join("generation.record"), "").unwrap();
    let texts = [
        open.peers().unwrap_err().to_string(),
        open.generation(2_000).unwrap_err().to_string(),
    ];
    for (text, file) in texts.iter().zip(["peers.record", "generation.record"]) {
        assert!(text.contains("remove it") && text.contains(file), "{text}");
        fs::remove_file(dir.join(file)).unwrap();
    }
    assert_eq!(open.peers().unwrap(), []);
    assert_eq!(open.generation(2_000).unwrap(), 2_000);
}

#[test]
fn a_record_of_another_type_is_not_taken() {
    let data = DataDir::memory();
    data.store("x", &(1_u8, 2_u8)).unwrap();
    assert!(data.load::<u8>("x").is_err(), "half of the value");
    assert!(data.load::<[u8; 3]>("x").is_err(), "more than the value");
}

#[test]
fn a_file_above_the_bound_is_neither_written_nor_read() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    let large = vec![0_u8; disk::BYTES_MAX];
    let error = open.store("x", &large).unwrap_err();
    assert!(matches!(error, DataDirError::Unwritable { .. }), "{error}");
    fs::write(dir.join("x.record"), vec![1; disk::BYTES_MAX + 1]).unwrap();
    let error = open.load::<Vec<u8>>("x").unwrap_err();
    assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("larger"), "{error}");
}

#[test]
fn memory_remembers_as_a_disk_does_and_names_no_path() {
    let data = DataDir::memory();
    assert_eq!(data.path(), None);
    assert_eq!(data.node_id(None).unwrap(), data.node_id(None).unwrap());
    assert_eq!(data.raft_id().unwrap(), data.raft_id().unwrap());
    assert_eq!(data.generation(5).unwrap(), 5);
    assert_eq!(data.generation(5).unwrap(), 6);
    assert_eq!(data.load::<u8>("x").unwrap(), None);
    data.store("x", &1_u8).unwrap();
    assert_eq!(data.load::<u8>("x").unwrap(), Some(1));
}

proptest! {
    #[test]
    fn any_bytes_in_place_of_a_record_are_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        prop_assert!(envelope::unwrap::<String>(Path::new("x"), &bytes).is_err());
    }
}

#[test]
fn a_removed_record_is_gone_and_removing_it_again_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    for place in [DataDir::open(dir.path()).unwrap(), DataDir::memory()] {
        place.store("note", &7_u8).unwrap();
        place.remove("note").unwrap();
        place.remove("note").unwrap();
        assert_eq!(place.load::<u8>("note").unwrap(), None);
    }
}
