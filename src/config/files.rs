//! Finds the configuration files of a list of paths, and reads them (agent reference, 5.1).

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::layer::Layers;
use super::place::Place;
use super::report::Report;
use super::syntax::Format;
use crate::host::open_regular;

/// The largest file that is read, in bytes. Chosen: a hundred times what Consul's documentation
/// shows at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A file with the format it is read in.
pub(super) struct Found {
    path: PathBuf,
    format: Format,
}

/// Finds the files: a path that is a file is one, a directory stands for its files of known
/// formats in the order of their names. With a format given, every file is read in it.
pub(super) fn find(paths: &[PathBuf], format: Option<Format>, report: &mut Report) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        let result = match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => find_in_dir(path, format, report, &mut found),
            Ok(_) => find_one(path, format).map(|file| found.push(file)),
            Err(error) => Err(open_error(path, &error)),
        };
        if let Err(error) = result {
            report.error(error);
        }
    }
    found
}

fn find_one(path: &Path, format: Option<Format>) -> Result<Found, ConfigError> {
    let format = format.or_else(|| format_of(path));
    let format = format.ok_or_else(|| ConfigError::Extension { path: shown(path) })?;
    Ok(Found {
        path: path.to_owned(),
        format,
    })
}

fn find_in_dir(
    dir: &Path,
    format: Option<Format>,
    report: &mut Report,
    found: &mut Vec<Found>,
) -> Result<(), ConfigError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| open_error(dir, &error))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| !path.is_dir()) {
        match format.or_else(|| format_of(&path)) {
            Some(format) => found.push(Found { path, format }),
            None => report.warn(format!(
                "skipping file {}, extension must be .hcl, .json or .toml, or config format must \
                 be set",
                path.display()
            )),
        }
    }
    Ok(())
}

fn format_of(path: &Path) -> Option<Format> {
    Format::from_name(path.extension()?.to_str()?)
}

/// Reads a file and takes its settings.
pub(super) fn take(file: &Found, layers: &mut Layers<'_>) -> Result<(), ConfigError> {
    let place = Place::file(&shown(&file.path));
    let text = read(&file.path)?;
    take_text(&text, file.format, &place, layers)
}

/// Takes the settings of a text.
pub(super) fn take_text(
    text: &str,
    format: Format,
    place: &Place,
    layers: &mut Layers<'_>,
) -> Result<(), ConfigError> {
    let entries = format.parse(text).map_err(|error| ConfigError::Syntax {
        place: place.at(error.spot).to_string(),
        why: error.why,
    })?;
    layers.take_entries(entries, place);
    Ok(())
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let mut bytes = Vec::new();
    open_regular(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| open_error(path, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > FILE_BYTES_MAX) {
        return Err(ConfigError::Size {
            path: shown(path),
            max_bytes: FILE_BYTES_MAX,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes().iter().take(good);
        let line = bytes.filter(|byte| **byte == b'\n').count() + 1;
        ConfigError::Syntax {
            place: format!("{}:{line}", shown(path)),
            why: "the text is not UTF-8".to_owned(),
        }
    })
}

fn open_error(path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::Open {
        path: shown(path),
        why: error.to_string(),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
