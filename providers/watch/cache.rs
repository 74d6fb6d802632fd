//! The last complete answer on disk, one file for each query.
//!
//! A file is written beside its place and then renamed, so that it is whole or not there; mode
//! 0600, since names and addresses of machines are nobody else's business. What cannot be read as
//! such a file is taken for none: the next answer replaces it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{Contact, Query, place};

/// The longest file. Chosen: 10,000 contacts have about 2 MiB.
const BYTES_MAX: u64 = 4 << 20;

/// The most contacts that are kept; more than any cluster has servers.
const CONTACTS_MAX: usize = 10_000;

/// The form of the file.
const VERSION: u32 = 1;

/// An answer could not be kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("keeping the last answer in {}", path.display())]
pub struct CacheError {
    path: PathBuf,
    source: Arc<io::Error>,
}

/// A folder with the last answers.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// What a file has.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) contacts: Vec<Contact>,
    pub(super) since: SystemTime,
}

#[derive(Debug, Serialize, Deserialize)]
struct Form {
    version: u32,
    query: String,
    since_unix_ms: u64,
    contacts: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Cache {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The last answer of a query; none if there is no file that can be believed.
    pub(super) async fn load(&self, query: &Query) -> Option<Kept> {
        let (path, text) = (self.path(query), query.to_string());
        let read = tokio::task::spawn_blocking(move || read(&path));
        let form = read.await.ok().flatten()?;
        if form.version != VERSION || form.query != text {
            return None;
        }
        let since = UNIX_EPOCH.checked_add(Duration::from_millis(form.since_unix_ms))?;
        let contacts: Option<Vec<Contact>> = form.contacts.into_iter().map(contact).collect();
        let mut contacts = contacts?;
        contacts.sort_unstable();
        Some(Kept { contacts, since })
    }

    /// Keeps an answer in place of the one before.
    pub(super) async fn store(
        &self,
        query: &Query,
        now: SystemTime,
        contacts: &[Contact],
    ) -> Result<(), CacheError> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let form = Form {
            version: VERSION,
            query: query.to_string(),
            since_unix_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            contacts: contacts.iter().take(CONTACTS_MAX).map(line).collect(),
        };
        let path = self.path(query);
        let failed = |source| CacheError {
            path: path.clone(),
            source: Arc::new(source),
        };
        let (folder, target) = (self.folder.clone(), path.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &target, &form));
        let written = written.await.map_err(io::Error::other).map_err(failed)?;
        written.map_err(failed)
    }

    fn path(&self, query: &Query) -> PathBuf {
        let sum = checksum(&query.to_string());
        self.folder
            .join(format!("{}-{sum:016x}.json", query.provider()))
    }
}

fn line(contact: &Contact) -> Line {
    Line {
        address: contact.to_string(),
        instance: contact.instance.clone(),
        zone: contact.zone.clone(),
        name: contact.name.clone(),
    }
}

fn contact(line: Line) -> Option<Contact> {
    let (host, port) = place::parse(&line.address).ok()?;
    Some(Contact {
        port,
        instance: line.instance,
        zone: line.zone,
        name: line.name,
        ..Contact::new(host)
    })
}

fn read(path: &Path) -> Option<Form> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

fn write(folder: &Path, path: &Path, form: &Form) -> io::Result<()> {
    let bytes = serde_json::to_vec(form).map_err(io::Error::other)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the answer has more than 4 MiB",
        ));
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    // One that an end in the middle left is not written into: its mode may be another.
    if let Err(error) = fs::remove_file(&beside)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// FNV-1a of 64 bits: a name for a file that is the same in every build.
fn checksum(text: &str) -> u64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
