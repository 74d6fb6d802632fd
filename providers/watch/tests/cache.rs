//! The last answer on disk: told at the start as old, and no harm when it cannot be read or written.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::{Act, played, shown, watch};
use crate::Kind;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("quorate-watch-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn the_last_answer_is_told_at_the_start_as_old() {
    let folder = folder("kept");
    let first = played("a", [Act::Finds(&["10.0.0.1", "2001:db8::1"])]);
    let mut changes = watch(&[first], Some(folder.clone()));
    let before = changes.next().await.unwrap();
    assert!(before.cache_error.is_none(), "{:?}", before.cache_error);
    drop(changes);
    let files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = files[0].metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(!text.contains("hush") && !text.contains("role"), "{text}");

    let second = played(
        "a",
        [
            Act::Fails(Kind::Unavailable, None),
            Act::Finds(&["10.0.0.1"]),
        ],
    );
    let mut changes = watch(&[second], Some(folder.clone()));
    let cached = changes.next().await.unwrap();
    assert!(cached.is_cached && cached.is_old());
    assert_eq!(shown(&cached.added), ["10.0.0.1", "2001:db8::1"]);
    assert_eq!(cached.contacts[0].name.as_deref(), Some("n-10.0.0.1"));
    assert!(cached.since.is_some());
    let failed = changes.next().await.unwrap();
    assert_eq!(failed.contacts.len(), 2, "an error takes nothing away");
    assert!(failed.is_cached && failed.error.is_some());
    let fresh = changes.next().await.unwrap();
    assert!(!fresh.is_old());
    assert_eq!(shown(&fresh.removed), ["2001:db8::1"]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_taken_for_none_and_replaced() {
    let folder = folder("damaged");
    let source = played("a", [Act::Finds(&["10.0.0.1"])]);
    drop(watch(&[source], Some(folder.clone())).next().await.unwrap());
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let good = std::fs::read(&file).unwrap();
    let wrong_address = String::from_utf8(good.clone())
        .unwrap()
        .replace("10.0.0.1", "10.0.0.1 x");
    let other_query = String::from_utf8(good.clone())
        .unwrap()
        .replace("provider=a", "provider=b");
    let too_long = vec![b' '; (4 << 20) + 1];
    for bytes in [
        good[..good.len() / 2].to_vec(),
        b"\xff\xfe".to_vec(),
        Vec::new(),
        wrong_address.into_bytes(),
        other_query.into_bytes(),
        too_long,
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let update = watch(&[source], Some(folder.clone())).next().await.unwrap();
        assert!(
            !update.is_cached,
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
        );
        assert_eq!(std::fs::read(&file).unwrap().len(), good.len());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_disk_that_refuses_costs_the_cache_and_no_answer() {
    let folder = folder("refused");
    std::fs::write(&folder, "a file where the folder should be").unwrap();
    let source = played("a", [Act::Finds(&["10.0.0.1"])]);
    let update = watch(&[source], Some(folder.clone())).next().await.unwrap();
    assert_eq!(shown(&update.contacts), ["10.0.0.1"]);
    assert!(update.cache_error.is_some());
    std::fs::remove_file(&folder).unwrap();
}
