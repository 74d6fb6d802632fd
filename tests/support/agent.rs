//! One agent process and what a person can see of it: its log, its API, its end.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::{PATIENCE, eventually};

/// The program under test.
pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_quorate");

/// A running agent; killed when dropped.
#[derive(Debug)]
pub(crate) struct Agent {
    addr: Ipv4Addr,
    /// The words before the flags: the program, and what it is started through.
    words: Vec<String>,
    flags: Vec<String>,
    env: Vec<(String, String)>,
    child: Child,
    log: watch::Receiver<Vec<String>>,
    client: reqwest::Client,
}

impl Agent {
    pub(crate) fn start(addr: Ipv4Addr, flags: Vec<String>) -> Self {
        Self::start_program(OURS, addr, flags)
    }

    /// Starts a program that takes the same flags, such as the one that we are compared with.
    pub(crate) fn start_program(program: &str, addr: Ipv4Addr, flags: Vec<String>) -> Self {
        Self::launch(vec![program.to_owned()], addr, flags, Vec::new())
    }

    /// Starts with environment variables, and none besides.
    pub(crate) fn start_with(
        addr: Ipv4Addr,
        flags: Vec<String>,
        env: Vec<(String, String)>,
    ) -> Self {
        Self::launch(vec![OURS.to_owned()], addr, flags, env)
    }

    /// Starts an agent through a command that becomes the agent, such as `ip netns exec NAME`.
    pub(crate) fn start_through(through: Vec<String>, addr: Ipv4Addr, flags: Vec<String>) -> Self {
        let mut words = through;
        words.push(OURS.to_owned());
        Self::launch(words, addr, flags, Vec::new())
    }

