//! The one door through which commands print.

use std::fmt;
use std::io::{self, Write};

/// Standard output and standard error, or what stands for them.
pub struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    is_broken: bool,
}

impl Out {
    /// Prints to two writers.
    pub fn new(stdout: impl Write + Send + 'static, stderr: impl Write + Send + 'static) -> Self {
        Self {
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            is_broken: false,
        }
    }

    /// Prints to the streams of the process.
    pub fn of_process() -> Self {
        Self::new(io::stdout(), io::stderr())
    }

    /// Prints a line of what was asked for.
    pub fn line(&mut self, line: impl AsRef<[u8]>) {
        self.raw(line);
        self.raw("\n");
    }

    /// Prints bytes of what was asked for as they are.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let written = self.stdout.write_all(bytes.as_ref());
        self.is_broken |= written.is_err();
    }

    /// Prints a line about what went wrong. One that cannot be printed is lost: there is no third
    /// stream to say so.
    pub fn problem(&mut self, line: impl fmt::Display) {
        drop(writeln!(self.stderr, "{line}"));
    }

    /// Brings out what is buffered; false if something that was asked for could not be printed, as
    /// when the reader of a pipe has gone.
    pub(super) fn finish(&mut self) -> bool {
        self.is_broken |= self.stdout.flush().is_err();
        !self.is_broken
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out")
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}
