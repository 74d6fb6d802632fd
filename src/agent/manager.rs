//! The words for a service manager: systemd's notify protocol (`sd_notify(3)`), written by hand.
//!
//! A unit of `Type=notify` is *activating* until this agent serves requests; meanwhile its status
//! is the line that says why it does not (demand report, P12). The watchdog is fed from the main
//! loop, and only while the deciding loop turns: who hangs is not fed.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::debug;

use super::why::Why;

/// How often the time limit of a start is extended while the agent waits to be ready, and by how
/// much. Chosen: waiting for others is no failure; a hang is found within half a minute.
const EXTEND_EVERY: Duration = Duration::from_secs(10);
const EXTEND_BY: Duration = Duration::from_secs(30);
/// The longest status, in bytes; systemd takes 4 KiB in all.
const STATUS_BYTES_MAX: usize = 2048;

/// Looks a variable of the environment up.
type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The service manager, if there is one.
#[derive(Debug)]
pub(super) struct Manager {
    to: Option<(UnixDatagram, SocketAddr)>,
    /// How often the watchdog is fed; none if it is off.
    feed_every: Option<Duration>,
    was_ready: AtomicBool,
}

impl Manager {
    /// The manager that the environment of this process names.
    pub(super) fn of_process() -> Self {
        Self::named(&|name| std::env::var(name).ok(), std::process::id())
    }

    fn named(variable: &Variables<'_>, own_pid: u32) -> Self {
        let named = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let opened = named.map(|name| {
            let to = address(&name)?;
            let socket = UnixDatagram::unbound()?;
            // A manager that does not read must not stop an agent.
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>((socket, to))
        });
        let to = opened.and_then(|opened| {
            opened
                .inspect_err(|error| debug!(target: "agent", %error, "no service manager to tell"))
                .ok()
        });
        let number = |name: &str| variable(name)?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(own_pid));
        let limit = number("WATCHDOG_USEC").filter(|limit| is_ours && *limit > 0);
        Self {
            to,
            // Half of the limit, as sd_watchdog_enabled(3) asks.
            feed_every: limit.map(|limit| Duration::from_micros(limit.div_ceil(2))),
            was_ready: AtomicBool::new(false),
        }
    }

    /// Tells why, and that the agent is ready once it is; feeds the watchdog. Never returns.
    pub(super) async fn attend(&self, mut why: Why) {
        if self.to.is_none() {
            return std::future::pending().await;
        }
        let start = Instant::now();
        let feed_every = self.feed_every.unwrap_or(EXTEND_EVERY);
        let mut feed = interval_at(start, feed_every);
        let mut extend = interval_at(start, EXTEND_EVERY);
        for ticks in [&mut feed, &mut extend] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        why.mark();
        self.tell_status(&why);
        loop {
            tokio::select! {
                () = why.changed() => self.tell_status(&why),
                _ = feed.tick() => if self.feed_every.is_some() && why.is_live() {
                    self.tell("WATCHDOG=1");
                },
                _ = extend.tick() => if !self.was_ready.load(Ordering::Relaxed) && why.is_live() {
                    self.tell(&format!("EXTEND_TIMEOUT_USEC={}", EXTEND_BY.as_micros()));
                },
            }
        }
    }

    /// The settings are being read again.
    pub(super) fn reloading(&self) {
        // Before it was ready a unit is activating, and cannot reload.
        if self.was_ready.load(Ordering::Relaxed) {
            self.tell("RELOADING=1");
        }
    }

    /// The settings were read again, or were left as they are.
    pub(super) fn reloaded(&self) {
        if self.was_ready.load(Ordering::Relaxed) {
            self.tell("READY=1");
        }
    }

    /// The agent is about to end.
    pub(super) fn stopping(&self, why: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={}", one_line(why)));
    }

    fn tell_status(&self, why: &Why) {
        let report = why.report();
        let status = format!("STATUS={}", one_line(&report.line()));
        let is_first = report.is_ready() && !self.was_ready.swap(true, Ordering::Relaxed);
        // A unit cannot become unready again; its status tells.
        if is_first {
            self.tell(&format!("READY=1\n{status}"));
        } else {
            self.tell(&status);
        }
    }

    fn tell(&self, words: &str) {
        let Some((socket, to)) = &self.to else {
            return;
        };
        if let Err(error) = socket.send_to_addr(words.as_bytes(), to) {
            debug!(target: "agent", %error, "service manager not told");
        }
    }
}

