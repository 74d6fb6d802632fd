//! Files: created, locked, read within a bound, written whole.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::DataDirError;

/// The largest file that is read or written here, in bytes: 1 MiB. Chosen: a founding ledger or
/// ten thousand addresses are far smaller, and a wrong file must not fill the memory.
pub(super) const BYTES_MAX: usize = 1 << 20;
/// The file whose lock is the directory's.
const LOCK: &str = "lock";
/// The directory holds secrets' neighbours and nothing for others.
const DIR_MODE: u32 = 0o700;
/// As Consul's node-id (agent reference, 10.3).
const FILE_MODE: u32 = 0o600;
/// Any bit that lets somebody write.
const WRITE_BITS: u32 = 0o222;

/// Says whether a directory is there or could be created, without writing.
pub(super) fn check(dir: &Path) -> Result<(), DataDirError> {
    for path in dir.ancestors().map(here) {
        match path.metadata() {
            Ok(found) if !found.is_dir() => {
                return Err(DataDirError::NotADirectory {
                    dir: dir.to_owned(),
                    path: path.to_owned(),
                });
            }
            Ok(found) if found.permissions().mode() & WRITE_BITS == 0 => {
                return Err(DataDirError::ReadOnly {
                    dir: dir.to_owned(),
                    path: path.to_owned(),
                });
            }
            Ok(_usable) => return Ok(()),
            // Something in the way shows at the next ancestor.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(failed("look at", path)(error)),
        }
    }
    Ok(())
}

/// Creates the directory and those above it, and makes that last.
pub(super) fn create(dir: &Path) -> Result<(), DataDirError> {
    check(dir)?;
    let missing: Vec<&Path> = dir
        .ancestors()
        .take_while(|path| !here(path).is_dir())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(DIR_MODE)
        .create(dir)
        .map_err(refused(dir, dir, "create directory"))?;
    missing
        .into_iter()
        .filter_map(Path::parent)
        .try_for_each(|above| sync_dir(here(above)))
}

/// The parent of a relative path of one part is empty, and means this directory.
fn here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// Takes the directory's lock, and writes into it who has it.
pub(super) fn lock(dir: &Path) -> Result<File, DataDirError> {
    let path = dir.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(refused(dir, &path, "open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(DataDirError::Locked {
                dir: dir.to_owned(),
                pid: holder(&file),
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed("write", &path))?;
    Ok(file)
}

/// Takes the lock of a directory that is there, and writes nothing; none if it has no lock file.
pub(super) fn lock_as_it_is(dir: &Path) -> Result<Option<File>, DataDirError> {
    if !dir.metadata().map_err(failed("look at", dir))?.is_dir() {
        return Err(DataDirError::NotADirectory {
            dir: dir.to_owned(),
            path: dir.to_owned(),
        });
    }
    let path = dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", &path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::Locked {
            dir: dir.to_owned(),
            pid: holder(&file),
        }),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

/// The process that a lock file names. It may be just about to write, so that none is named.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Says whether a directory is there and holds something.
pub(super) fn has_entries(dir: &Path) -> Result<bool, DataDirError> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("read directory", dir)(error)),
    }
}

/// Reads a whole file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, DataDirError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut bytes = Vec::new();
    let bound = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
    file.take(bound.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed("read", path))?;
    if bytes.len() > BYTES_MAX {
        return Err(DataDirError::Damaged {
            path: path.to_owned(),
            why: "it is larger than such a file ever is",
        });
    }
    Ok(Some(bytes))
}

/// Writes a file whole: beside the old one, to the disk, in its place, and the change of place to
/// the disk.
pub(super) fn write(dir: &Path, file: &str, bytes: &[u8]) -> Result<(), DataDirError> {
    let path = dir.join(file);
    let beside = dir.join(format!("{file}.tmp"));
    let mut new = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(&beside)
        .map_err(failed("create", &beside))?;
    // One that a crash left behind keeps the mode it had.
    new.set_permissions(Permissions::from_mode(FILE_MODE))
        .and_then(|()| new.write_all(bytes))
        .and_then(|()| new.sync_all())
        .map_err(failed("write", &beside))?;
    std::fs::rename(&beside, &path).map_err(failed("replace", &path))?;
    sync_dir(dir)
}

/// Removes a file, if it is there, and puts that on the disk.
pub(super) fn remove(dir: &Path, file: &str) -> Result<(), DataDirError> {
    let path = dir.join(file);
    match std::fs::remove_file(&path) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("remove", &path)(error)),
    }
}

/// Puts a directory's entries on the disk.
fn sync_dir(dir: &Path) -> Result<(), DataDirError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(failed("sync directory", dir))
}

/// A refusal for want of permission says whose the directory must be.
fn refused<'a>(
    dir: &'a Path,
    path: &'a Path,
    operation: &'static str,
) -> impl FnOnce(io::Error) -> DataDirError + 'a {
    move |error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            DataDirError::ReadOnly {
                dir: dir.to_owned(),
                path: path.to_owned(),
            }
        }
        _ => failed(operation, path)(error),
    }
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path: PathBuf = path.to_owned();
    move |source| DataDirError::Io {
        operation,
        path,
        source,
    }
}
