//! What a reload does while a client writes.

use std::sync::Arc;

use super::*;
use crate::support::Writer;

async fn reload(agent: &Agent) {
    let (status, body) = agent.put("/v1/agent/reload", "").await;
    assert_eq!(status, 200, "{body}");
}

/// Three servers and a client, n1 to n4, each with a config file of its own.
struct Running {
    world: World,
    servers: Vec<Agent>,
    client: Arc<Agent>,
}

impl Running {
    async fn start(world: World, file: impl Fn(u8) -> PathBuf) -> Self {
        let start = |n: u8| server(&world, n, &[&flag(&file(n))]);
        let servers: Vec<Agent> = (1..=3).map(start).collect();
        let list = world.list([1, 2, 3]);
        let client = world.agent(4, &[&flag(&file(4)), &list[0], &list[1], &list[2]]);
        for agent in servers.iter().chain([&client]) {
            says(agent, "ready").await;
        }
        Self {
            world,
            servers,
            client: Arc::new(client),
        }
    }

    /// Has all read their settings again, one after the other.
    async fn reload(&self) {
        for agent in self.servers.iter().chain([&*self.client]) {
            reload(agent).await;
        }
    }

    async fn are_ready(&self) {
        for agent in self.servers.iter().chain([&*self.client]) {
            assert_eq!(why(agent).await["Code"], "ready");
        }
    }
}

#[tokio::test]
async fn tls_is_brought_into_a_running_cluster_by_reloads_and_no_write_fails() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let name = |n: u8| format!("n{n}.hcl");
    let own = ["server", "server", "server", "client"].map(|role| pki.make(role));
    let files = [1, 2, 3, 4].map(|n| world.write(&name(n), ""));
    let cluster = Running::start(world, |n| files[usize::from(n) - 1].clone()).await;
    let writer = Writer::start(Arc::clone(&cluster.client));
    // First everybody can answer, then everybody calls, then nobody else gets in.
    let steps = [
        ("", "false", b'q'),
        ("", "true", b'q'),
        ("verify_incoming = true", "true", 0x15),
    ];
    for (switches, asks_name, first_byte) in steps {
        for (n, own) in (1..).zip(&own) {
            write(
                &cluster.world,
                &name(n),
                &pki.ca(),
                own,
                [switches, asks_name],
            );
        }
        cluster.reload().await;
        writer.more().await;
        // A hello of a later version, which an agent answers with its own.
        let got = answer(cluster.world.addr(1), b"qrte\0\x02\0\0").await;
        assert_eq!(got.first(), Some(&first_byte), "{switches} {asks_name}");
    }
    assert_eq!(writer.failures().await, Vec::<String>::new());
    cluster.are_ready().await;
    let late = pki.mutual(&cluster.world, "late.hcl", "client");
    let late = cluster
        .world
        .agent(5, &[&flag(&late), &cluster.world.list([1])[0]]);
    says(&late, "ready").await;
}

#[tokio::test]
async fn a_ca_is_replaced_by_reloads_without_a_failed_write_and_a_bad_file_changes_nothing() {
    let world = World::new();
    let (old, new) = (Pki::new(&world, "old"), Pki::new(&world, "new"));
    let roles = ["server", "server", "server", "client"];
    let (before, after) = (
        roles.map(|role| old.make(role)),
        roles.map(|role| new.make(role)),
    );
    let name = |n: u8| format!("n{n}.hcl");
    let set = |world: &World, ca: &Path, own: &[(PathBuf, PathBuf); 4]| {
        let set = |(n, own)| write(world, &name(n), ca, own, ["verify_incoming = true", "true"]);
        (1..).zip(own).map(set).collect::<Vec<PathBuf>>()
    };
    let files = set(&world, &old.ca(), &before);
    let cluster = Running::start(world, |n| files[usize::from(n) - 1].clone()).await;
    let world = &cluster.world;
    let writer = Writer::start(Arc::clone(&cluster.client));

    let bad = world.write("bad.pem", "no certificate");
    set(world, &bad, &before);
    let (status, body) = cluster.servers[0].put("/v1/agent/reload", "").await;
    assert_eq!(status, 500);
    assert!(body.contains("bad.pem has no certificate"), "{body}");
    cluster.servers[0].signal("HUP").await;
    let line = cluster.servers[0]
        .logged("settings not reloaded, the old ones stay")
        .await;
    assert!(line.contains("bad.pem has no certificate"), "{line}");

    let read = |pki: &Pki| std::fs::read_to_string(pki.ca()).unwrap();
    let both = world.write("both.pem", &format!("{}{}", read(&old), read(&new)));
    for (ca, own) in [(&both, &before), (&both, &after), (&new.ca(), &after)] {
        set(world, ca, own);
        cluster.reload().await;
        writer.more().await;
    }
    assert_eq!(writer.failures().await, Vec::<String>::new());
    cluster.are_ready().await;
    let listed = &world.list([1])[0];
    let late = new.mutual(world, "late.hcl", "client");
    says(&world.agent(5, &[&flag(&late), listed]), "ready").await;
    let stale = old.mutual(world, "stale.hcl", "client");
    let stale = world.agent(6, &[&flag(&stale), listed]);
    let line = says(&stale, "tls-mismatch").await;
    assert!(line.contains("another CA signed it"), "{line}");
}
