//! One simulated computer: a disk, an address, and, while it has power, a process that runs an agent
//! and clients beside it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quorate::agent::{Agent, End};
use quorate::config::{self, Config};
use quorate::http::Node;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance, sleep, sleep_until};

use crate::clients;
use crate::disk::Disk;
use crate::history::History;
use crate::host::SimHost;
use crate::net::Net;
use crate::story;

/// How long the service manager waits before it starts an agent again that has ended.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Clients that write, beside each agent.
const WRITERS: usize = 2;

/// What an agent is told to be.
#[derive(Debug, Clone)]
pub struct Role {
    /// The name of its node, unique in its family.
    pub name: String,
    /// Which cluster it is meant for.
    pub family: char,
    /// `bootstrap_expect`; none for a client.
    pub expect: Option<u32>,
    /// `reconnect_timeout`: how long a failed member is kept.
    pub reconnect: Duration,
    /// What else its command line says.
    pub words: Vec<String>,
}

/// A computer.
#[derive(Debug)]
pub struct Computer {
    /// What its agent is told to be.
    pub role: Role,
    /// Its address.
    pub ip: IpAddr,
    /// Its disk.
    pub disk: Disk,
    /// It is a copy of another one's disk, which must not take part.
    pub is_copy: bool,
    life: Option<Life>,
    paused: bool,
}

#[derive(Debug)]
struct Life {
    runtime: Runtime,
    origin: Instant,
    born: u64,
    process: Process,
}

/// What can be seen of a process from outside.
#[derive(Clone, Default)]
pub struct Process(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    node: Option<Arc<dyn Node>>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("process")
    }
}

impl Process {
    /// The agent, while one runs.
    pub fn node(&self) -> Option<Arc<dyn Node>> {
        self.0.lock().unwrap().node.clone()
    }

    fn set(&self, node: Option<Arc<dyn Node>>) {
        self.0.lock().unwrap().node = node;
    }
}

impl Computer {
    /// A computer without power.
    pub fn new(role: Role, ip: IpAddr, disk: Disk) -> Self {
        Self {
            role,
            ip,
            disk,
            is_copy: false,
            life: None,
            paused: false,
        }
    }

    /// Whether a process runs, paused or not.
    pub fn is_on(&self) -> bool {
        self.life.is_some()
    }

    /// Whether its process is stopped and can be continued.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The agent, while one runs.
    pub fn node(&self) -> Option<Arc<dyn Node>> {
        self.life.as_ref()?.process.node()
    }

    /// Calls into the agent, in the time of its process.
    pub fn with<T>(&self, call: impl FnOnce(&dyn Node) -> T) -> Option<T> {
        let life = self.life.as_ref()?;
        let node = life.process.node()?;
        let _inside = life.runtime.enter();
        Some(call(&*node))
    }

    /// Runs something in the process, beside the agent.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(life) = &self.life {
            life.runtime.spawn(work);
        }
    }

    /// Starts the process.
    pub fn start(&mut self, net: &Net, history: &History) {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let host = SimHost {
            net: net.clone(),
            ip: self.ip,
            disk: self.disk.clone(),
        };
        net.power_on(self.ip);
        let process = Process::default();
        let origin = runtime.block_on(async { Instant::now() });
        runtime.spawn(supervise(
            host,
            configure(&self.role, self.ip),
            process.clone(),
        ));
        if !self.is_copy {
            for writer in 0..WRITERS {
                let name = format!("{}@{}/{writer}", self.role.name, net.now());
                let (net, process, history) = (net.clone(), process.clone(), history.clone());
                runtime.spawn(clients::write(name, net, process, history));
            }
            runtime.spawn(clients::read(net.clone(), process.clone(), history.clone()));
        }
        self.paused = false;
        self.life = Some(Life {
            runtime,
            origin,
            born: net.now(),
            process,
        });
    }

    /// Runs the process up to a time.
    pub fn run(&mut self, now: u64) {
        if self.paused {
            return;
        }
        let Some(life) = &self.life else {
            return;
        };
        story::set_speaker(&self.role.name, now);
        let until = life.origin + Duration::from_millis(now - life.born);
        life.runtime.block_on(async { sleep_until(until).await });
    }

    /// Stops the process where it stands, as SIGSTOP does.
    pub fn pause(&mut self) {
        self.paused = self.life.is_some();
    }

    /// Lets it go on; its clock has gone on without it.
    pub fn resume(&mut self, now: u64) {
        self.paused = false;
        if let Some(life) = &self.life {
            story::set_speaker(&self.role.name, now);
            let target = life.origin + Duration::from_millis(now - life.born);
            life.runtime.block_on(async {
                advance(target.saturating_duration_since(Instant::now())).await;
            });
        }
    }

    /// Kills the process; the system closes what it had open, and keeps what it wrote.
    pub fn kill(&mut self) {
        self.paused = false;
        if self.life.take().is_some() {
            self.disk.end_life();
        }
    }

    /// Cuts the power; nobody is told, and what was not synced may be gone.
    pub fn cut_power(&mut self, net: &Net) {
        self.paused = false;
        net.power_off(self.ip);
        if self.life.take().is_some() {
            self.disk.cut_power();
        }
    }
}

/// Runs an agent as a service manager does: started again after a failure.
async fn supervise(host: SimHost, config: Config, process: Process) {
    loop {
        match Agent::start_on(Arc::new(host.clone()), host.discovery(), config.clone()).await {
            Ok(mut agent) => {
                process.set(Some(agent.node()));
                let end = agent.ended().await;
                process.set(None);
                story::tell(&format!("agent ended: {end:?}"));
                agent.stop().await;
                match end {
                    End::Left => return,
                    End::Restart => continue,
                    _ => {}
                }
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                story::tell(&format!("agent does not start: {error} {cause}"));
            }
        }
        sleep(RESTART_AFTER).await;
    }
}

/// The configuration of an agent.
fn configure(role: &Role, ip: IpAddr) -> Config {
    let mut words = vec![
        "agent".to_owned(),
        format!("--node={}", role.name),
        format!("--bind={ip}"),
        "--http-port=-1".to_owned(),
        "--data-dir=simulated".to_owned(),
    ];
    words.extend(role.words.iter().cloned());
    if let Some(expect) = role.expect {
        words.push("--server".to_owned());
        words.push(format!("--bootstrap-expect={expect}"));
    }
    let matches = config::command().try_get_matches_from(words).unwrap();
    let config = config::load(&matches, |_| Ok(())).unwrap().config;
    Config {
        reconnect_timeout: role.reconnect,
        ..config
    }
}
