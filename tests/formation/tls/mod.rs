//! Certificates on the server port: who forms a cluster with whom, who is refused, what a reload does.

mod files;
mod refused;
mod reload;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Agent, OURS, STEADY, World, eventually};

/// Files made by `quorate tls`, in a directory of their own.
pub(super) struct Pki {
    dir: PathBuf,
}

impl Pki {
    pub(super) fn new(world: &World, name: &str) -> Self {
        let dir = world.path(name);
        std::fs::create_dir(&dir).unwrap();
        let pki = Self { dir };
        let name = format!("-common-name=CA of {name}");
        assert!(pki.run(&["ca", "create", &name]).status.success());
        pki
    }

    /// Runs `quorate tls` here.
    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(OURS);
        command.current_dir(&self.dir).env_clear().arg("tls");
        command.args(words).output().unwrap()
    }

    /// Makes a certificate, and gives its path and the one of its key.
    fn make(&self, role: &str) -> (PathBuf, PathBuf) {
        let made = self.run(&["cert", "create", &format!("-{role}")]);
        let told = String::from_utf8(made.stdout).unwrap();
        let saved: Vec<&str> = told
            .lines()
            .filter_map(|line| line.strip_prefix("==> Saved "))
            .collect();
        let [certificate, key] = saved[..] else {
            panic!("{told}");
        };
        (self.dir.join(certificate), self.dir.join(key))
    }

    fn ca(&self) -> PathBuf {
        self.dir.join("consul-agent-ca.pem")
    }

    /// A config file with the strictest switches and a new certificate for a role.
    pub(super) fn mutual(&self, world: &World, name: &str, role: &str) -> PathBuf {
        let own = self.make(role);
        write(
            world,
            name,
            &self.ca(),
            &own,
            ["verify_incoming = true", "true"],
        )
    }
}

fn write(
    world: &World,
    name: &str,
    ca: &Path,
    (certificate, key): &(PathBuf, PathBuf),
    [switches, asks_name]: [&str; 2],
) -> PathBuf {
    let [ca, certificate, key] = [ca, certificate.as_path(), key.as_path()].map(Path::display);
    let text = format!(
        "tls {{\n  defaults {{\n    ca_file = \"{ca}\"\n    cert_file = \"{certificate}\"\n    \
         key_file = \"{key}\"\n    {switches}\n  }}\n  internal_rpc {{\n    \
         verify_server_hostname = {asks_name}\n  }}\n}}\n"
    );
    world.write(name, &text)
}

pub(super) fn flag(file: &Path) -> String {
    format!("-config-file={}", file.display())
}

/// Starts the n-th server, one of three, told of the first three addresses, with more flags.
fn server(world: &World, n: u8, more: &[&str]) -> Agent {
    let mut flags = vec![
        "-server".to_owned(),
        "-bootstrap-expect=3".to_owned(),
        STEADY.to_owned(),
    ];
    flags.extend(world.list(1..=3));
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    world.agent(n, &flags)
}

/// Three servers with certificates of one CA.
fn three(world: &World, pki: &Pki) -> Vec<Agent> {
    let start = |n: u8| {
        let file = pki.mutual(world, &format!("s{n}.hcl"), "server");
        server(world, n, &[&flag(&file)])
    };
    (1..=3).map(start).collect()
}

async fn why(agent: &Agent) -> Value {
    agent.get_json("/v1/agent/why").await
}

async fn says(agent: &Agent, code: &str) -> String {
    eventually(&format!("{} says {code}", agent.addr()), || async {
        let said = why(agent).await;
        (said["Code"] == code).then(|| said["Line"].as_str().unwrap().to_owned())
    })
    .await
}

/// The servers in the raft configuration.
async fn peers(at: &Agent) -> Vec<String> {
    let configuration = at.get_json("/v1/operator/raft/configuration").await;
    let servers = configuration["Servers"].as_array().unwrap().clone();
    let name = |server: &Value| server["Node"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = servers.iter().map(name).collect();
    names.sort();
    names
}

/// What comes back from a server port for these bytes, to the end.
async fn answer(addr: std::net::Ipv4Addr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((addr, 8300)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.unwrap();
    got
}
