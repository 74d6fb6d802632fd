//! One real program: where it is, an address of its own to listen at, its output, its end.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;

use crate::eventually;

/// Names the folder with the programs.
const FOLDER: &str = "QUORATE_STAND_INS";

/// The last lines of a log that a failed test shows.
const LINES: usize = 20;

static PLACES: AtomicU8 = AtomicU8::new(0);

/// A program in the folder. Says so, loudly, if the test has to be left out.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let Some(folder) = std::env::var_os(FOLDER) else {
        println!(
            "LEFT OUT: {test}: call `just stand-ins`, or name the programs' folder in {FOLDER}"
        );
        return None;
    };
    let path = Path::new(&folder).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("LEFT OUT: {test}: there is no {}", path.display());
    None
}

/// A loopback address and a folder that belong to one test.
///
/// The address comes from the process and the number of the place, so that nobody else takes a port
/// of it between the moment it was free and the program's start.
#[derive(Debug)]
pub(crate) struct Place {
    ip: Ipv4Addr,
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let process = u8::try_from(std::process::id() % 90).unwrap();
        let place = PLACES.fetch_add(1, Ordering::Relaxed);
        Self {
            // Agents of tests are at 127.100 and above.
            ip: Ipv4Addr::new(127, process + 2, place, 1),
            folder: folder(),
        }
    }

    /// With 127.0.0.1, for programs that listen only at what is configured on an interface.
    pub(crate) fn at_home() -> Self {
        let (ip, folder) = (Ipv4Addr::LOCALHOST, folder());
        Self { ip, folder }
    }

    /// A free port of the address, for TCP and UDP.
    pub(crate) fn port(&self) -> SocketAddrV4 {
        let free = || {
            let tcp = TcpListener::bind((self.ip, 0)).ok()?;
            let port = tcp.local_addr().ok()?.port();
            UdpSocket::bind((self.ip, port)).ok()?;
            Some(SocketAddrV4::new(self.ip, port))
        };
        std::iter::repeat_with(free)
            .take(100)
            .flatten()
            .next()
            .unwrap()
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    /// A path in the folder, as arguments want it.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

/// A folder whose name does not begin with a dot: some programs read nothing in such a one.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("stand-in-")
        .tempdir()
        .unwrap()
}

/// A running program; ended when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it in a place, and waits until it answers.
    pub(crate) async fn start<F>(
        path: &Path,
        place: &Place,
        args: &[String],
        answers: impl FnMut() -> F,
    ) -> Self
    where
        F: Future<Output = bool>,
    {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let log = place.path(&format!("{name}.log"));
        let file = File::create(&log).unwrap();
        let child = Command::new(path)
            .args(args)
            .current_dir(place.path(""))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut program = Self { name, child, log };
        program.wait(answers).await;
        program
    }

    async fn wait<F: Future<Output = bool>>(&mut self, mut answers: impl FnMut() -> F) {
        let what = format!("{} answers", self.name);
        let Self { name, child, .. } = self;
        let ready = eventually(&what, || {
            let ended = child.try_wait().unwrap();
            let answer = answers();
            async move {
                match ended {
                    Some(status) => Some(Err(status)),
                    None => answer.await.then_some(Ok(())),
                }
            }
        });
        if let Err(status) = ready.await {
            panic!("{name} ended by itself with {status}");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The child is this process's own and not waited for yet, so its id is nobody else's.
        let _killed = self.child.kill();
        let _status = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let first = log.lines().count().saturating_sub(LINES);
            let last: Vec<&str> = log.lines().skip(first).collect();
            println!("the last of {}:\n{}", self.name, last.join("\n"));
        }
    }
}
