//! A copy of what a recovery changes, beside it in the data directory, and the owner of what it
//! wrote.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::{Path, PathBuf};

use super::RecoverError;

/// Raft's part of the data directory.
const RAFT: &str = "raft";
/// The end of the names of records, which are small and copied all.
const RECORD: &str = "record";

/// What asks for the recovery: put back with the rest, it would ask for it again.
const LEFT_OUT: [&str; 2] = ["recovery.record", "peers.json"];

/// Copies raft's folder and the records to a folder of the data directory, unless it is there
/// already. The folder has its name only once it is whole and on the disk.
pub(super) fn make(dir: &Path, name: &str) -> Result<(), RecoverError> {
    let whole = dir.join(name);
    if whole.is_dir() {
        return Ok(());
    }
    let partial = dir.join(partial(name));
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(RecoverError::file("remove", partial)(error));
        }
        _ => {}
    }
    make_dir(&partial)?;
    copy_dir(&dir.join(RAFT), &partial.join(RAFT))?;
    for path in list(dir)? {
        if path.extension().is_some_and(|end| end == RECORD) {
            copy_file(&path, &partial)?;
        }
    }
    sync(&partial)?;
    fs::rename(&partial, &whole).map_err(RecoverError::file("rename", &partial))?;
    sync(dir)
}

/// Gives everything a recovery wrote so far, temporary files included, to the owner of the data
/// directory: a command run by root must not leave files that the agent's user cannot read, or
/// not replace.
pub(super) fn give_to_owner(dir: &Path, name: &str) -> Result<(), RecoverError> {
    let here = fs::metadata(dir).map_err(RecoverError::file("look at", dir))?;
    let owner = (here.uid(), here.gid());
    let is_record = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.ends_with(".record") || path.ends_with(".record.tmp")
    };
    for path in list(dir)?.into_iter().filter(is_record) {
        give(&path, owner)?;
    }
    let folders = [RAFT, name, &partial(name)].map(|folder| dir.join(folder));
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        give_all(folder, owner)?;
    }
    Ok(())
}

/// The folder of a copy that is not whole yet.
fn partial(name: &str) -> String {
    format!("{name}.partial")
}

fn give_all(dir: &Path, owner: (u32, u32)) -> Result<(), RecoverError> {
    give(dir, owner)?;
    for path in list(dir)? {
        // A link's target is not ours to give.
        if path.is_dir() && !path.is_symlink() {
            give_all(&path, owner)?;
        } else {
            give(&path, owner)?;
        }
    }
    Ok(())
}

fn give(path: &Path, (user, group): (u32, u32)) -> Result<(), RecoverError> {
    let now = path
        .symlink_metadata()
        .map_err(RecoverError::file("look at", path))?;
    if now.uid() == user {
        return Ok(());
    }
    lchown(path, Some(user), Some(group)).map_err(RecoverError::file("change the owner of", path))
}

fn copy_dir(from: &Path, to: &Path) -> Result<(), RecoverError> {
    make_dir(to)?;
    for path in list(from)? {
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default();
            copy_dir(&path, &to.join(name))?;
        } else {
            copy_file(&path, to)?;
        }
    }
    sync(to)
}

/// Copies a file, with its mode, into a folder.
fn copy_file(from: &Path, folder: &Path) -> Result<(), RecoverError> {
    let name = from.file_name().unwrap_or_default();
    if LEFT_OUT.iter().any(|left_out| name == *left_out) {
        return Ok(());
    }
    let to = folder.join(name);
    fs::copy(from, &to).map_err(RecoverError::file("copy", from))?;
    sync(&to)
}

fn make_dir(dir: &Path) -> Result<(), RecoverError> {
    fs::create_dir(dir).map_err(RecoverError::file("create", dir))
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, RecoverError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(RecoverError::file("list", dir))
}

/// Puts a file, or a folder's entries, on the disk.
pub(super) fn sync(path: &Path) -> Result<(), RecoverError> {
    File::open(path)
        .and_then(|open| open.sync_all())
        .map_err(RecoverError::file("sync", path))
}
