//! Clients survive the replacement of all servers (the demand study's scenario A5): whatever they
//! look in, they find the new places without a restart, and look there rarely while all is well.
//!
//! A replacement is the same cluster: its servers with their disks at other addresses, or new ones
//! that joined it before the old ones left. Servers that found another cluster in its place are
//! strangers to its clients.

mod asked;
mod source;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Agent, Cluster, SOON, World, eventually, vote};
pub(super) use source::Kind;
use source::Source;

const OLD: [u8; 3] = [1, 2, 3];
const NEW: [u8; 3] = [11, 12, 13];
/// How many clients there are, and the place of the first.
const CLIENTS: usize = 4;
const FIRST_CLIENT: u8 = 21;

/// The bound of the scenario.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How long the peace lasts in which the sources must not be asked; several times the records' TTL.
const PEACE: Duration = Duration::from_secs(4);

/// Lookups of one client from its start until it rests, and in an outage of half a minute: by the
/// doubling pauses some eight, and a few more by chance.
const LOOKUPS_MAX: usize = 16;

/// Three servers with keys, and so many clients that look in the source.
async fn formed(world: &World, source: &Source, count: usize) -> (Vec<Agent>, Vec<Agent>, Cluster) {
    let servers = world.servers(3, &[SOON]);
    let cluster = Cluster::filled(&servers, 50).await;
    let flags = source.flags(world);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let places = (FIRST_CLIENT..).take(count);
    let clients: Vec<Agent> = places.map(|n| world.agent(n, &flags)).collect();
    for client in &clients {
        is_ready(client, true).await;
        client.sees(OLD.len() + count).await;
        rests(client).await;
    }
    (servers, clients, cluster)
}

/// Waits until an agent says that it serves, or that it does not.
async fn is_ready(agent: &Agent, wanted: bool) {
    let status = if wanted { 200 } else { 503 };
    let what = format!("{} is ready: {wanted}", agent.addr());
    eventually(&what, || async {
        let (found, _) = agent.try_get("/v1/status/ready").await?;
        (found == status).then_some(())
    })
    .await;
}

async fn why(agent: &Agent) -> Value {
    agent.get_json("/v1/agent/why").await
}

/// Waits until no source of an agent is at work.
async fn rests(agent: &Agent) {
    eventually(&format!("{} rests", agent.addr()), || async {
        let said = why(agent).await;
        let sources = said["Sources"].as_array()?;
        let mut doing = sources.iter().map(|source| &source["Doing"]);
        doing.all(|doing| doing == "resting").then_some(())
    })
    .await;
}

/// Works through the clients for a while, in which their sources must not be asked.
async fn peace(source: &Source, clients: &[Agent]) {
    let before = source.asked();
    let began = Instant::now();
    while began.elapsed() < PEACE {
        for client in clients {
            client.write("in/peace", "1").await;
        }
    }
    assert_eq!(source.asked(), before, "asked in {PEACE:?} of peace");
}

/// Waits until the clients serve the keys of the cluster again, and says how long it took.
async fn are_back(clients: &[Agent], cluster: &Cluster, places: [u8; 3]) -> Duration {
    let began = Instant::now();
    for client in clients {
        is_ready(client, true).await;
    }
    let mut names: Vec<String> = places.map(|n| format!("n{n}")).into();
    let places = (FIRST_CLIENT..).take(clients.len());
    names.extend(places.map(|n| format!("n{n}")));
    names.sort();
    for client in clients {
        cluster.holds(client).await;
        eventually("the new servers are its members", || async {
            (client.members(1).await == names).then_some(())
        })
        .await;
    }
    began.elapsed()
}

/// Waits until an agent has looked for others so often that its pauses are seconds.
async fn looks_in_vain(agent: &Agent) {
    eventually("it looks again and again", || async {
        let said = why(agent).await;
        let attempt = said["Sources"][0]["Attempt"].as_u64()?;
        (attempt > 5).then_some(())
    })
    .await;
}

/// How long nobody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Away {
    /// As long as it takes to start.
    Short,
    /// Until the clients have looked in vain several times.
    Long,
}

/// Kills all servers, and waits until the clients miss them for so long.
async fn all_die(servers: &mut [Agent], clients: &[Agent], away: Away) {
    for server in servers {
        server.kill().await;
    }
    for client in clients {
        is_ready(client, false).await;
        if away == Away::Long {
            looks_in_vain(client).await;
        }
    }
}

/// Starts the servers on their old disks at the new places, without their memory of the others.
async fn elsewhere(world: &World) -> Vec<Agent> {
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
    flags.extend(world.list(NEW));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut moved = Vec::new();
    for (n, place) in OLD.into_iter().zip(NEW) {
        std::fs::remove_file(world.path(&format!("data-{n}/peers.record"))).unwrap();
        moved.push(world.agent_at(place, n, &flags));
    }
    for server in &moved {
        server.led().await;
    }
    moved
}

