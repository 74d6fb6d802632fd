//! All servers and a client are stopped, and started elsewhere in some order (the demand study's
//! scenario A3): by a signal or killed one after the other, with a list that is right from the
//! beginning or late.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::turn;
use crate::formation::moved::{are_back, filled};
use crate::support::{Agent, Cluster, Listing, SOON, World, from_to, throughout};

/// From one kill to the next.
const STAGGER: Duration = Duration::from_secs(8);

/// How long the list shows the old addresses after all were started at the new ones.
const LATE: Duration = Duration::from_secs(20);

/// A leader is there within so long of when a majority is up and can be found.
const BOUND: Duration = Duration::from_secs(15);

/// From when on no old address is shown any more.
const NO_TRACE: Duration = Duration::from_mins(1);

/// How much is added to an agent's number, which gives its address, when all move.
const STEP: u8 = 10;

/// How all are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// At once, by a signal.
    Term,
    /// One killed after the other.
    Staggered,
    /// At once, killed.
    Kill,
}

/// When the list shows the new addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Before,
    Late,
}

/// Agents that move: servers 1 to n and a client, and the list that leads to them.
struct Fleet {
    world: World,
    servers: u8,
    list: Listing,
    cluster: Cluster,
    agents: Vec<Agent>,
    /// What each of them has as its address's number, less its own.
    offset: u8,
}

impl Fleet {
    async fn form(servers: u8) -> Self {
        let _turn = turn().await;
        let world = World::new();
        let (agents, cluster) = filled(&world, servers).await;
        let fleet = Self {
            world,
            servers,
            list: Listing::start().await,
            cluster,
            agents,
            offset: 0,
        };
        fleet.show(0);
        fleet
    }

    /// Has the list show the servers at their numbers and this much.
    fn show(&self, offset: u8) {
        let host = |n| self.world.addr(n + offset).to_string();
        self.list.set((1..=self.servers).map(host).collect());
    }

    /// Stops all; writes while a majority is left must not be lost, and are given.
    async fn stop(&mut self, how: Stop) -> Vec<String> {
        let mut keys = Vec::new();
        let quorum = self.agents.len() / 2;
        for at in 0..self.agents.len() {
            match how {
                Stop::Term => self.agents[at].signal("TERM").await,
                Stop::Kill => self.agents[at].kill().await,
                Stop::Staggered => {
                    self.agents[at].kill().await;
                    let left = usize::from(self.servers).saturating_sub(at + 1);
                    if left >= quorum {
                        let key = format!("after/{at}");
                        self.agents[at + 1].write(&key, "1").await;
                        keys.push(key);
                    }
                    throughout(STAGGER, || async {}).await;
                }
            }
        }
        if how == Stop::Term {
            for agent in &mut self.agents {
                agent.ended().await;
            }
        }
        keys
    }

    /// Starts all elsewhere, each after the one before listens; gives the place of the server that made
    /// them a majority.
    async fn start(&mut self, order: &[u8]) -> usize {
        self.offset += STEP;
        let source = format!("-retry-join=provider=http url={}", self.list.url());
        let expect = format!("-bootstrap-expect={}", self.servers);
        let mut agents: Vec<Option<Agent>> = self.agents.drain(..).map(|_stopped| None).collect();
        let (mut up, mut majority) = (0, None);
        for n in order {
            let place = usize::from(*n) - 1;
            let mut flags = vec![SOON, source.as_str()];
            if *n <= self.servers {
                flags.extend(["-server", expect.as_str()]);
                up += 1;
                if up == self.servers / 2 + 1 {
                    majority = Some(place);
                }
            }
            let agent = self.world.agent_at(n + self.offset, *n, &flags);
            agent.get("/v1/status/live").await;
            agents[place] = Some(agent);
        }
        self.agents = agents.into_iter().map(Option::unwrap).collect();
        majority.unwrap()
    }

    /// Waits until all servers know a leader, who must have been there in time: since a moment, or
    /// by the agents' own clocks since the server at this place made them a majority.
    async fn led(&self, since: Result<Instant, usize>, what: &str) {
        for server in &self.agents[..usize::from(self.servers)] {
            server.led().await;
        }
        let took = match since {
            Ok(shown) => shown.elapsed(),
            Err(place) => {
                let up = self.agents[place].logged_at(&["running!"]).unwrap();
                let led = |agent: &Agent| agent.logged_at(&["cluster leadership acquired"]);
                let after = |led| from_to(up, led);
                self.agents.iter().filter_map(led).map(after).min().unwrap()
            }
        };
        println!("{what}: a leader {took:?} after a majority was up and listed");
        assert!(took < BOUND, "{what}: {took:?}");
    }

