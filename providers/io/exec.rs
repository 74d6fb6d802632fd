//! Programs, run with bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;

use super::BoxFuture;

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; no shell comes between.
    pub argv: Vec<String>,
    /// All the variables that it gets.
    pub environment: BTreeMap<String, String>,
    /// It and all its children are killed after this time.
    pub deadline: Duration,
    /// The most bytes of standard output, and of standard error.
    pub output_bytes_max: usize,
}

/// What a program left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, as far as the bound.
    pub stderr: Vec<u8>,
}

/// Why a program did not end by itself.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// It could not be started, or its output not be read.
    #[error("running {program}")]
    Failed {
        /// The program.
        program: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// It was killed at its deadline.
    #[error("{program} was killed after {deadline:?}")]
    Deadline {
        /// The program.
        program: String,
        /// How long it had.
        deadline: Duration,
    },
    /// It wrote more than it may, and was killed.
    #[error("{program} wrote more than {bytes_max} bytes and was killed")]
    TooLarge {
        /// The program.
        program: String,
        /// The most that it may write.
        bytes_max: usize,
    },
    /// Everybody may write to it, or put another in its place.
    #[error("everybody may write to {path}; take that right away with `chmod o-w`")]
    Unsafe {
        /// The program, or the folder that it is in.
        path: String,
    },
    /// There is no program of this name; or this door is shut.
    #[error("no program {program}")]
    Absent {
        /// The program.
        program: String,
    },
}

/// A way to run programs.
pub trait Exec: fmt::Debug + Send + Sync {
    /// Runs a program to its end. Dropping the future kills it and all its children.
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, ExecError>>;
}

/// The system's programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemExec;

impl Exec for SystemExec {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, ExecError>> {
        Box::pin(run(command))
    }
}

/// Kills the process group that it leads when it goes.
struct Group {
    child: Child,
}

