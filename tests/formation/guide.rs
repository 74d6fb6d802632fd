//! The walk of the guide, as a person types it: three servers, one `join`, one cluster.

use crate::support::{Agent, World, eventually, quorate};

const EXPECT_3: [&str; 2] = ["-server", "-bootstrap-expect=3"];

fn three_alone(world: &World) -> Vec<Agent> {
    let mut servers = Vec::new();
    for n in 1..=3 {
        servers.push(world.agent(n, &EXPECT_3));
    }
    servers
}

async fn join_all(world: &World, at: &Agent) {
    let addresses: Vec<String> = (1..=3).map(|n| world.addr(n).to_string()).collect();
    let mut args = vec!["join"];
    args.extend(addresses.iter().map(String::as_str));
    let joined = quorate(&args, Some(format!("{}:8500", at.addr()))).await;
    assert_eq!(joined.code, Some(0), "{joined:?}\n{}", at.log_text());
    assert_eq!(
        joined.stdout,
        "Successfully joined cluster by contacting 3 nodes.\n"
    );
}

#[tokio::test]
async fn servers_without_peers_wait_and_say_so() {
    let world = World::new();
    for server in three_alone(&world) {
        server.logged("no known peers").await;
        assert_eq!(
            server.get("/v1/status/leader").await,
            (200, "\"\"".to_owned())
        );
        assert_eq!(server.get("/v1/status/peers").await.1, "null");
        let (status, body) = server.get("/v1/kv/anything").await;
        assert_eq!((status, body.as_str()), (500, "No cluster leader"));
        assert!(!server.log_text().contains("leadership acquired"));
    }
}

#[tokio::test]
async fn one_join_makes_three_servers_one_cluster() {
    let world = World::new();
    let servers = three_alone(&world);
    for server in &servers {
        server.logged("no known peers").await;
    }
    join_all(&world, &servers[0]).await;
    for server in &servers {
        for n in 1..=3 {
            let line = format!(
                "adding server n{n} (Addr: {}:8300) (DC: dc1)",
                world.addr(n)
            );
            server.logged(&line).await;
        }
        assert!(!server.led().await.is_empty());
    }
    let proposals = |text: &str| text.matches("Attempting bootstrap with nodes: [").count();
    for server in &servers {
        assert_eq!(proposals(&server.log_text()), 1, "{}", server.log_text());
    }
    let leads = |s: &&Agent| s.log_text().contains("cluster leadership acquired");
    assert_eq!(servers.iter().filter(leads).count(), 1);
}

#[tokio::test]
async fn info_tells_of_two_peers_and_logs_of_one_length() {
    let world = World::new();
    let servers = three_alone(&world);
    for server in &servers {
        server.get("/v1/status/leader").await;
    }
    join_all(&world, &servers[2]).await;
    for server in &servers {
        server.write(&format!("from/{}", server.addr()), "x").await;
    }
    eventually("equal logs on all three", || async {
        let mut last = Vec::new();
        for server in &servers {
            assert_eq!(server.stat("raft", "num_peers").await, "2");
            last.push(server.stat("raft", "last_log_index").await);
        }
        last.dedup();
        (last.len() == 1 && last[0] != "0").then_some(())
    })
    .await;
    let info = quorate(&["info"], Some(format!("{}:8500", servers[1].addr()))).await;
    assert_eq!(info.code, Some(0), "{info:?}");
    assert!(
        info.stdout.contains("raft:\n\tapplied_index = "),
        "{}",
        info.stdout
    );
    assert!(info.stdout.contains("\tnum_peers = 2\n"), "{}", info.stdout);
}

#[tokio::test]
async fn a_person_sees_members_peers_and_keys() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    for server in &servers {
        server.write("probe", "x").await;
        server.sees(3).await;
    }
    let at = format!("{}:8500", servers[0].addr());
    let members = quorate(&["members"], Some(at.clone())).await;
    assert_eq!(members.stdout.lines().count(), 4, "{}", members.stdout);
    assert_eq!(
        members.stdout.matches(" alive ").count(),
        3,
        "{}",
        members.stdout
    );
    let peers = quorate(&["operator", "raft", "list-peers"], Some(at.clone())).await;
    assert_eq!(peers.stdout.matches("leader").count(), 1, "{peers:?}");
    let put = quorate(&["kv", "put", "greeting", "hello"], Some(at.clone())).await;
    assert_eq!(put.stdout, "Success! Data written to: greeting\n");
    let got = quorate(&["kv", "get", "greeting"], Some(at)).await;
    assert_eq!(got.stdout, "hello\n");
}

#[tokio::test]
async fn bootstrap_flag_founds_alone_and_others_join_it() {
    let world = World::new();
    let first = world.agent(1, &["-server", "-bootstrap"]);
    first.write("before", "1").await;
    let to_first = format!("-retry-join={}", world.addr(1));
    let second = world.agent(2, &["-server", &to_first]);
    assert_eq!(second.led().await, first.leader().await);
    assert_eq!(second.read("before").await, (200, "1".to_owned()));
}

#[tokio::test]
async fn dev_mode_serves_from_memory() {
    let world = World::new();
    let addr = world.addr(1);
    let flags = [
        "agent",
        "-dev",
        &format!("-bind={addr}"),
        &format!("-client={addr}"),
    ];
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let mut agent = Agent::start(addr, flags);
    agent.write("key", "value").await;
    assert_eq!(agent.read("key").await, (200, "value".to_owned()));
    agent.kill().await;
    agent.restart();
    agent.led().await;
    assert_eq!(agent.read("key").await.0, 404);
}

#[tokio::test]
async fn an_agents_own_address_is_no_join_and_is_said_to_be_its_own() {
    let world = World::new();
    let lonely = world.agent(1, &EXPECT_3);
    lonely.logged("no known peers").await;
    let (own, nobody) = (world.addr(1).to_string(), world.addr(9).to_string());
    let api = Some(format!("{own}:8500"));
    let (status, body) = lonely.put(&format!("/v1/agent/join/{own}"), "").await;
    assert_eq!(status, 500, "{body}");
    assert!(
        body.starts_with(&own) && body.contains("this agent's own address"),
        "{body}"
    );
    for args in [&["join", own.as_str()][..], &["join", &own, &nobody]] {
        let said = quorate(args, api.clone()).await;
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
        let lines: Vec<&str> = said.stderr.lines().collect();
        assert_eq!(lines.len(), args.len(), "{said:?}");
        let names_it = |line: &&&str| line.contains("this agent's own address");
        assert_eq!(lines.iter().filter(names_it).count(), 1, "{said:?}");
        assert_eq!(lines.last(), Some(&"Failed to join any nodes."), "{said:?}");
    }
    assert_eq!(lonely.members(1).await, ["n1"]);
    let line = lonely.logged("(LAN) couldn't join").await;
    assert!(line.contains("this agent's own address"), "{line}");
}