    async fn are_back(&self) {
        let offset = self.offset;
        are_back(&self.world, &self.agents, |n| n + offset, &self.cluster).await;
    }

    /// For so long, none of all that were shown at any time is an old address.
    async fn leave_no_trace(&self, span: Duration) {
        let numbers = 1..=u8::try_from(self.agents.len()).unwrap();
        let now: Vec<String> = numbers
            .map(|n| self.world.addr(n + self.offset).to_string())
            .collect();
        let looked = RefCell::new(0);
        throughout(span, || async {
            for agent in &self.agents {
                let members = agent.get_json("/v1/agent/members").await;
                for member in members.as_array().unwrap() {
                    let addr = member["Addr"].as_str().unwrap().to_owned();
                    assert!(now.contains(&addr), "{} shows {addr}", agent.addr());
                }
            }
            *looked.borrow_mut() += 1;
        })
        .await;
        println!(
            "{} looks at members without an old address",
            looked.borrow()
        );
    }
}

/// Moves all once, in this order.
async fn moves(order: &[u8], how: Stop, shown: Shown) {
    let servers = u8::try_from(order.len()).unwrap() - 1;
    let what = format!("{servers} servers, {how:?}, the list right {shown:?}");
    let mut fleet = Fleet::form(servers).await;
    let written = fleet.stop(how).await;
    if shown == Shown::Before {
        fleet.show(fleet.offset + STEP);
    }
    let mut busy = turn().await;
    let mut since = Err(fleet.start(order).await);
    if shown == Shown::Late {
        drop(busy);
        throughout(LATE, || async {
            for agent in &fleet.agents {
                assert_eq!(agent.leader().await, "");
            }
        })
        .await;
        busy = turn().await;
        fleet.show(fleet.offset);
        since = Ok(Instant::now());
    }
    fleet.led(since, &what).await;
    let led = Instant::now();
    fleet.are_back().await;
    drop(busy);
    for key in written {
        let read = fleet.agents[0].read(&key).await;
        assert_eq!(read, (200, "1".to_owned()), "{key}");
    }
    fleet
        .leave_no_trace(NO_TRACE.saturating_sub(led.elapsed()))
        .await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn three_servers_that_were_told_to_stop_come_back_elsewhere() {
    moves(&[3, 1, 4, 2], Stop::Term, Shown::Before).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn three_servers_that_were_told_to_stop_come_back_once_their_list_is_right() {
    moves(&[2, 3, 1, 4], Stop::Term, Shown::Late).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn three_servers_that_were_killed_one_by_one_come_back_elsewhere() {
    moves(&[4, 1, 2, 3], Stop::Staggered, Shown::Before).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn three_servers_that_were_killed_one_by_one_come_back_once_their_list_is_right() {
    moves(&[1, 3, 2, 4], Stop::Staggered, Shown::Late).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn five_servers_that_were_told_to_stop_come_back_elsewhere() {
    moves(&[5, 4, 3, 2, 1, 6], Stop::Term, Shown::Before).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn five_servers_that_were_told_to_stop_come_back_once_their_list_is_right() {
    moves(&[2, 4, 1, 6, 5, 3], Stop::Term, Shown::Late).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn five_servers_that_were_killed_one_by_one_come_back_elsewhere() {
    moves(&[1, 2, 3, 4, 5, 6], Stop::Staggered, Shown::Before).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn five_servers_that_were_killed_one_by_one_come_back_once_their_list_is_right() {
    moves(&[6, 3, 5, 1, 4, 2], Stop::Staggered, Shown::Late).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn three_servers_come_back_elsewhere_in_whatever_order_they_are_started() {
    let orders = [
        [1, 2, 3, 4],
        [1, 3, 2, 4],
        [4, 2, 1, 3],
        [2, 3, 1, 4],
        [3, 1, 2, 4],
        [4, 3, 2, 1],
    ];
    let mut fleet = Fleet::form(3).await;
    for (order, how) in orders.iter().zip([Stop::Term, Stop::Kill].iter().cycle()) {
        fleet.stop(*how).await;
        fleet.show(fleet.offset + STEP);
        let _turn = turn().await;
        let majority = fleet.start(order).await;
        fleet
            .led(Err(majority), &format!("{how:?}, {order:?}"))
            .await;
        fleet.are_back().await;
    }
}
