//! The command line of the agent: its flags, made from the table of settings, and what was given.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::setting::{Kind, Setting};
use super::settings::SETTINGS;

/// Ids of the flags that are not settings, which are also their names.
const DEV: &str = "dev";
const CONFIG_FILE: &str = "config-file";
const CONFIG_DIR: &str = "config-dir";
const CONFIG_FORMAT: &str = "config-format";
const HCL: &str = "hcl";

/// Id of what follows the flags.
const EXTRA: &str = "extra";

/// Chapter of the flags that are not settings.
const SOURCES_HEADING: &str = "Where settings come from";

/// The command `agent` with all its flags. Every flag takes text: what the text means is checked
/// by [`load`](super::load), so that all mistakes are told at once.
pub fn command() -> Command {
    Command::new("agent")
        .about("Runs an agent")
        .long_about(
            "Runs an agent until it is told to stop.\n\nSettings come from the defaults, then \
             files and directories in the order given, then flags, then -hcl; the last one wins. \
             Lists append, those of flags first. Flags take one dash or two.",
        )
        .args_override_self(true)
        .args(source_args())
        .args(SETTINGS.iter().filter_map(setting_arg))
        .arg(
            Arg::new(EXTRA)
                .num_args(0..)
                .action(ArgAction::Append)
                .hide(true),
        )
}

fn source_args() -> [Arg; 5] {
    let arg = |name: &'static str| Arg::new(name).long(name).help_heading(SOURCES_HEADING);
    [
        switch(arg(DEV)).help(
            "Run one server in memory, on 127.0.0.1 only, that founds a cluster alone. For trying \
             things out, never for keeping anything.",
        ),
        arg(CONFIG_FILE)
            .value_name("PATH")
            .value_parser(clap::value_parser!(PathBuf))
            .action(ArgAction::Append)
            .help("File to read settings from: .hcl, .json or .toml. May be repeated."),
        arg(CONFIG_DIR)
            .value_name("PATH")
            .value_parser(clap::value_parser!(PathBuf))
            .action(ArgAction::Append)
            .help(
                "Directory whose .hcl, .json and .toml files are read in the order of their \
                 names. May be repeated.",
            ),
        arg(CONFIG_FORMAT)
            .value_name("FORMAT")
            .help("Format of all files, whatever their names: hcl, json or toml."),
        arg(HCL)
            .value_name("TEXT")
            .action(ArgAction::Append)
            .help("Settings in HCL, taken after everything else. May be repeated."),
    ]
}

/// A flag that may stand alone or be `=true` or `=false`.
fn switch(arg: Arg) -> Arg {
    arg.num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("BOOL")
}

fn setting_arg(setting: &Setting) -> Option<Arg> {
    let flag = setting.flag?;
    let default = setting
        .default
        .map_or_else(String::new, |default| format!(" [default: {default}]"));
    let arg = Arg::new(flag)
        .long(flag)
        .help_heading(setting.group.heading())
        .help(format!("{}{default}", setting.doc));
    Some(match setting.kind {
        Kind::Switch => switch(arg),
        Kind::Integer => arg.value_name("NUMBER").allow_negative_numbers(true),
        Kind::Duration => arg.value_name("DURATION"),
        Kind::Text => arg.value_name("TEXT"),
        Kind::List => arg.value_name("TEXT").action(ArgAction::Append),
        Kind::Map => arg.value_name("NAME:VALUE").action(ArgAction::Append),
    })
}

/// What was given on the command line.
pub(super) struct CommandLine {
    /// Value of `-dev`.
    pub(super) dev: Option<String>,
    /// Paths of `-config-file` and `-config-dir`, in the order given.
    pub(super) paths: Vec<PathBuf>,
    /// Word of `-config-format`.
    pub(super) format: Option<String>,
    /// Texts of `-hcl`, in the order given.
    pub(super) fragments: Vec<String>,
    /// Settings with their texts, in the order of the table.
    pub(super) flags: Vec<(&'static Setting, String)>,
    /// What follows the flags.
    pub(super) extra: Vec<String>,
}

impl CommandLine {
    /// Reads the matches of [`command`]; flags of another command count as not given.
    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        let flags = SETTINGS.iter().flat_map(|setting| {
            let texts = setting
                .flag
                .map_or_else(Vec::new, |flag| texts(matches, flag));
            texts.into_iter().map(move |text| (setting, text))
        });
        Self {
            dev: texts(matches, DEV).pop(),
            paths: paths(matches),
            format: texts(matches, CONFIG_FORMAT).pop(),
            fragments: texts(matches, HCL),
            flags: flags.collect(),
            extra: texts(matches, EXTRA),
        }
    }
}

fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    let found = matches.try_get_many::<String>(id).ok().flatten();
    found.into_iter().flatten().cloned().collect()
}

/// Files and directories fill one list in the order given (agent reference, 5.1).
fn paths(matches: &ArgMatches) -> Vec<PathBuf> {
    let mut found: Vec<(usize, PathBuf)> = Vec::new();
    for id in [CONFIG_FILE, CONFIG_DIR] {
        let paths = matches.try_get_many::<PathBuf>(id).ok().flatten();
        if let Some((paths, at)) = paths.zip(matches.indices_of(id)) {
            found.extend(at.zip(paths.cloned()));
        }
    }
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}
