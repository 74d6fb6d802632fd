//! `join`, `leave`, `force-leave`, `members`, `info`, `operator raft list-peers`.

use std::sync::Arc;

use super::{Ran, done, failed, run};
use crate::http::NodeError;
use crate::http::fake::serve_fake;
use crate::types::Member;

#[tokio::test]
async fn joining_counts_the_addresses_that_worked() {
    let served = serve_fake().await;
    let ran = run(&served, &["join", "10.0.0.5", "10.0.0.6:8301"]).await;
    assert_eq!(
        ran,
        done("Successfully joined cluster by contacting 2 nodes.\n")
    );
    assert_eq!(served.node.calls(), ["join 10.0.0.5", "join 10.0.0.6:8301"]);

    served
        .node
        .fail(NodeError::Failed("nobody answers".to_owned()));
    let text = "Error joining address 'x': Unexpected response code: 500 (nobody answers)\n\
                Failed to join any nodes.\n";
    assert_eq!(run(&served, &["join", "x"]).await, failed(text));
}

#[tokio::test]
async fn a_command_without_what_it_needs_shows_its_usage() {
    let served = serve_fake().await;
    let one_name = "A single node name must be specified to force leave.\n\n";
    for (args, text, usage) in [
        (
            &["join"][..],
            "At least one address to join must be specified.\n\n",
            "Usage: quorate join",
        ),
        (
            &["leave", "x", "y"],
            "Error found unexpected args: [x y]\n\n",
            "Usage: quorate leave",
        ),
        (&["force-leave"], one_name, "Usage: quorate force-leave"),
        (
            &["force-leave", "a", "b"],
            one_name,
            "Usage: quorate force-leave",
        ),
    ] {
        let ran = run(&served, args).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{args:?}");
        assert!(ran.stderr.starts_with(text), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(usage), "{args:?}: {}", ran.stderr);
    }
    assert!(served.node.calls().is_empty());
}

#[tokio::test]
async fn leaving_is_told_and_forcing_is_silent() {
    let served = serve_fake().await;
    assert_eq!(
        run(&served, &["leave"]).await,
        Ran {
            stderr: "removed as voter\n".to_owned(),
            ..done("Graceful leave complete\n")
        }
    );
    assert_eq!(run(&served, &["force-leave", "s3"]).await, done(""));
    assert_eq!(
        run(&served, &["force-leave", "-prune", "s 3/x"]).await,
        done("")
    );
    let calls = [
        "leave begun",
        "leave ended",
        "force-leave s3 false",
        "force-leave s 3/x true",
    ];
    assert_eq!(served.node.calls(), calls);

    served.node.fail(NodeError::NotFound(
        "agent: No node found with name 'x'".to_owned(),
    ));
    let text = "Error force leaving: Unexpected response code: 500 (agent: No node found with \
                name 'x')\n";
    assert_eq!(run(&served, &["force-leave", "x"]).await, failed(text));
    served.node.fail(NodeError::Failed("not now".to_owned()));
    let text = "Error leaving: Unexpected response code: 500 (not now)\n";
    assert_eq!(run(&served, &["leave"]).await, failed(text));
}

#[tokio::test]
async fn members_are_listed_servers_first() {
    let served = serve_fake().await;
    let rename =
        |member: &mut Member| Arc::make_mut(&mut member.says).name = "app1".parse().unwrap();
    served
        .node
        .members
        .lock()
        .unwrap()
        .iter_mut()
        .skip(2)
        .take(1)
        .for_each(rename);
    let table = "\
Node  Address          Status  Type    Build  Protocol  DC   Partition  Segment
s1    192.0.2.1:8301   alive   server  0.1.0  2         dc1  default    <all>
s2    192.0.2.2:8301   alive   server  0.1.0  2         dc1  default    <all>
s3    192.0.2.3:8301   failed  server  0.1.0  2         dc1  default    <all>
app1  192.0.2.50:8301  alive   client  0.1.0  2         dc1  default    <default>
";
    assert_eq!(run(&served, &["members"]).await, done(table));

    let table = "\
Node  Address         Status  Type    Build  Protocol  DC   Partition  Segment
s3    192.0.2.3:8301  failed  server  0.1.0  2         dc1  default    <all>
";
    assert_eq!(
        run(&served, &["members", "-status=fail|left"]).await,
        done(table)
    );

    let table = "\
Node  Address          Status  Tags
app1  192.0.2.50:8301  alive   ap=default,build=0.1.0,cluster=00000000-0000-0000-0000-00000000000c,\
dc=dc1,id=00000000-0000-0000-0000-000000000032,role=node,segment=<default>,vsn=2,vsn_max=3,vsn_min=2
";
    served
        .node
        .members
        .lock()
        .unwrap()
        .retain(|member| member.says.server().is_none());
    assert_eq!(run(&served, &["members", "-detailed"]).await, done(table));
}

#[tokio::test]
async fn no_member_that_matches_is_silence_and_code_two() {
    let served = serve_fake().await;
    let nothing = Ran {
        code: 2,
        ..done("")
    };
    assert_eq!(run(&served, &["members", "-status=leaving"]).await, nothing);
    let ran = run(&served, &["members", "-status=["]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.starts_with("Failed to compile status regexp: "),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn an_address_of_the_sixth_version_is_bracketed() {
    let served = serve_fake().await;
    {
        let mut members = served.node.members.lock().unwrap();
        members.truncate(1);
        Arc::make_mut(&mut members[0].says).gossip_addr = "[2001:db8::1]:8301".parse().unwrap();
    }
    let ran = run(&served, &["members"]).await;
    assert!(
        ran.stdout.contains("\ns1    [2001:db8::1]:8301  alive "),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_named() {
    let mut served = serve_fake().await;
    served.stop();
    (&mut served.server).await.unwrap();
    let addr = served.addr;
    let text = format!(
        "Error retrieving members: Get \"http://{addr}/v1/agent/members?segment=_all\": dial tcp \
         {addr}: connect: connection refused\n"
    );
    assert_eq!(run(&served, &["members"]).await, failed(&text));
}

#[tokio::test]
async fn info_is_sorted_by_group_and_name() {
    let served = serve_fake().await;
    let text = "agent:\n\tchecks = 0\nraft:\n\tapplied_index = 142\n\tnum_peers = 2\n";
    assert_eq!(run(&served, &["info"]).await, done(text));
}

#[tokio::test]
async fn raft_peers_are_listed_with_how_far_they_trail() {
    let served = serve_fake().await;
    let table = "\
Node  ID                                    Address         State     Voter  RaftProtocol  Commit Index  Trails Leader By
s1    00000000-0000-0000-0000-000000000001  192.0.2.1:8300  leader    true   3             142           -
s3    00000000-0000-0000-0000-000000000003  192.0.2.3:8300  follower  false  3             141           1 commit
s2    00000000-0000-0000-0000-000000000002  192.0.2.2:8300  follower  true   3             139           3 commits
";
    let list = ["operator", "raft", "list-peers"];
    assert_eq!(run(&served, &list).await, done(table));
    let stale = ["operator", "raft", "list-peers", "-stale"];
    assert_eq!(run(&served, &stale).await, done(table));
    assert_eq!(
        served.node.calls(),
        ["raft_configuration false", "raft_configuration true"]
    );

    served.node.fail(NodeError::NoLeader);
    let text = "Error getting peers: Failed to retrieve raft configuration: Unexpected response \
                code: 500 (No cluster leader)\n";
    assert_eq!(run(&served, &list).await, failed(text));
}
