//! `operator raft remove-peer`, `transfer-leader`, `recover`, and `operator bootstrap abandon`.

use super::{Ran, done, failed, run, run_alone};
use crate::http::NodeError;
use crate::http::fake::serve_fake;

#[tokio::test]
async fn a_peer_is_removed_by_its_address_or_its_id_and_by_nothing_else() {
    let served = serve_fake().await;
    let remove = |more: &[&'static str]| [&["operator", "raft", "remove-peer"], more].concat();
    let by_address = remove(&["-address=192.0.2.3:8300"]);
    let text = "Removed peer with address \"192.0.2.3:8300\"\n";
    assert_eq!(run(&served, &by_address).await, done(text));
    let by_id = remove(&["-id", "00000000-0000-0000-0000-000000000003"]);
    let text = "Removed peer with id \"00000000-0000-0000-0000-000000000003\"\n";
    assert_eq!(run(&served, &by_id).await, done(text));
    assert_eq!(
        served.node.calls(),
        [
            r#"remove Address("192.0.2.3:8300")"#,
            r#"remove Id("00000000-0000-0000-0000-000000000003")"#
        ]
    );

    let text = "Error removing peer: an address or id is required for the peer to remove\n";
    assert_eq!(run(&served, &remove(&[])).await, failed(text));
    assert_eq!(run(&served, &remove(&["-id="])).await, failed(text));
    let text = "Error removing peer: cannot give both an address and id\n";
    let both = remove(&["-id=a", "-address=b"]);
    assert_eq!(run(&served, &both).await, failed(text));

    let why = "address \"x\" was not found in the Raft configuration";
    served.node.fail(NodeError::NotFound(why.to_owned()));
    let text = format!("Error removing peer: Unexpected response code: 500 ({why})\n");
    assert_eq!(run(&served, &remove(&["-address=x"])).await, failed(&text));
}

#[tokio::test]
async fn leadership_is_handed_to_the_one_that_is_named_or_to_any() {
    let served = serve_fake().await;
    let any = ["operator", "raft", "transfer-leader"];
    assert_eq!(run(&served, &any).await, done("Success\n"));
    let named = ["operator", "raft", "transfer-leader", "-id=s2"];
    assert_eq!(run(&served, &named).await, done("Success\n"));
    assert_eq!(
        served.node.calls(),
        ["transfer None", r#"transfer Some("s2")"#]
    );

    served
        .node
        .fail(NodeError::Failed("cannot find peer".to_owned()));
    let text = "Error transfering leadership: Unexpected response code: 500 (cannot find peer)\n";
    assert_eq!(run(&served, &any).await, failed(text));
}

#[tokio::test]
async fn an_abandoned_founding_is_named_with_those_who_may_be_bound_by_it() {
    let served = serve_fake().await;
    let abandon = ["operator", "bootstrap", "abandon"];
    let text = "\
Abandoned the founding of cluster 00000000-0000-0000-0000-00000000000d
The agent starts again to wipe what raft held for it
Its other members: s2, s3. Those that hear of it let go, too; run this command on each that still \
says founding-blocked
";
    assert_eq!(run(&served, &abandon).await, done(text));
    assert_eq!(served.node.calls(), ["abandon"]);

    let why = "there is nothing to abandon: no founding binds this server";
    served.node.fail(NodeError::Failed(why.to_owned()));
    let text = format!("Error abandoning the founding: Unexpected response code: 500 ({why})\n");
    assert_eq!(run(&served, &abandon).await, failed(&text));
}

#[tokio::test]
async fn a_recovery_asks_for_a_directory_and_one_of_two_flags() {
    for (more, text) in [
        (&[][..], "-data-dir is required"),
        (&["-data-dir=/nowhere"][..], "--plan"),
        (&["-data-dir=/nowhere", "-plan", "-apply"], "--apply"),
    ] {
        let args = [&["operator", "raft", "recover"], more].concat();
        let Ran { code, stderr, .. } = run_alone(&args).await;
        assert_eq!(code, 1);
        assert!(stderr.starts_with("Error recovering: "), "{stderr}");
        assert!(stderr.contains(text), "{stderr}");
        assert!(
            stderr.contains("Usage: quorate operator raft recover"),
            "{stderr}"
        );
    }
}
