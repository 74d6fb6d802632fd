//! One agent process and what a person can see of it: its log, its API, its end.

mod api;

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::PATIENCE;

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
