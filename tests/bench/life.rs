//! The life of a cluster of three servers and fifty clients with default settings: joining, seeing
//! who died, healing, restarting, stopping.
//!
//! `cargo bench --bench life` prints the median of three lives; `-- 5` makes five, and
//! `-- --beside consul --with '-hcl=disable_update_check = true'` puts a second program with the same
//! flags, and one more, beside ours. Fifty agents of Consul's hold 6 GiB.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints, and ends at the unexpected"
)]

#[expect(dead_code, reason = "other benches use more of it than this one")]
mod rows;
#[path = "../support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests use more of it than the bench"
)]
mod support;
mod waits;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::join_all;
use rows::{Row, Wish, until, until_every};
use support::{Agent, OURS, World};
use waits::{ALIVE, LOOK_EVERY, longest_wait, name_of, seen_failed, write_through};

/// How many clients there are, besides the one that comes alone.
const CLIENTS: u8 = 50;
/// The number of the first of them.
const FIRST: u8 = 11;
/// Every so many-th agent is paused.
const PAUSED_OF: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wish = Wish::of_command_line(3);
    let mut rows = [
        Row::new("a client started, to its name in the catalogue", "s", 0.15),
        Row::new(
            "50 clients started at once, to all in the catalogue",
            "s",
            5.0,
        ),
        Row::new("the same, to all in the list of each", "s", 10.0),
        Row::new("a client killed, to failed in the list of each", "s", 5.0),
        Row::new("a server killed, to failed in the list of each", "s", 5.0),
        Row::new(
            "a third paused until failed, then going on, to alive in the list of each",
            "s",
            10.0,
        ),
        Row::new(
            "the leader stopped (TERM), the longest wait of a writer",
            "s",
            0.15,
        ),
        Row::new(
            "the leader killed, to a write through every survivor",
            "s",
            1.5,
        ),
        Row::new(
            "three servers restarted one by one, the longest wait of a writer",
            "s",
            0.15,
        ),
        Row::new(
            "all servers killed and restarted, to a write through each",
            "s",
            1.5,
        ),
    ];
    let mut programs = vec![("Quorate", OURS, None)];
    let beside = wish.beside.as_deref();
    programs.extend(beside.map(|program| ("beside", program, wish.with.as_deref())));
    println!("before: {}", rows::load());
    for _ in 0..wish.runs {
        for (at, (_, program, flag)) in programs.iter().enumerate() {
            let mut life = Life::new(program, *flag);
            let mut row = rows.iter_mut();
            let living = life.live(|value| row.next().unwrap().add(at, value));
            let lived = AssertUnwindSafe(living).catch_unwind().await;
            // Another program may never get there; what it did until then counts, and the text of
            // the panic says what it did not.
            if let (Err(panic), 0) = (lived, at) {
                resume_unwind(panic);
            }
        }
    }
    let names: Vec<&str> = programs.iter().map(|(name, ..)| *name).collect();
    rows::print(&rows, &names);
}

/// One cluster from its founding to its end.
struct Life {
    world: World,
    servers: Vec<Agent>,
    clients: Vec<Agent>,
    /// A flag that every agent gets.
    flag: Option<String>,
}

impl Life {
    fn new(program: &str, flag: Option<&str>) -> Self {
        let world = World::of(program);
        let servers = world.servers(3, flag.as_slice());
        Self {
            world,
            servers,
            flag: flag.map(str::to_owned),
            clients: Vec::new(),
        }
    }

    /// Lives, and tells each row's value in their order.
    async fn live(&mut self, mut tell: impl FnMut(f64)) {
        write_through(&self.servers, Instant::now()).await;
        tell(self.start([FIRST - 1]).await);
        let at_once = Instant::now();
        tell(self.start(FIRST..FIRST + CLIENTS).await);
        tell(self.all_alive(at_once).await);
        tell(self.client_killed().await);
        tell(self.server_killed().await);
        tell(self.paused().await);
        tell(self.leader_stopped().await);
        tell(self.leader_killed().await);
        tell(self.rolling().await);
        tell(self.all_restarted().await);
    }

    /// Starts clients; gives the time until the catalogue has them all.
    async fn start(&mut self, numbers: impl IntoIterator<Item = u8>) -> f64 {
        let mut joins = self.world.list(1..=3);
        joins.extend(self.flag.clone());
        let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
        let started = Instant::now();
        for n in numbers {
            self.clients.push(self.world.agent(n, &joins));
            tokio::task::yield_now().await;
        }
        let all = self.servers.len() + self.clients.len();
        until("all in the catalogue", started, || async {
            let nodes = self.servers[0].try_get("/v1/catalog/nodes").await;
            nodes.is_some_and(|(_, body)| body.matches("\"Node\":").count() == all)
        })
        .await
    }

    fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.servers.iter().chain(&self.clients)
    }

    /// The time until everybody's list has everybody alive.
    async fn all_alive(&self, since: Instant) -> f64 {
        let all = self.agents().count();
        // Whoever has been looked at stays as he is, so that one after another is enough.
        for agent in self.agents() {
            let is_so = || async { agent.members(ALIVE).await.len() == all };
            until_every(LOOK_EVERY, "all alive", since, is_so).await;
        }
        since.elapsed().as_secs_f64()
    }

    async fn client_killed(&mut self) -> f64 {
        let mut dead = self.clients.pop().unwrap();
        let name = name_of(&dead).await;
        let killed = Instant::now();
        dead.kill().await;
        let took = seen_failed(self.agents(), &[name], killed).await;
        dead.restart();
        self.clients.push(dead);
        self.all_alive(Instant::now()).await;
        took
    }

    async fn server_killed(&mut self) -> f64 {
        let at = (self.leader().await + 1) % self.servers.len();
        let mut dead = self.servers.remove(at);
        let name = name_of(&dead).await;
        let killed = Instant::now();
        dead.kill().await;
        let took = seen_failed(self.agents(), &[name], killed).await;
        dead.restart();
        self.servers.push(dead);
        self.settle().await;
        took
    }

    /// Every third agent stands still, one server among them, until the others hold them for
    /// failed; gives the time from their going on until all know all.
    async fn paused(&self) -> f64 {
        let leader = self.leader().await;
        let servers = self.servers.iter().enumerate();
        let follower = servers
            .filter(|(at, _)| *at != leader)
            .map(|(_, s)| s)
            .take(1);
        let paused: Vec<&Agent> = follower
            .chain(self.clients.iter().step_by(PAUSED_OF))
            .collect();
        let rest = self
            .agents()
            .filter(|agent| paused.iter().all(|p| p.addr() != agent.addr()));
        let names = join_all(paused.iter().map(|agent| name_of(agent))).await;
        for agent in &paused {
            agent.signal("STOP").await;
        }
        seen_failed(rest, &names, Instant::now()).await;
        let woken = Instant::now();
        for agent in &paused {
            agent.signal("CONT").await;
        }
        let took = self.all_alive(woken).await;
        self.settle().await;
        took
    }

    async fn leader_stopped(&mut self) -> f64 {
        let at = self.leader().await;
        let mut leader = self.servers.remove(at);
        let stop = async {
            leader.signal("TERM").await;
            leader.ended().await;
            write_through(&self.servers, Instant::now()).await;
        };
        let gap = longest_wait(&self.clients[0], stop).await;
        leader.restart();
        self.servers.push(leader);
        self.settle().await;
        gap
    }

    async fn leader_killed(&mut self) -> f64 {
        let at = self.leader().await;
        let mut leader = self.servers.remove(at);
        let killed = Instant::now();
        leader.kill().await;
        let took = write_through(&self.servers, killed).await;
        leader.restart();
        self.servers.push(leader);
        self.settle().await;
        took
    }

    async fn rolling(&mut self) -> f64 {
        let (client, servers) = (&self.clients[0], &mut self.servers);
        let restart = async {
            for at in 0..servers.len() {
                servers[at].signal("TERM").await;
                servers[at].ended().await;
                servers[at].restart();
                let key = format!("back/{at}");
                servers[(at + 1) % servers.len()].write(&key, "x").await;
                servers[at].holds(&key).await;
            }
        };
        let gap = longest_wait(client, restart).await;
        self.settle().await;
        gap
    }

    async fn all_restarted(&mut self) -> f64 {
        for server in &mut self.servers {
            server.kill().await;
        }
        let restarted = Instant::now();
        for server in &mut self.servers {
            server.restart();
        }
        write_through(&self.servers, restarted).await
    }

    /// Waits until all is as it was before: whoever was taken out for dead votes again, too.
    async fn settle(&self) {
        let since = Instant::now();
        write_through(&self.servers, since).await;
        self.all_alive(since).await;
        until_every(LOOK_EVERY, "all vote", since, || async {
            let path = "/v1/operator/raft/configuration";
            let voters = self.servers[0].try_get(path).await;
            voters.is_some_and(|(_, body)| {
                body.matches("\"Voter\":true").count() == self.servers.len()
            })
        })
        .await;
    }

    /// Which of the servers leads.
    async fn leader(&self) -> usize {
        let leader = self.servers[0].led().await;
        let is_it = |s: &Agent| leader == format!("{}:8300", s.addr());
        self.servers.iter().position(is_it).unwrap()
    }
}
