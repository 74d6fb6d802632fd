//! Ways to find each other that need no cloud: a file, a program, the catalogue of an agent.

use quorate_providers::{Answer, Io, Query, resolve};

use crate::support::{World, eventually};

async fn found(query: &str) -> Option<Answer> {
    let query = Query::parse(query).unwrap();
    // An agent without a leader yet says so, and that is an error.
    resolve(&query, &Io::real()).await.ok()
}

fn shown(answer: &Answer) -> Vec<String> {
    answer.contacts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn agents_join_through_a_file_a_program_and_the_catalogue_of_an_agent() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let list = format!(
        "- targets: ['{}']\n  labels: {{role: server}}\n",
        server.addr()
    );
    let file = world.write("peers.yml", &list);
    let hosts = world.write("peers", &format!("{}:8301\n", server.addr()));
    let sources = [
        format!(
            "provider=file path={} labels=\"role=server\"",
            file.display()
        ),
        format!("provider=exec command=\"/bin/cat {}\"", hosts.display()),
        format!("provider=consul server={}:8500", server.addr()),
    ];
    let mut clients = Vec::new();
    for (n, source) in (2..).zip(&sources) {
        clients.push(world.agent(n, &[&format!("-retry-join={source}")]));
    }
    for client in &clients {
        client.sees(4).await;
    }
}

#[tokio::test]
async fn the_catalogue_of_an_agent_gives_its_nodes_and_its_servers() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let client = world.agent(2, &[&format!("-retry-join={}", world.addr(1))]);
    let (first, second) = (server.addr().to_string(), client.addr().to_string());
    let nodes = format!("provider=consul server={}:8500 port=8301", client.addr());
    let answer = eventually("both nodes are in the catalogue", || async {
        let answer = found(&nodes).await?;
        (answer.contacts.len() == 2).then_some(answer)
    })
    .await;
    assert_eq!(
        shown(&answer),
        [format!("{first}:8301"), format!("{second}:8301")]
    );
    assert!(answer.is_complete(), "{:?}", answer.gaps);
    let named = answer
        .contacts
        .iter()
        .filter_map(|contact| contact.name.as_deref());
    assert_eq!(named.collect::<Vec<_>>(), ["n1", "n2"]);
    let servers = format!("provider=consul server=http://{first}:8500 source=peers");
    assert_eq!(shown(&found(&servers).await.unwrap()), [first]);
}