/// All servers stop at once, and come back with their disks at other addresses. They no longer
/// know of the clients, so that only the source leads these to them.
pub(super) async fn all_servers_move(kind: Kind, away: Away, count: usize) {
    let world = World::new();
    let source = Source::start(kind, &world, &OLD, &NEW).await;
    let (mut servers, clients, cluster) = formed(&world, &source, count).await;
    let at_start = source.asked();
    peace(&source, &clients).await;

    all_die(&mut servers, &clients, away).await;
    let _moved = elsewhere(&world).await;
    source.set(&world, &NEW);
    let took = are_back(&clients, &cluster, OLD).await;
    for client in &clients {
        rests(client).await;
    }
    let in_outage = source.asked() - at_start;
    println!(
        "{kind:?}, {away:?}: {} clients ready {took:.1?} after their servers; lookups at the start {at_start}, \
         in the outage {in_outage}",
        clients.len()
    );
    assert!(took < READY_WITHIN, "{took:?}");
    let most = LOOKUPS_MAX * clients.len();
    assert!(
        at_start <= most && in_outage <= most,
        "{at_start} {in_outage}"
    );
    peace(&source, &clients).await;
}

#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_an_api() {
    all_servers_move(Kind::Api, Away::Short, CLIENTS).await;
}

#[tokio::test]
async fn clients_that_looked_in_vain_find_all_servers_elsewhere_through_an_api() {
    all_servers_move(Kind::Api, Away::Long, CLIENTS).await;
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_the_ec2_api() {
    all_servers_move(Kind::Ec2, Away::Short, CLIENTS).await;
}

#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_a_dns_name() {
    all_servers_move(Kind::Name, Away::Short, CLIENTS).await;
}

#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_a_dns_service() {
    all_servers_move(Kind::Service, Away::Short, CLIENTS).await;
}

#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_a_file() {
    all_servers_move(Kind::File, Away::Short, CLIENTS).await;
}

#[tokio::test]
async fn clients_find_all_servers_elsewhere_through_a_list_that_names_both_places() {
    all_servers_move(Kind::List, Away::Short, CLIENTS).await;
}

/// New servers join the old ones, which then leave.
async fn relieved(world: &World, old: Vec<Agent>) -> Vec<Agent> {
    let listed = [OLD, NEW].concat();
    let new: Vec<Agent> = NEW.iter().map(|n| world.newcomer(*n, &listed)).collect();
    let all: Vec<&Agent> = old.iter().chain(&new).collect();
    vote(&all).await;
    for mut server in old {
        assert_eq!(server.put("/v1/agent/leave", "").await.0, 200);
        assert_eq!(server.ended().await, Some(0));
    }
    vote(&new.iter().collect::<Vec<_>>()).await;
    new
}

/// New servers take the place of all old ones, one after another, while the clients stand still.
async fn all_servers_are_replaced(kind: Kind) {
    let world = World::new();
    let source = Source::start(kind, &world, &OLD, &NEW).await;
    let (servers, clients, cluster) = formed(&world, &source, CLIENTS).await;
    for client in &clients {
        client.signal("STOP").await;
    }
    let _new = relieved(&world, servers).await;
    source.set(&world, &NEW);
    for client in &clients {
        client.signal("CONT").await;
    }
    let took = are_back(&clients, &cluster, NEW).await;
    println!(
        "{kind:?}: {} clients ready {took:.1?} after they went on",
        clients.len()
    );
    assert!(took < READY_WITHIN, "{took:?}");
}

#[tokio::test]
async fn clients_that_stood_still_find_new_servers_in_the_place_of_all_old_ones() {
    all_servers_are_replaced(Kind::List).await;
}

#[tokio::test]
async fn a_client_refuses_another_cluster_in_the_place_of_its_own_and_finds_its_own_again() {
    let world = World::new();
    let source = Source::start(Kind::File, &world, &OLD, &NEW).await;
    let (mut servers, clients, cluster) = formed(&world, &source, CLIENTS).await;
    for server in &mut servers {
        server.kill().await;
    }
    for client in &clients {
        is_ready(client, false).await;
    }
    let strangers: Vec<Agent> = NEW.iter().map(|n| world.newcomer(*n, &NEW)).collect();
    strangers[0].led().await;
    source.set(&world, &NEW);
    for client in &clients {
        eventually("it says that this is another cluster", || async {
            (why(client).await["Code"] == "cluster-conflict").then_some(())
        })
        .await;
        assert_eq!(client.stat("quorate", "cluster_id").await, cluster.id);
    }
    for server in &mut servers {
        server.restart();
    }
    source.set(&world, &OLD);
    let took = are_back(&clients, &cluster, OLD).await;
    println!(
        "{} clients ready {took:.1?} after the list was right again",
        clients.len()
    );
}

#[tokio::test]
async fn a_file_that_changes_is_not_left_waiting_for_the_next_attempt() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    // Nobody is at the other place.
    let source = Source::start(Kind::File, &world, &[9], &[]).await;
    let client = world.agent(2, &[&source.flags(&world)[0]]);
    let until_next = eventually("it will not look again soon", || async {
        let said = why(&client).await;
        let next = said["Sources"][0]["NextAttemptSeconds"].as_f64()?;
        (next > 8.0).then_some(Duration::from_secs_f64(next))
    })
    .await;
    let began = Instant::now();
    source.set(&world, &[1]);
    client.sees(2).await;
    let took = began.elapsed();
    println!("joined {took:.1?} after the file changed, {until_next:.1?} before the next attempt");
    assert!(took < until_next, "{took:?} {until_next:?}");
}

#[tokio::test]
async fn a_file_that_changes_counts_also_while_all_is_well() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let source = Source::start(Kind::File, &world, &[1], &[]).await;
    let client = world.agent(2, &[&source.flags(&world)[0]]);
    is_ready(&client, true).await;
    rests(&client).await;
    // It looks for nobody.
    let other = world.agent(3, &[]);
    source.set(&world, &[1, 3]);
    other.sees(3).await;
    server.sees(3).await;
}
