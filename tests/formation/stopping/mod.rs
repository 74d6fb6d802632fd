//! Stopping is not leaving: servers stop and come back one by one, and nobody who writes notices.

mod leaving;
mod requests;
mod returning;

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use crate::support::{Agent, World, eventually};

/// How many writes are under way at once.
const WRITERS: usize = 4;

/// What a time of constant writing showed.
struct Written {
    keys: Vec<String>,
    /// Longest time between two acknowledgements, of whichever writer.
    gap: Duration,
    /// Writes that came back as anything but done.
    failed: Vec<String>,
}

/// Writes through an agent until told to end, one write after the other for each writer.
async fn write_on(through: &Agent, end: &Cell<bool>) -> Written {
    let last = Cell::new(Instant::now());
    let gap = Cell::new(Duration::ZERO);
    let writers = (0..WRITERS).map(|writer| {
        let (last, gap) = (&last, &gap);
        async move {
            let (mut keys, mut failed) = (Vec::new(), Vec::new());
            for n in 0.. {
                let key = format!("during/{writer}/{n}");
                let (status, body) = through.put(&format!("/v1/kv/{key}"), "x").await;
                if status == 200 {
                    keys.push(key);
                    gap.set(gap.get().max(last.get().elapsed()));
                    last.set(Instant::now());
                } else {
                    failed.push(format!("{key}: {status} {body}"));
                }
                if end.get() {
                    break;
                }
            }
            (keys, failed)
        }
    });
    let (keys, failed): (Vec<_>, Vec<_>) = join_all(writers).await.into_iter().unzip();
    Written {
        keys: keys.concat(),
        gap: gap.get(),
        failed: failed.concat(),
    }
}

/// Stops each server once and starts it again as soon as it has ended, waiting in between until
/// it has what the others have. Gives how many of them handed leadership over.
async fn restart_each(servers: &mut [Agent], signal: &str) -> usize {
    let mut handed_over = 0;
    for at in 0..servers.len() {
        servers[at].signal(signal).await;
        assert_eq!(servers[at].ended().await, Some(1));
        let log = servers[at].log_text();
        handed_over += usize::from(log.contains("leadership handed over"));
        servers[at].restart();
        let key = format!("after/{at}");
        let other = (at + 1) % servers.len();
        servers[other].write(&key, "1").await;
        servers[at].holds(&key).await;
        for server in servers.iter() {
            server.sees(servers.len() + 1).await;
        }
    }
    handed_over
}

#[tokio::test]
async fn servers_that_are_restarted_one_by_one_cost_no_write_and_no_wait() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let client = world.agent(4, &[&world.list([1])[0]]);
    client.write("before", "1").await;
    for agent in servers.iter().chain([&client]) {
        agent.sees(4).await;
    }
    for signal in ["TERM", "INT"] {
        let end = Cell::new(false);
        let restart = async {
            let handed_over = restart_each(&mut servers, signal).await;
            end.set(true);
            handed_over
        };
        let (written, handed_over) = join(write_on(&client, &end), restart).await;
        let Written { keys, gap, failed } = written;
        println!("{signal}: {} writes, none for {gap:?}", keys.len());
        assert!(failed.is_empty(), "{failed:#?}");
        assert_ne!(handed_over, 0, "one of them led");
        // Quiet machines see a tenth of it; the bench tells.
        assert!(
            gap < Duration::from_secs(2),
            "longer than elections: {gap:?}"
        );
        let found = eventually("all keys", || async {
            let (_, body) = servers[2].try_get("/v1/kv/during/?keys&consistent").await?;
            serde_json::from_str::<Vec<String>>(&body).ok()
        })
        .await;
        let lost: Vec<&String> = keys.iter().filter(|key| !found.contains(key)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
