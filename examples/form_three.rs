//! Three servers and a client form one cluster on loopback, in one process, before your eyes.
//!
//! The first server finds the others through the EC2 API, played by a stand-in; the others have
//! a list; the client knows one server. Every line is a change that an agent saw.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "../tests/support/ec2.rs"]
#[expect(
    dead_code,
    reason = "the tests use more of the stand-in than this example"
)]
mod ec2;

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quorate::agent::Agent;
use quorate::config::{self, Config};
use quorate::state::Command;
use quorate_providers::Query;

type Failure = Box<dyn Error + Send + Sync>;
type Agents = BTreeMap<String, Agent>;

/// A client that has just heard of the servers may wait for its answer; the picture does not.
const ASK_TIMEOUT: Duration = Duration::from_millis(20);
/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let net = u8::try_from(std::process::id() % 200)? + 20;
    let ip = move |n: u8| Ipv4Addr::new(127, net, 33, n);
    let dir = tempfile::tempdir()?;
    let instance = |n| ec2::Instance::running(&format!("i-{n}"), ip(n)).tag("role", "server");
    let cloud = ec2::StandIn::start((1..=3).map(instance).collect()).await?;
    say(
        None,
        &format!(
            "an EC2 API with three instances tagged role=server: {}",
            cloud.url()
        ),
    );

    let started = Instant::now();
    let mut agents = Agents::new();
    for n in 1..=4 {
        let (name, flags) = describe(n, ip, &cloud.url(), dir.path());
        say(Some(started), &format!("starting {name} at {}", ip(n)));
        agents.insert(name, Agent::start(configure(flags)?).await?);
    }
    watch_it_form(&agents, started).await?;
    for (name, agent) in &agents {
        let (key, value) = (format!("hello/{name}"), Bytes::from("from this agent"));
        agent
            .node()
            .apply(Command::KvSet {
                key,
                value,
                flags: 0,
                cas: None,
            })
            .await?;
        say(
            Some(started),
            &format!("{name}: a write through it is acknowledged"),
        );
    }
    say(
        None,
        &format!("the EC2 API was asked {} time(s)", cloud.requests().len()),
    );
    for agent in agents.into_values() {
        agent.stop().await;
    }
    Ok(())
}

/// Name and flags of the n-th agent: three servers, then a client.
fn describe(n: u8, ip: impl Fn(u8) -> Ipv4Addr, ec2: &str, dir: &Path) -> (String, Vec<String>) {
    let name = if n == 4 {
        "client".to_owned()
    } else {
        format!("server-{n}")
    };
    let mut flags = vec![
        format!("--node={name}"),
        format!("--bind={}", ip(n)),
        format!("--client={}", ip(n)),
        format!("--data-dir={}", dir.join(&name).display()),
    ];
    match n {
        1 => flags.push(format!(
            "--retry-join=provider=aws region=eu-west-1 tag_key=role tag_value=server \
             endpoint={ec2} access_key_id=example secret_access_key=example"
        )),
        4 => flags.push(format!("--retry-join={}", ip(2))),
        _ => flags.extend((1..=3).map(|other| format!("--retry-join={}", ip(other)))),
    }
    if n < 4 {
        flags.extend(["--server".to_owned(), "--bootstrap-expect=3".to_owned()]);
    }
    (name, flags)
}

/// The configuration that a command line with these flags asks for.
fn configure(flags: Vec<String>) -> Result<Config, Failure> {
    let words = std::iter::once("agent".to_owned()).chain(flags);
    let matches = config::command().try_get_matches_from(words)?;
    let check = |text: &str| {
        Query::parse(text)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    Ok(config::load(&matches, check)?.config)
}

/// Prints each agent's changes until all of them have a leader and see all four.
async fn watch_it_form(agents: &Agents, started: Instant) -> Result<(), Failure> {
    let mut shown: BTreeMap<&str, String> = BTreeMap::new();
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    loop {
        tick.tick().await;
        let mut formed = 0;
        for (name, agent) in agents {
            let members = agent.node().members().len();
            let leader = tokio::time::timeout(ASK_TIMEOUT, agent.leader())
                .await
                .ok()
                .flatten();
            formed += usize::from(leader.is_some() && members == agents.len());
            let leader = leader.map_or_else(|| "none yet".to_owned(), |leader| leader.to_string());
            let line = format!(
                "{name:8}  sees {members} of {}, leader: {leader}",
                agents.len()
            );
            if shown.get(name.as_str()) != Some(&line) {
                say(Some(started), &line);
                shown.insert(name, line);
            }
        }
        if formed == agents.len() {
            say(Some(started), "formed: one cluster, known to all");
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("not formed within {PATIENCE:?}").into());
        }
    }
}

/// Prints a line with the time since the start, if it is about something that took time.
fn say(started: Option<Instant>, line: &str) {
    match started {
        Some(started) => println!("{:8.3} s  {line}", started.elapsed().as_secs_f64()),
        None => println!("            {line}"),
    }
}
