//! All servers are replaced in rounds, as a platform does with machines, and nobody lends a hand
//! (the demand study's scenario A4).

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Agent, SOON, World, eventually, vote};

pub(super) const SERVERS: u8 = 5;

/// A request without a leader ends soon.
pub(super) const HOLD: &str = "-hcl=performance { rpc_hold_timeout = \"2s\" }";

fn flags(world: &World, known: &[u8]) -> Vec<String> {
    let mut flags = vec![
        "-server".to_owned(),
        format!("-bootstrap-expect={SERVERS}"),
        SOON.to_owned(),
        HOLD.to_owned(),
    ];
    flags.extend(world.list(known.iter().copied()));
    flags
}

fn start(world: &World, n: u8, known: &[u8]) -> Agent {
    let flags = flags(world, known);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    world.agent(n, &flags)
}

/// How long nobody acknowledged a write, at most, until told to end; each try goes to the next.
async fn longest_gap(through: &[&Agent], end: &Cell<bool>) -> Duration {
    let (mut gap, mut last) = (Duration::ZERO, Instant::now());
    for n in 0.. {
        let agent = through[n % through.len()];
        if agent.try_put("/v1/kv/during", &n.to_string()).await == Some(200) {
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        if end.get() {
            break;
        }
    }
    gap.max(last.elapsed())
}

/// What autopilot says of the servers, once it says that all is well.
async fn healthy(at: &Agent) -> Value {
    eventually("every server is healthy", || async {
        let (status, body) = at.try_get("/v1/operator/autopilot/health").await?;
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    })
    .await
}

/// Waits until the leader says in `info` and in its metrics that all five vote and two may fail.
pub(super) async fn tolerate_two(servers: &[Agent]) {
    let values = [
        ("failure_tolerance", 2),
        ("healthy_voters", 5),
        ("voters", 5),
    ];
    eventually("five vote and two may fail", || async {
        let leader = servers[0].leader().await;
        let leads = |server: &&Agent| leader == format!("{}:8300", server.addr());
        let leader = servers.iter().find(leads)?;
        let (_, metrics) = leader
            .try_get("/v1/agent/metrics?format=prometheus")
            .await?;
        for (name, value) in values {
            let shown = format!("quorate_autopilot_{name} {value}\n");
            let told = leader.stat("autopilot", name).await;
            if told != value.to_string() || !metrics.contains(&shown) {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// Kills the first two and has two empty ones started in their place, told of the rest's numbers and
/// their own; nobody must be without a leader for 10 s.
pub(super) async fn round(
    servers: &mut Vec<Agent>,
    number: u8,
    start: impl FnOnce(&[u8], [u8; 2]) -> [Agent; 2],
) {
    let mut lost: Vec<Agent> = servers.drain(..2).collect();
    let rest: Vec<&Agent> = servers.iter().collect();
    let end = Cell::new(false);
    let replace = async {
        for server in &mut lost {
            server.kill().await;
        }
        let known: Vec<u8> = rest
            .iter()
            .map(|server| server.addr().octets()[3])
            .collect();
        let first = SERVERS + 1 + 2 * number;
        let new = start(&known, [first, first + 1]);
        let all: Vec<&Agent> = rest.iter().copied().chain(&new).collect();
        vote(&all).await;
        end.set(true);
        new
    };
    let (gap, new) = futures_util::future::join(longest_gap(&rest, &end), replace).await;
    servers.extend(new);
    println!("round {number}: no leader for {gap:?}");
    assert!(gap < Duration::from_secs(10), "{gap:?}");
}

#[tokio::test]
async fn five_servers_are_replaced_in_rounds_without_a_hand_and_never_shrink_by_failures() {
    let world = World::new();
    let known: Vec<u8> = (1..=SERVERS).collect();
    let mut servers: Vec<Agent> = known.iter().map(|n| start(&world, *n, &known)).collect();
    servers[0].write("before", "1").await;
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    for number in 0..3 {
        let new = |known: &[u8], numbers: [u8; 2]| numbers.map(|n| start(&world, n, known));
        round(&mut servers, number, new).await;
    }
    let health = healthy(&servers[0]).await;
    assert_eq!(health["FailureTolerance"], 2, "{health}");
    tolerate_two(&servers).await;
    assert_eq!(
        health["Servers"].as_array().map(Vec::len),
        Some(5),
        "{health}"
    );
    assert_eq!(servers[4].read("before").await, (200, "1".to_owned()));

    // By now every address that the oldest were told of is dead: their sources are empty.
    shrink(&mut servers).await;
}

/// Fails one after another down to two, which must not write, and back to three, which must.
pub(super) async fn shrink(servers: &mut [Agent]) {
    let (rest, failing) = servers.split_at_mut(2);
    for (dead, server) in failing.iter_mut().enumerate() {
        server.kill().await;
        if dead < 2 {
            rest[0].write(&format!("without/{dead}"), "1").await;
            eventually("its end is known", || async {
                let (_, body) = rest[0].try_get("/v1/operator/autopilot/health").await?;
                let health: Value = serde_json::from_str(&body).ok()?;
                let tolerance = u64::try_from(1 - dead).unwrap();
                (health["FailureTolerance"] == tolerance).then_some(())
            })
            .await;
        }
    }
    for server in rest.iter() {
        let status = server.try_put("/v1/kv/with/two", "1").await;
        assert_ne!(status, Some(200), "two of five acknowledged a write");
    }
    let alive: Vec<&Agent> = rest.iter().collect();
    for server in alive {
        let configuration = server.stat("raft", "latest_configuration").await;
        let voters = configuration.matches("Suffrage:Voter").count();
        assert_eq!(voters, 5, "{configuration}");
    }
    failing[0].restart();
    rest[1].write("with/three", "1").await;
}
