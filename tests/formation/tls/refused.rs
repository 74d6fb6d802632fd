//! Who forms a cluster with whom, and who is refused.

use super::*;

#[tokio::test]
async fn servers_and_a_client_with_certificates_found_by_address_form_and_serve() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let servers = three(&world, &pki);
    let file = pki.mutual(&world, "client.hcl", "client");
    let list = world.list([1, 2, 3]);
    let client = world.agent(4, &[&flag(&file), &list[0], &list[1], &list[2]]);
    for agent in servers.iter().chain([&client]) {
        agent.write(&format!("by/{}", agent.addr()), "1").await;
        says(agent, "ready").await;
        assert!(
            !agent.log_text().contains("tls-mismatch"),
            "{}",
            agent.log_text()
        );
    }
    assert_eq!(peers(&client).await, ["n1", "n2", "n3"]);
    // Nobody gets in without TLS: a caller in plain is told so by an alert, and learns no name.
    assert_eq!(answer(world.addr(1), b"qrte\0\x01\0\0").await[0], 0x15);
    // What the agent shows of itself names the files and no more.
    let (_, own) = client.get("/v1/agent/self").await;
    assert!(!own.contains("PRIVATE"), "{own}");
}

async fn is_told(stranger: &Agent, servers: &[Agent], here: &str, there: &str) {
    stranger.sees(4).await;
    let line = says(stranger, "tls-mismatch").await;
    assert!(line.contains(here) && !line.contains('\n'), "{line}");
    assert!(stranger.logged(here).await.contains("tls-mismatch"));
    let line = eventually(&format!("a server says: {there}"), || async {
        let logs: Vec<String> = servers.iter().map(Agent::log_text).collect();
        let mut lines = logs.iter().flat_map(|log| log.lines());
        lines
            .find(|line| line.contains(there))
            .map(ToOwned::to_owned)
    })
    .await;
    assert!(line.contains("tls-mismatch"), "{line}");
}

/// Sees that an agent that does not fit is told so, that one of those it meets tells it too, and that
/// they are not disturbed; then ends it.
async fn stays_out(stranger: &mut Agent, servers: &[Agent], here: &str, there: &str) {
    is_told(stranger, servers, here, there).await;
    for server in servers {
        server
            .write(&format!("beside/{}", stranger.addr()), "1")
            .await;
        assert_eq!(why(server).await["Code"], "ready");
    }
    assert_eq!(peers(&servers[0]).await, ["n1", "n2", "n3"]);
    stranger.kill().await;
    for server in servers {
        server.sees(3).await;
    }
}

#[tokio::test]
async fn no_certificate_one_of_another_ca_and_a_clients_for_a_server_are_refused_on_both_sides() {
    let world = World::new();
    let (pki, foreign) = (Pki::new(&world, "pki"), Pki::new(&world, "foreign"));
    let servers = three(&world, &pki);
    for server in &servers {
        says(server, "ready").await;
    }
    let leader = servers[0].led().await;
    let term = servers[0].stat("raft", "term").await;
    let other_ca = flag(&foreign.mutual(&world, "foreign.hcl", "server"));
    let a_clients = flag(&pki.mutual(&world, "client.hcl", "client"));

    let mut plain = world.agent(4, &[&world.list([1])[0]]);
    let (here, there) = ("it takes TLS only", "it calls in plain");
    stays_out(&mut plain, &servers, here, there).await;
    let mut plain = server(&world, 5, &[]);
    let (here, there) = (
        "it calls with TLS, and this agent has no",
        "it speaks plain",
    );
    stays_out(&mut plain, &servers, here, there).await;
    let mut foreign = server(&world, 6, &[&other_ca]);
    let (here, there) = ("than the one it trusts", "than the one in ca_file");
    stays_out(&mut foreign, &servers, here, there).await;
    let mut disguised = server(&world, 7, &[&a_clients]);
    let there = "it has to be for server.dc1.consul, and is for client.dc1.consul";
    stays_out(&mut disguised, &servers, "it is not for the name", there).await;

    for server in &servers {
        assert_eq!(server.leader().await, leader);
        assert_eq!(server.stat("raft", "term").await, term);
    }
}

#[tokio::test]
async fn a_server_with_a_clients_certificate_founds_nothing_until_it_is_given_a_servers() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let start = |n: u8, role: &str| {
        let file = pki.mutual(&world, &format!("s{n}.hcl"), role);
        server(&world, n, &[&flag(&file)])
    };
    let servers = [start(1, "server"), start(2, "server"), start(3, "client")];
    for server in &servers {
        says(server, "tls-mismatch").await;
        assert_eq!(server.leader().await, "");
    }
    let line = servers[2].logged("who speaks as a server").await;
    assert!(line.contains("tls-mismatch"), "{line}");
    servers[0].logged("who speaks as a server").await;
    pki.mutual(&world, "s3.hcl", "server");
    servers[2].signal("HUP").await;
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
        says(server, "ready").await;
    }
}
