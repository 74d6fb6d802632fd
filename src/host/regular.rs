//! Opens files that somebody else may have put in the place of a file.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

/// Opens a regular file to be read. Anything else is refused and not waited for: a FIFO without a
/// writer would hold whoever opens it for ever.
///
/// # Errors
/// The system's, or that it is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other(
        "it is no regular file, and no other is read",
    ))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_and_nobody_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, file) = (dir.path().join("fifo"), dir.path().join("file"));
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        std::fs::write(&file, "").unwrap();
        assert!(open_regular(&file).is_ok());
        for other in [fifo.as_path(), dir.path(), Path::new("/dev/null")] {
            let error = open_regular(other).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{error}");
        }
    }
}
