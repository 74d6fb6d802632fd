//! The one door through which commands print.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use quorate_providers::is_plain;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;

/// Standard output and standard error, or what stands for them.
pub struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    is_broken: bool,
    /// Whether nobody reads standard output any more.
    is_abandoned: fn() -> bool,
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
            is_abandoned: || false,
            is_terminal: false,
            is_watched: false,
        }
    }

    /// Prints to the streams of the process. A dumb terminal is told as a program is.
    pub fn of_process() -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            is_abandoned: has_no_reader,
            is_terminal: io::stdout().is_terminal() && !is_dumb,
            is_watched: io::stderr().is_terminal() && !is_dumb,
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

    /// Something could not be printed, or nobody reads any more: who watches through a pipe prints
    /// nothing while nothing changes.
    pub(super) fn is_broken(&mut self) -> bool {
        self.is_broken |= (self.is_abandoned)();
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

    /// Prints a line of what was asked for, without what could steer a terminal: some of it is the
    /// word of others.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.raw_line(harmless(line.as_ref()));
    }

    /// Prints bytes of what was asked for as they are, and ends the line.
    pub(super) fn raw_line(&mut self, bytes: impl AsRef<[u8]>) {
        self.raw(bytes);
        self.raw("\n");
    }

    /// Prints bytes of what was asked for as they are.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let written = self.stdout.write_all(bytes.as_ref());
        self.is_broken |= written.is_err();
    }

    /// Prints a line about what went wrong, as [`Out::line`] does. One that cannot be printed is
    /// lost: there is no third stream to say so.
    pub fn problem(&mut self, line: impl fmt::Display) {
        let line = harmless(&line.to_string());
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

/// Whether standard output is a pipe or a socket whose other end was closed.
fn has_no_reader() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let seen = poll(&mut polled, Some(&Timespec::default()));
    let gone = PollFlags::ERR | PollFlags::HUP;
    seen.is_ok() && polled.iter().any(|one| one.revents().intersects(gone))
}

/// Text of which nothing steers a terminal; lines and tabs stay.
pub(super) fn harmless(text: &str) -> String {
    let one = |c: char| match c {
        '\n' | '\t' => c,
        c if is_plain(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(one).collect()
}

/// Text of others that stands in a line, which it must not end.
pub(super) fn in_line(text: &str) -> String {
    let one = |c: char| {
        if is_plain(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_word_steers_the_terminal() {
        let word = "a\x1b[2J\tb\n\u{9b}c\u{202e}d";
        assert_eq!(harmless(word), "a\u{fffd}[2J\tb\n\u{fffd}c\u{fffd}d");
        assert_eq!(
            in_line(word),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}d"
        );
    }
}