impl Drop for Group {
    fn drop(&mut self) {
        // Without an id it was waited for, and the number may be somebody else's.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = id.and_then(Pid::from_raw) {
            // All of it may be gone already, and then there is nothing to do.
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Refuses a program that everybody may write to, or whose folder lets everybody replace it.
async fn check_rights(program: &Path) -> Result<(), ExecError> {
    /// Everybody may write.
    const WRITABLE: u32 = 0o002;
    /// In a folder: only the owner of a file may replace it.
    const STICKY: u32 = 0o1000;
    // What is not there is told apart by whoever starts it.
    let mode = async |path: &Path| tokio::fs::metadata(path).await.map_or(0, |at| at.mode());
    let refused = |path: &Path| {
        let path = path.display().to_string();
        Err(ExecError::Unsafe { path })
    };
    if mode(program).await & WRITABLE != 0 {
        return refused(program);
    }
    match program.parent() {
        Some(folder) if mode(folder).await & (WRITABLE | STICKY) == WRITABLE => refused(folder),
        _ => Ok(()),
    }
}

async fn run(command: Command) -> Result<Output, ExecError> {
    let program = command.argv.first().cloned().unwrap_or_default();
    let failed = |source: io::Error| {
        let program = program.clone();
        if source.kind() == io::ErrorKind::NotFound {
            return ExecError::Absent { program };
        }
        let source = Arc::new(source);
        ExecError::Failed { program, source }
    };
    check_rights(Path::new(&program)).await?;
    let mut child = tokio::process::Command::new(&program)
        .args(command.argv.iter().skip(1))
        .env_clear()
        .envs(&command.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut group = Group { child };
    let bytes_max = command.output_bytes_max;
    let ends = async {
        let (stdout, stderr) =
            tokio::try_join!(bounded(stdout, bytes_max), bounded(stderr, bytes_max))?;
        // The group goes before its leader is waited for: until then the number is not reused.
        let status = group.child.wait().await.map_err(Stop::Failed)?;
        Ok((status, stdout, stderr))
    };
    match tokio::time::timeout(command.deadline, ends).await {
        Ok(Ok((status, stdout, stderr))) => Ok(Output {
            code: status.code(),
            stdout,
            stderr,
        }),
        Ok(Err(Stop::TooLarge)) => Err(ExecError::TooLarge { program, bytes_max }),
        Ok(Err(Stop::Failed(source))) => Err(failed(source)),
        Err(_elapsed) => Err(ExecError::Deadline {
            program,
            deadline: command.deadline,
        }),
    }
}

/// Why a stream is not read to its end.
enum Stop {
    TooLarge,
    Failed(io::Error),
}

/// Reads to the end; one byte beyond the bound stops all at once, since a program that is stopped
/// from writing to one stream may still keep the other open.
async fn bounded(from: Option<impl AsyncRead + Unpin>, bytes_max: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let Some(from) = from else { return Ok(bytes) };
    let one_more = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut from = from.take(one_more);
    from.read_to_end(&mut bytes).await.map_err(Stop::Failed)?;
    if bytes.len() > bytes_max {
        return Err(Stop::TooLarge);
    }
    Ok(bytes)
}

/// Programs that leave what they were told to; no other exists.
#[derive(Debug, Clone, Default)]
pub struct FakeExec {
    programs: BTreeMap<Vec<String>, Output>,
}

impl FakeExec {
    /// With a program and its arguments, and what it leaves.
    #[must_use]
    pub fn with(mut self, argv: &[&str], output: Output) -> Self {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        self.programs.insert(argv, output);
        self
    }
}

impl Exec for FakeExec {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, ExecError>> {
        let found = self.programs.get(&command.argv).cloned();
        let program = command.argv.into_iter().next().unwrap_or_default();
        let found = found.ok_or(ExecError::Absent { program });
        Box::pin(std::future::ready(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command {
            argv: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            environment: BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]),
            deadline: Duration::from_secs(20),
            output_bytes_max: 1_000,
        }
    }

    #[tokio::test]
    async fn a_program_leaves_its_output_and_code_and_sees_only_its_variables() {
        let output = SystemExec.run(shell("echo $ONLY$HOME; echo e >&2; exit 3"));
        let output = output.await.unwrap();
        assert_eq!(output.code, Some(3));
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"this\n"[..], &b"e\n"[..])
        );
    }

    #[tokio::test]
    async fn a_program_that_everybody_may_change_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("quorate-exec-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("peers");
        std::fs::write(&program, "").unwrap();
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let mut outcomes = Vec::new();
        for (of_folder, of_program) in [
            (0o755, 0o757),
            (0o777, 0o755),
            (0o1777, 0o755),
            (0o755, 0o755),
        ] {
            set(&folder, of_folder);
            set(&program, of_program);
            outcomes.push(check_rights(&program).await);
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let refused: Vec<bool> = outcomes.iter().map(Result::is_err).collect();
        assert_eq!(refused, [true, true, false, false], "{outcomes:?}");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_its_children() {
        let mut command = shell("sleep 300 & sleep 300");
        command.deadline = Duration::from_millis(300);
        let error = SystemExec.run(command).await.unwrap_err();
        assert!(matches!(error, ExecError::Deadline { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_never_stops_writing_is_killed() {
        let error = SystemExec.run(shell("while :; do echo yes; done")).await;
        assert!(
            matches!(error, Err(ExecError::TooLarge { .. })),
            "{error:?}"
        );
        // With nobody to read its standard error, and its standard output still open.
        let deaf = shell("trap '' PIPE; while :; do head -c 4096 /dev/zero >&2; done");
        let error = SystemExec.run(deaf).await;
        assert!(
            matches!(error, Err(ExecError::TooLarge { .. })),
            "{error:?}"
        );
        let absent = Command {
            argv: vec!["/no/such/program".to_owned()],
            ..shell("")
        };
        let error = SystemExec.run(absent).await;
        assert!(matches!(error, Err(ExecError::Absent { .. })), "{error:?}");
    }
}
