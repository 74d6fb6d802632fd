//! Reads the configuration of an agent: figment layers, then raw settings, then a checked
//! [`Config`]. The table of settings ([`SETTINGS`]) is the one place that names them.
//!
//! Sources and their order, merging, names, defaults and texts are Consul's (agent reference, 2.1
//! and 5.1 to 5.7); the environment is no source. A setting that would do nothing is not taken.
//! Nothing is written and nothing listens here, and nothing is logged: warnings are values.

mod check;
mod checked;
mod command;
mod consul_keys;
mod decode;
mod duration;
mod error;
mod files;
mod layer;
mod machine;
mod mask;
mod nearest;
mod old_keys;
mod place;
mod raw;
mod report;
mod secret;
mod setting;
mod settings;
mod settings_consensus;
mod settings_tls;
mod syntax;
#[cfg(test)]
mod tests;
mod trust;

pub use checked::{BootstrapSafety, Config, LogLevel, Mode, Ports, Texts};
pub use command::command;
pub use decode::parse_switch;
pub use duration::parse as parse_duration;
pub use error::{ConfigError, ConfigErrors};
pub use nearest::nearest;
pub use secret::GossipKey;
pub use setting::{Group, Kind, Setting};
pub use settings::SETTINGS;
pub use trust::{TlsBlock, TlsBlocks};

use std::path::PathBuf;

use clap::ArgMatches;

use check::{Checker, Refused};
use command::CommandLine;
use layer::Layers;
use machine::Machine;
use place::Place;
use report::Report;
use syntax::{Format, Tree};

/// Judges a `provider=...` string without looking anything up; the error says what is wrong with
/// it and holds no credential.
pub type QueryCheck = fn(&str) -> Result<(), String>;

/// A configuration with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings to log once the agent logs, in order; Consul's texts where it has them.
    pub warnings: Vec<String>,
}

/// Reads the configuration that a command line asks for; `matches` are those of [`command()`].
///
/// # Errors
/// Every mistake that was found.
pub fn load(matches: &ArgMatches, check_query: QueryCheck) -> Result<Loaded, ConfigErrors> {
    load_given(
        CommandLine::from_matches(matches),
        check_query,
        &Machine::here(),
    )
}

/// Checks files and directories as if an agent was started with them on any machine; gives the
/// warnings. `format` is the word of `-config-format`, if given.
///
/// # Errors
/// Every mistake that was found; none of them depends on this machine's name or addresses.
pub fn load_files(
    paths: &[PathBuf],
    format: Option<&str>,
    check_query: QueryCheck,
) -> Result<Vec<String>, ConfigErrors> {
    if paths.is_empty() {
        return Err(ConfigErrors::one(ConfigError::NoFiles));
    }
    let given = CommandLine {
        dev: None,
        paths: paths.to_vec(),
        format: format.map(ToOwned::to_owned),
        fragments: Vec::new(),
        flags: Vec::new(),
        extra: Vec::new(),
    };
    load_given(given, check_query, &Machine::any()).map(|loaded| loaded.warnings)
}

fn load_given(
    given: CommandLine,
    check_query: QueryCheck,
    machine: &Machine,
) -> Result<Loaded, ConfigErrors> {
    let mut report = Report::default();
    if !given.extra.is_empty() {
        let arguments = mask::query(&given.extra.join(" "));
        report.error(ConfigError::Arguments { arguments });
    }
    let dev = is_dev(given.dev.as_deref(), &mut report);
    let mut layers = Layers::new(&mut report);
    take_defaults(dev, &mut layers);
    take_sources(given, &mut layers);
    let (layers, report) = layers.finish();
    let checked = match raw::merge(layers) {
        Ok((raw, layers)) => Checker {
            layers: &layers,
            machine,
            check_query,
            dev,
            report: &mut *report,
        }
        .check(&raw),
        Err(error) => {
            report.error(error);
            Err(Refused)
        }
    };
    let Report { errors, warnings } = std::mem::take(report);
    match (checked, ConfigErrors::from_list(errors)) {
        (Ok(config), None) => Ok(Loaded { config, warnings }),
        (_, Some(errors)) => Err(errors),
        (Err(Refused), None) => Err(ConfigErrors::one(ConfigError::Merge { key: String::new() })),
    }
}

fn is_dev(text: Option<&str>, report: &mut Report) -> bool {
    let Some(text) = text else {
        return false;
    };
    let parsed = parse_switch(text);
    if parsed.is_none() {
        report.error(ConfigError::Shape {
            place: "-dev".to_owned(),
            key: "dev".to_owned(),
            wanted: Kind::Switch.wanted(),
            found: format!("{text:?}"),
        });
    }
    parsed.unwrap_or_default()
}

fn take_defaults(dev: bool, layers: &mut Layers<'_>) {
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            layers.take_value(setting, Tree::Text(default.to_owned()), &Place::Default);
        }
    }
    for (key, value) in settings::DEV.iter().filter(|_| dev) {
        if let Some(setting) = settings::by_key(key) {
            layers.take_value(setting, Tree::Text((*value).to_owned()), &Place::Dev);
        }
    }
}

/// Takes lists of flags, files, other flags and `-hcl`, in this order (agent reference, 5.1).
fn take_sources(given: CommandLine, layers: &mut Layers<'_>) {
    let (lists, others): (Vec<_>, Vec<_>) = given
        .flags
        .into_iter()
        .partition(|(setting, _)| setting.kind.is_list());
    let take_flags = |flags: Vec<(&'static Setting, String)>, layers: &mut Layers<'_>| {
        for (setting, text) in flags {
            let place = Place::Flag(setting.flag.unwrap_or_default());
            layers.take_value(setting, Tree::Text(text), &place);
        }
    };
    take_flags(lists, layers);
    let format = given.format.as_deref().map(|word| {
        let found = word.to_owned();
        Format::from_name(word).ok_or(ConfigError::Format { found })
    });
    match format.transpose() {
        Err(error) => layers.report().error(error),
        Ok(format) => {
            for file in files::find(&given.paths, format, layers.report()) {
                if let Err(error) = files::take(&file, layers) {
                    layers.report().error(error);
                }
            }
        }
    }
    take_flags(others, layers);
    for (at, text) in given.fragments.iter().enumerate() {
        let place = Place::fragment(at + 1);
        if let Err(error) = files::take_text(text, Format::Hcl, &place, layers) {
            layers.report().error(error);
        }
    }
}