    fn launch(
        words: Vec<String>,
        addr: Ipv4Addr,
        flags: Vec<String>,
        env: Vec<(String, String)>,
    ) -> Self {
        let (child, log) = spawn(&words, &flags, &env);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(quorate::http::plain_http().unwrap())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            addr,
            words,
            flags,
            env,
            child,
            log,
            client,
        }
    }

    pub(crate) fn addr(&self) -> Ipv4Addr {
        self.addr
    }

    /// The memory that the process holds, in KiB, as the system counts it.
    pub(crate) fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let digits = line.unwrap().split_whitespace().nth(1).unwrap();
        digits.parse().unwrap()
    }

    /// How many file descriptors the process may hold.
    pub(crate) fn descriptors_max(&self) -> u64 {
        let path = format!("/proc/{}/limits", self.child.id().unwrap());
        let limits = std::fs::read_to_string(path).unwrap();
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"));
        let soft = line.unwrap().split_whitespace().next().unwrap();
        soft.parse().unwrap()
    }

    /// Whether the process stands, as SIGSTOP makes it.
    pub(crate) fn is_stopped(&self) -> bool {
        let path = format!("/proc/{}/stat", self.child.id().unwrap());
        let stat = std::fs::read_to_string(path).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    }

    /// Kills with SIGKILL and waits for the end.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends a signal by name, such as `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill")
            .args([format!("-{name}"), pid])
            .status()
            .await
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and gives the exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        status
            .unwrap_or_else(|_| panic!("still runs:\n{}", self.log_text()))
            .unwrap()
            .code()
    }

    /// Starts the same command line again, as a new life.
    pub(crate) fn restart(&mut self) {
        (self.child, self.log) = spawn(&self.words, &self.flags, &self.env);
    }

    /// Waits until a line of the log of this life holds the text, and gives the line.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let mut log = self.log.clone();
        let find = |lines: &Vec<String>| lines.iter().any(|line| line.contains(text));
        let seen = tokio::time::timeout(PATIENCE, log.wait_for(find)).await;
        match seen {
            Ok(Ok(lines)) => lines
                .iter()
                .find(|line| line.contains(text))
                .unwrap()
                .clone(),
            _ => panic!("no log line with `{text}`:\n{}", self.log_text()),
        }
    }

    /// When, by its own clock, the first line of the log of this life that holds all texts was written:
    /// the time of day.
    pub(crate) fn logged_at(&self, texts: &[&str]) -> Option<Duration> {
        let log = self.log.borrow();
        let mut lines = log.iter();
        let line = lines.find(|line| texts.iter().all(|text| line.contains(text)))?;
        Some(time_of_day(line.split_once('Z')?.0))
    }

    /// The log of this life so far.
    pub(crate) fn log_text(&self) -> String {
        self.log.borrow().join("\n")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}:8500{path}", self.addr)
    }

    /// Asks once; none while nothing listens.
    pub(crate) async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let response = self.client.get(self.url(path)).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.text().await.ok()?))
    }

    /// Asks, waiting until the API listens.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        eventually(&format!("{} answers {path}", self.addr), || {
            self.try_get(path)
        })
        .await
    }

    /// Asks for JSON that must come with status 200.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}\n{}", self.log_text());
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> (u16, String) {
        self.ask_put(path, body).await.unwrap()
    }

    /// As [`Self::put`], or why no answer came.
    async fn ask_put(&self, path: &str, body: &str) -> reqwest::Result<(u16, String)> {
        let request = self.client.put(self.url(path)).body(body.to_owned());
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Tries a write once and gives the status.
    pub(crate) async fn try_put(&self, path: &str, body: &str) -> Option<u16> {
        Some(self.ask_put(path, body).await.ok()?.0)
    }

    /// Writes a key, waiting until the agent has a leader to write through.
    pub(crate) async fn write(&self, key: &str, value: &str) {
        let path = format!("/v1/kv/{key}");
        eventually(&format!("a write through {}", self.addr), || async {
            (self.try_put(&path, value).await == Some(200)).then_some(())
        })
        .await;
    }

    /// The value of a key.
    pub(crate) async fn read(&self, key: &str) -> (u16, String) {
        self.get(&format!("/v1/kv/{key}?raw")).await
    }

    /// Waits until the disk of this very server holds a key.
    pub(crate) async fn holds(&self, key: &str) {
        let path = format!("/v1/kv/{key}?stale");
        eventually(&format!("{} holds {key}", self.addr), || async {
            let (status, _) = self.try_get(&path).await?;
            (status == 200).then_some(())
        })
        .await;
    }

    /// The leader as this agent knows it; empty while it knows none.
    pub(crate) async fn leader(&self) -> String {
        match self.try_get("/v1/status/leader").await {
            Some((200, body)) => serde_json::from_str(&body).unwrap(),
            _ => String::new(),
        }
    }

    /// Waits until this agent knows a leader.
    pub(crate) async fn led(&self) -> String {
        eventually(&format!("{} knows a leader", self.addr), || async {
            Some(self.leader().await).filter(|leader| !leader.is_empty())
        })
        .await
    }

    /// The names of the members with a status code.
    pub(crate) async fn members(&self, status: u64) -> Vec<String> {
        let Some((200, body)) = self.try_get("/v1/agent/members").await else {
            return Vec::new();
        };
        let list: Vec<Value> = serde_json::from_str(&body).unwrap();
        let matching = list.iter().filter(|member| member["Status"] == status);
        let mut names: Vec<String> = matching
            .map(|member| member["Name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// The names in the catalogue, sorted; none while there is no answer.
    pub(crate) async fn catalogue(&self) -> Vec<String> {
        let Some((200, body)) = self.try_get("/v1/catalog/nodes").await else {
            return Vec::new();
        };
        let nodes: Vec<Value> = serde_json::from_str(&body).unwrap();
        let names = nodes
            .iter()
            .map(|node| node["Node"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// Waits until exactly the agents n1 to n are alive in this agent's list.
    pub(crate) async fn sees(&self, n: usize) {
        eventually(&format!("{} sees {n} members", self.addr), || async {
            (self.members(1).await.len() == n).then_some(())
        })
        .await;
    }

    /// Its node id.
    pub(crate) async fn node_id(&self) -> String {
        let own = self.get_json("/v1/agent/self").await;
        own["Config"]["NodeID"].as_str().unwrap().to_owned()
    }

    /// One value of `info`.
    pub(crate) async fn stat(&self, group: &str, key: &str) -> String {
        let own = self.get_json("/v1/agent/self").await;
        own["Stats"][group][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// The time of day of a date and time such as `2026-01-31T10:20:30.456`.
pub(crate) fn time_of_day(text: &str) -> Duration {
    let (_, time) = text.split_once('T').unwrap();
    let parts: Vec<f64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    Duration::from_secs_f64(parts[0].mul_add(3_600.0, parts[1].mul_add(60.0, parts[2])))
}

/// From one time of day to a later one, which may be of the next day; none if it is a bit earlier.
pub(crate) fn from_to(from: Duration, to: Duration) -> Duration {
    let day = Duration::from_hours(24);
    let passed = (to + day).saturating_sub(from).as_secs_f64() % day.as_secs_f64();
    let passed = Duration::from_secs_f64(passed);
    if passed > day / 2 {
        Duration::ZERO
    } else {
        passed
    }
}

/// A test that fails shows what its agents said.
impl Drop for Agent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("--- {} {:?}\n{}", self.addr, self.flags, self.log_text());
        }
    }
}

fn spawn(
    words: &[String],
    flags: &[String],
    env: &[(String, String)],
) -> (Child, watch::Receiver<Vec<String>>) {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .args(flags)
        .env_clear()
        .envs(env.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (lines, log) = watch::channel(Vec::new());
    let lines = Arc::new(lines);
    follow(child.stdout.take().unwrap(), Arc::clone(&lines));
    follow(child.stderr.take().unwrap(), lines);
    (child, log)
}

fn follow(from: impl AsyncRead + Unpin + Send + 'static, to: Arc<watch::Sender<Vec<String>>>) {
    tokio::spawn(async move {
        let mut from = BufReader::new(from).lines();
        while let Ok(Some(line)) = from.next_line().await {
            to.send_modify(|log| log.push(line));
        }
    });
}
