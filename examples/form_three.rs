//! Three servers and a client form one cluster on loopback, in one process, before your eyes.
//!
//! The first server finds the others through the EC2 API, played by a stand-in; the others have
//! a list; the client knows one server. Every line is a change that an agent saw.

#[path = "../tests/support/ec2.rs"]
#[expect(
    dead_code,
    reason = "the tests use more of the stand-in than this example"
)]
mod ec2;

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quorate::agent::Agent;
use quorate::config;
use quorate::http::{Consistency, Read};
use quorate::state::{Answer, Command, Query};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    quorate::telemetry::start_quiet();
    let net = u8::try_from(std::process::id() % 200)? + 20;
    let ip = |n: u8| Ipv4Addr::new(127, net, 33, n);
    let dir = tempfile::tempdir()?;

    let cloud = ec2::StandIn::start(
        (1..=3)
            .map(|n| ec2::Instance::running(&format!("i-{n}"), ip(n)).tag("role", "server"))
            .collect(),
    )
    .await?;
    let through_ec2 = format!(
        "-retry-join=provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={} \
         access_key_id=example secret_access_key=example",
        cloud.url()
    );
    println!(
        "          an EC2 API with three instances tagged role=server at {}",
        cloud.url()
    );

    let started = Instant::now();
    let mut agents = BTreeMap::new();
    for n in 1..=4 {
        let find = match n {
            1 => vec![through_ec2.clone()],
            4 => vec![format!("-retry-join={}", ip(2))],
            _ => (1..=3)
                .map(|other| format!("-retry-join={}", ip(other)))
                .collect(),
        };
        let name = if n == 4 {
            "client".to_owned()
        } else {
            format!("server-{n}")
        };
        let mut flags = vec![
            format!("-node={name}"),
            format!("-bind={}", ip(n)),
            format!("-client={}", ip(n)),
            format!("-data-dir={}", dir.path().join(&name).display()),
        ];
        if n < 4 {
            flags.extend(["-server".to_owned(), "-bootstrap-expect=3".to_owned()]);
        }
        flags.extend(find);
        agents.insert(name, Agent::start(config::from_flags(flags)?).await?);
    }

    watch_it_form(&agents, started).await?;
    for (name, agent) in &agents {
        let (key, value) = (format!("hello/{name}"), Bytes::from("from this agent"));
        let command = Command::KvSet {
            key,
            value,
            flags: 0,
            cas: None,
        };
        agent.node().apply(command).await?;
        println!(
            "{:7.3} s  {name}: a write through it is acknowledged",
            started.elapsed().as_secs_f64()
        );
    }
    let read = Read {
        query: Query::KvKeys {
            prefix: "hello/".to_owned(),
            separator: None,
        },
        consistency: Consistency::Default,
        min_index: None,
        wait: Duration::ZERO,
    };
    if let Answer::Keys(keys) = agents["client"].node().read(read).await?.answer {
        println!(
            "{:7.3} s  client reads back: {}",
            started.elapsed().as_secs_f64(),
            keys.join(" ")
        );
    }
    println!(
        "          the EC2 API was asked {} time(s)",
        cloud.requests().len()
    );
    for agent in agents.into_values() {
        agent.stop().await;
    }
    Ok(())
}

/// Prints each agent's changes until all of them have a leader and see all four.
async fn watch_it_form(agents: &BTreeMap<String, Agent>, started: Instant) -> Result<(), Failure> {
    let mut shown: BTreeMap<&str, String> = BTreeMap::new();
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    loop {
        tick.tick().await;
        let mut formed = 0;
        for (name, agent) in agents {
            let members = agent.node().members().len();
            let leader = agent.leader_name();
            formed += usize::from(leader.is_some() && members == agents.len());
            let leader = leader.unwrap_or_else(|| "no leader yet".to_owned());
            let line = format!(
                "{name:8}  sees {members} of {}, leader: {leader}",
                agents.len()
            );
            if shown.get(name.as_str()) != Some(&line) {
                println!("{:7.3} s  {line}", started.elapsed().as_secs_f64());
                shown.insert(name, line);
            }
        }
        if formed == agents.len() {
            println!("{:7.3} s  formed", started.elapsed().as_secs_f64());
            return Ok(());
        }
        if started.elapsed() > Duration::from_secs(30) {
            return Err("not formed within 30 s".into());
        }
    }
}
