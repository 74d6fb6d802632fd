//! Lists in files: Prometheus' `file_sd` form in JSON or YAML, or one host on a line.
//!
//! Form: <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config>,
//! read 2026. A file that cannot be read or makes no sense is a gap among others and an error alone;
//! so is an empty one, which somebody may be about to write. No host is `[]`, or a comment. Every
//! host gets the tags `file` and `file_modified`, in seconds since 1970. Whoever watches looks at the
//! folders that [`Provider::folders`] names.

mod format;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::{
    ADDRESS_KEYS, About, BoxFuture, Cost, File, Instance, Key, Keys, Kind, Lookup, Provider, Query,
    ResolveError, Seen,
};
use format::Format;

const NAME: &str = "file";

const ABOUT: About = About {
    finds: "the hosts in files, in Prometheus' file_sd form or one on a line",
    credentials: "",
    permissions: "reading the files",
    link: "https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config",
};

const KEYS: &[Key] = &[
    Key::optional(
        "format",
        "`json`, `yaml` or `lines`; `auto` (default) goes by the ending, `lines` if it is neither",
    )
    .choices(&["auto", "json", "yaml", "lines"]),
    Key::optional(
        "labels",
        "only hosts with these labels: `name=value`, separated by commas; needs quotes",
    )
    .checked(check_labels),
    Key::filled(
        "path",
        "files, separated by commas; each name may have one `*`, its folder none",
    )
    .checked(check_paths),
];

/// The step that returned an instance.
const CALL: &str = "read the file";

/// The provider `file`.
#[derive(Debug)]
pub(crate) struct FileList;

impl Provider for FileList {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[KEYS, ADDRESS_KEYS]
    }

    fn folders(&self, query: &Query) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = paths(query).map(|path| folder(path).to_owned()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    fn cost(&self) -> Cost {
        Cost::Nothing
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            for pattern in paths(lookup.query) {
                read_files(lookup, pattern, seen).await;
            }
            Ok(())
        })
    }
}

/// Reads each file that a path means; one that cannot be read is a gap.
async fn read_files(lookup: Lookup<'_>, pattern: &str, seen: &mut Seen) {
    for path in matching(lookup, pattern, seen).await {
        if let Err(error) = read_file(lookup, &path, seen).await {
            seen.gap(format!("file {}", path.display()), error);
        }
    }
}

async fn read_file(lookup: Lookup<'_>, path: &Path, seen: &mut Seen) -> Result<(), ResolveError> {
    let bytes_max = lookup.limits.body_bytes;
    let file = lookup.io.files().read(path, bytes_max).await;
    let file = file.map_err(|cause| failed(Kind::Unavailable, path).with_source(cause))?;
    let wrong = |why: String| failed(Kind::Answer, path).with("reply", &format!("the list {why}"));
    let text = std::str::from_utf8(&file.bytes);
    let text = text.map_err(|_no_text| wrong("is not UTF-8".to_owned()))?;
    let format = Format::of(lookup.query.value("format"), path);
    let found = format::instances(format, text, CALL).map_err(wrong)?;
    let labels = labels(lookup.query);
    for instance in found {
        seen.add(marked(chosen(instance, &labels), path, &file));
    }
    Ok(())
}

/// With what is known of the file.
fn marked(mut instance: Instance, path: &Path, file: &File) -> Instance {
    let age = file.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tags = [
        ("file", path.display().to_string()),
        ("file_modified", age.as_secs().to_string()),
    ];
    let tags = tags.map(|(name, value)| (name.to_owned(), value));
    instance.tags.extend(tags);
    instance
}

/// Left out if it has not all labels.
fn chosen(instance: Instance, labels: &BTreeMap<&str, &str>) -> Instance {
    let mut wanted = labels.iter();
    let lacking =
        wanted.find(|(name, value)| instance.tags.get(**name).is_none_or(|is| is != **value));
    match lacking {
        Some((name, value)) => instance.drop_because(format!("has not the label {name}={value}")),
        None => instance,
    }
}

/// The files that a path means; what cannot be told is a gap.
async fn matching(lookup: Lookup<'_>, path: &str, seen: &mut Seen) -> Vec<PathBuf> {
    let Some((before, after)) = file_name(path).split_once('*') else {
        return vec![PathBuf::from(path)];
    };
    let is_meant = |found: &PathBuf| {
        let name = found.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| {
            let is_long = name.len() >= before.len().saturating_add(after.len());
            let is_hidden = name.starts_with('.') && before.is_empty();
            is_long && !is_hidden && name.starts_with(before) && name.ends_with(after)
        })
    };
    let mut found = match lookup.io.files().list(folder(path)).await {
        Ok(found) => found,
        Err(cause) => {
            let error = failed(Kind::Unavailable, Path::new(path)).with_source(cause);
            seen.gap(format!("files {path}"), error);
            return Vec::new();
        }
    };
    found.retain(is_meant);
    let files_max = lookup.limits.pages;
    let problem = match found.len() {
        0 => "no file has such a name".to_owned(),
        many if many > files_max => format!("{many} files, more than the limit of {files_max}"),
        _ => return found,
    };
    let error = failed(Kind::Answer, Path::new(path)).with("cause", &problem);
    seen.gap(format!("files {path}"), error);
    found.truncate(files_max);
    found
}

fn failed(kind: Kind, path: &Path) -> ResolveError {
    let error = ResolveError::new(kind, NAME, CALL);
    error.with("file", &path.display().to_string())
}

fn paths(query: &Query) -> impl Iterator<Item = &str> {
    let list = query.value("path").unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty())
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_folder, name)| name)
}

fn folder(path: &str) -> &Path {
    match path.rsplit_once('/') {
        Some(("", _name)) => Path::new("/"),
        Some((folder, _name)) => Path::new(folder),
        None => Path::new("."),
    }
}

fn labels(query: &Query) -> BTreeMap<&str, &str> {
    let list = query.value("labels").unwrap_or_default();
    list.split(',').filter_map(label).collect()
}

fn label(pair: &str) -> Option<(&str, &str)> {
    let (name, value) = pair.split_once('=')?;
    Some((name.trim(), value.trim())).filter(|(name, _)| !name.is_empty())
}

fn check_labels(list: &str) -> Result<(), String> {
    match list.split(',').find(|pair| label(pair).is_none()) {
        Some(wrong) => Err(format!(
            "is `name=value`, separated by commas, not `{wrong}`"
        )),
        None => Ok(()),
    }
}

fn check_paths(list: &str) -> Result<(), String> {
    for path in list.split(',').map(str::trim) {
        let name = file_name(path);
        if name.is_empty() {
            return Err(format!("has `{path}`, which names no file"));
        }
        let stars = path.matches('*').count();
        if stars > 1 || stars > name.matches('*').count() {
            return Err(format!(
                "has `{path}`; one `*` may stand in the name of the file"
            ));
        }
    }
    Ok(())
}
