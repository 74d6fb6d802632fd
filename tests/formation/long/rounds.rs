//! All servers are replaced in rounds that are a minute apart, a list once says that there are none,
//! and failures alone shrink nothing (the demand study's scenario A4).

use std::time::{Duration, Instant};

use crate::formation::rounds::{HOLD, SERVERS, round, shrink, tolerate_two};
use crate::support::{Agent, Listing, STEADY, World, eventually, throughout, vote};

/// From the beginning of one round to that of the next.
const APART: Duration = Duration::from_mins(1);

/// How long the list is empty before failures come on top.
const EMPTY: Duration = Duration::from_secs(20);

struct Fleet {
    world: World,
    list: Listing,
}

impl Fleet {
    /// Starts the n-th server, at the default settings but for slower elections: a machine with many
    /// agents brings some about, and each begins the time before a vote anew.
    fn start(&self, n: u8) -> Agent {
        let expect = format!("-bootstrap-expect={SERVERS}");
        let source = format!("-retry-join=provider=http url={}", self.list.url());
        let flags = ["-server", &expect, HOLD, STEADY, &source];
        self.world.agent(n, &flags)
    }

    /// Has the list show the servers with these numbers.
    fn show(&self, numbers: impl IntoIterator<Item = u8>) {
        let host = |n| self.world.addr(n).to_string();
        self.list.set(numbers.into_iter().map(host).collect());
    }
}

/// Checks that exactly five vote, by the word of each.
async fn five_vote(servers: &[Agent]) {
    for server in servers {
        let configuration = server.stat("raft", "latest_configuration").await;
        let voters = configuration.matches("Suffrage:Voter").count();
        assert_eq!(voters, 5, "{}: {configuration}", server.addr());
    }
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn five_servers_are_replaced_a_minute_apart_and_an_empty_list_removes_nobody() {
    let fleet = Fleet {
        world: World::new(),
        list: Listing::start().await,
    };
    fleet.show(1..=SERVERS);
    let mut servers: Vec<Agent> = (1..=SERVERS).map(|n| fleet.start(n)).collect();
    servers[0].write("before", "1").await;
    vote(&servers.iter().collect::<Vec<_>>()).await;
    for number in 0..3 {
        let began = Instant::now();
        round(&mut servers, number, |rest, new| {
            // Who was killed is no longer listed, who comes is.
            fleet.show(rest.iter().copied().chain(new));
            new.map(|n| fleet.start(n))
        })
        .await;
        tolerate_two(&servers).await;
        println!("round {number}: five vote after {:?}", began.elapsed());
        let rest = APART.saturating_sub(began.elapsed());
        throughout(rest, || five_vote(&servers)).await;
    }
    let old = servers[4].read("before").await;
    assert_eq!(old, (200, "1".to_owned()));
    nobody_is_listed(&fleet, &mut servers).await;
    tolerate_two(&servers).await;
    shrink(&mut servers).await;
}

/// The list is empty, everybody reads it, and one who starts has nothing else; nobody is removed.
async fn nobody_is_listed(fleet: &Fleet, servers: &mut [Agent]) {
    fleet.show([]);
    let calls = fleet.list.calls();
    servers[1].signal("TERM").await;
    servers[1].ended().await;
    servers[1].restart();
    servers[1].led().await;
    for server in servers.iter() {
        assert_eq!(server.put("/v1/agent/reload", "").await.0, 200);
    }
    eventually("all have read the empty list", || async {
        (fleet.list.calls() >= calls + servers.len()).then_some(())
    })
    .await;
    throughout(EMPTY, || async {
        five_vote(servers).await;
        for server in servers.iter() {
            let known = server.members(1).await.len() + server.members(4).await.len();
            assert_eq!(known, 5, "{} has removed somebody", server.addr());
        }
    })
    .await;
}
