//! The one door through which commands print.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use rustix::termios::tcgetwinsize;

/// Standard output and standard error, or what stands for them.
pub struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    is_broken: bool,
    /// A person sees standard output, or standard error.
    is_terminal: bool,
    is_watched: bool,
}

impl Out {
    /// Prints to two writers.
    pub fn new(stdout: impl Write + Send + 'static, stderr: impl Write + Send + 'static) -> Self {
        Self {
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            is_broken: false,
            is_terminal: false,
            is_watched: false,
        }
    }

    /// Prints to the streams of the process.
    pub fn of_process() -> Self {
        Self {
            is_terminal: io::stdout().is_terminal(),
            is_watched: io::stderr().is_terminal(),
            ..Self::new(io::stdout(), io::stderr())
        }
    }

    /// Standard output is a terminal.
    pub(super) const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Rows and columns of the terminal of the process; those of a VT100 where it does not say.
    pub(super) fn size(&self) -> (usize, usize) {
        let told = self.is_terminal.then(|| tcgetwinsize(io::stdout()));
        match told {
            Some(Ok(size)) if size.ws_row > 0 && size.ws_col > 0 => {
                (usize::from(size.ws_row), usize::from(size.ws_col))
            }
            _ => (24, 80),
        }
    }

    /// Standard error is a terminal.
    pub(super) const fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Something could not be printed.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Shows a person what goes on, without an end of line. One that cannot be shown is lost, as a
    /// problem is.
    pub(super) fn status(&mut self, text: &str) {
        let shown = self.stderr.write_all(text.as_bytes());
        drop(shown.and_then(|()| self.stderr.flush()));
    }

    /// Brings out what is buffered.
    pub(super) fn flush(&mut self) {
        self.is_broken |= self.stdout.flush().is_err();
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
        self.flush();
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
