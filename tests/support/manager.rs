//! A service manager for one agent: the socket that it notifies, and what came there.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::UnixDatagram;
use tokio::sync::watch;

use super::PATIENCE;

/// What an agent said, line by line, each with when it came.
#[derive(Debug)]
pub(crate) struct Manager {
    name: String,
    heard: watch::Receiver<Vec<(Instant, String)>>,
}

impl Manager {
    /// Listens at a path.
    pub(crate) fn at_path(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        Self::listen(path.to_str().unwrap().to_owned(), socket)
    }

    /// Listens at a name in the abstract name space.
    pub(crate) fn at_name(name: &str) -> Self {
        let addr = SocketAddr::from_abstract_name(name).unwrap();
        let socket = std::os::unix::net::UnixDatagram::bind_addr(&addr).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self::listen(format!("@{name}"), UnixDatagram::from_std(socket).unwrap())
    }

    fn listen(name: String, socket: UnixDatagram) -> Self {
        let (lines, heard) = watch::channel(Vec::new());
        let lines = Arc::new(lines);
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while let Ok(len) = socket.recv(&mut buffer).await {
                let text = String::from_utf8(buffer[..len].to_vec()).unwrap();
                let now = Instant::now();
                lines
                    .send_modify(|all| all.extend(text.lines().map(|line| (now, line.to_owned()))));
            }
        });
        Self { name, heard }
    }

    /// The environment of an agent that this one watches, with a watchdog.
    pub(crate) fn env(&self, watchdog_usec: u64) -> Vec<(String, String)> {
        vec![
            ("NOTIFY_SOCKET".to_owned(), self.name.clone()),
            ("WATCHDOG_USEC".to_owned(), watchdog_usec.to_string()),
        ]
    }

    /// Waits for a line that begins so, after a moment; gives it with when it came.
    pub(crate) async fn told(&self, after: Instant, start: &str) -> (Instant, String) {
        let find = |all: &Vec<(Instant, String)>| {
            let mut fits = all
                .iter()
                .filter(|(at, line)| *at >= after && line.starts_with(start));
            fits.next().cloned()
        };
        let mut heard = self.heard.clone();
        let seen = tokio::time::timeout(PATIENCE, heard.wait_for(|all| find(all).is_some())).await;
        match seen {
            Ok(Ok(all)) => find(&all).unwrap(),
            _ => panic!("nothing begins with `{start}`:\n{:?}", self.lines()),
        }
    }

    /// How many lines begin so.
    pub(crate) fn count(&self, start: &str) -> usize {
        self.lines()
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard
            .borrow()
            .iter()
            .map(|(_, line)| line.clone())
            .collect()
    }
}