/// A path, or with `@` in front a name in Linux' abstract name space.
fn address(name: &str) -> io::Result<SocketAddr> {
    match name.strip_prefix('@') {
        None => SocketAddr::from_pathname(name),
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// A status is one line.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if line.len() >= STATUS_BYTES_MAX {
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::why::Teller;
    use crate::types::Reason;
    use crate::why::Said;

    /// A manager at a path, and what hears it.
    fn manager(dir: &std::path::Path, more: &[(&str, &str)]) -> (Manager, UnixDatagram) {
        let path = dir.join("notify");
        let heard = UnixDatagram::bind(&path).unwrap();
        heard.set_nonblocking(true).unwrap();
        let variable = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(path.to_str().unwrap().to_owned()),
            name => {
                let found = more.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            }
        };
        (Manager::named(&variable, 7), heard)
    }

    fn heard(at: &UnixDatagram) -> Vec<String> {
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(len) = at.recv(&mut buffer) {
            all.push(String::from_utf8(buffer[..len].to_vec()).unwrap());
        }
        all
    }

    fn why() -> (Why, Teller) {
        let (_sights, seen) = tokio::sync::watch::channel(Vec::new());
        Why::new(seen, 0)
    }

    #[tokio::test(start_paused = true)]
    async fn ready_is_told_once_and_only_when_the_agent_is() {
        let dir = tempfile::tempdir().unwrap();
        let (manager, at) = manager(dir.path(), &[]);
        let (why, teller) = why();
        let telling = async {
            for reason in [
                Reason::NoLeader,
                Reason::Ready,
                Reason::QuorumLost,
                Reason::Ready,
            ] {
                teller.tell(Said::plain(reason), false, 0);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = telling => {}
            () = manager.attend(why) => {}
        }
        manager.reloading();
        manager.reloaded();
        manager.stopping("leaving:\nthe agent is on its way out");
        let told: Vec<String> = heard(&at)
            .into_iter()
            .filter(|words| !words.starts_with("EXTEND"))
            .collect();
        let status = |reason: Reason| format!("STATUS={reason}: {}", reason.prose());
        assert_eq!(
            told,
            [
                status(Reason::NoLeader),
                format!("READY=1\n{}", status(Reason::Ready)),
                status(Reason::QuorumLost),
                status(Reason::Ready),
                "RELOADING=1".to_owned(),
                "READY=1".to_owned(),
                "STOPPING=1\nSTATUS=leaving: the agent is on its way out".to_owned(),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_starves_when_the_deciding_loop_hangs() {
        let dir = tempfile::tempdir().unwrap();
        let (manager, at) = manager(dir.path(), &[("WATCHDOG_USEC", "2000000")]);
        let (why, teller) = why();
        let fed = |at: &UnixDatagram| heard(at).iter().filter(|w| *w == "WATCHDOG=1").count();
        let turning = async {
            let mut while_turning = 0;
            for _ in 0..20 {
                teller.tell(Said::plain(Reason::NoLeader), false, 0);
                tokio::time::sleep(Duration::from_secs(1)).await;
                while_turning += fed(&at);
            }
            // It hangs.
            tokio::time::sleep(Duration::from_secs(6)).await;
            fed(&at);
            tokio::time::sleep(Duration::from_secs(20)).await;
            (while_turning, fed(&at))
        };
        tokio::select! {
            () = manager.attend(why) => {}
            (while_turning, after) = turning => {
                assert!((19..=21).contains(&while_turning), "{while_turning}");
                assert_eq!(after, 0);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_start_is_extended_while_the_agent_waits_and_turns() {
        let dir = tempfile::tempdir().unwrap();
        let (manager, at) = manager(dir.path(), &[]);
        let (why, teller) = why();
        let extended = |at: &UnixDatagram| {
            let words = format!("EXTEND_TIMEOUT_USEC={}", EXTEND_BY.as_micros());
            heard(at).iter().filter(|heard| **heard == words).count()
        };
        let turn_for_a_minute = async |reason| {
            for _ in 0..60 {
                teller.tell(Said::plain(reason), false, 0);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            extended(&at)
        };
        let life = async {
            let waiting = turn_for_a_minute(Reason::WaitingForServers).await;
            tokio::time::sleep(Duration::from_secs(6)).await;
            extended(&at);
            tokio::time::sleep(EXTEND_EVERY * 5).await;
            let hanging = extended(&at);
            let ready = turn_for_a_minute(Reason::Ready).await;
            let lost = turn_for_a_minute(Reason::NoLeader).await;
            (waiting, hanging, ready, lost)
        };
        tokio::select! {
            () = manager.attend(why) => {}
            (waiting, hanging, ready, lost) = life => {
                assert!((5..=7).contains(&waiting), "{waiting}");
                assert_eq!((hanging, ready, lost), (0, 0, 0), "a hang; once ready; ready before");
            }
        }
    }

    #[test]
    fn a_unit_that_is_activating_is_told_of_no_reload() {
        let dir = tempfile::tempdir().unwrap();
        let (manager, at) = manager(dir.path(), &[]);
        manager.reloading();
        manager.reloaded();
        assert_eq!(heard(&at), [""; 0]);
    }

    #[test]
    fn a_status_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\nb\tc\u{7f}d"), "a b c d");
        let long = one_line(&"é".repeat(5_000));
        assert!((STATUS_BYTES_MAX..STATUS_BYTES_MAX + 4).contains(&long.len()));
    }

    #[test]
    fn a_manager_that_does_not_read_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let (manager, at) = manager(dir.path(), &[]);
        let (done, is_done) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for _ in 0..10_000 {
                manager.stopping("on its way out");
            }
            done.send(()).unwrap();
        });
        is_done.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(heard(&at).len() < 10_000);
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_fed() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, is_ours) in [("7", true), ("8", false)] {
            let more = [("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", pid)];
            let (manager, _at) = manager(dir.path(), &more);
            std::fs::remove_file(dir.path().join("notify")).unwrap();
            let every = is_ours.then_some(Duration::from_secs(1));
            assert_eq!(manager.feed_every, every, "{pid}");
        }
    }
}
