//! Makes figment layers of what was written: one layer for each value of each setting, so that
//! figment remembers not only the file but the line.
//!
//! Names and shapes are checked here against the table of settings; what a value means is checked
//! in [`check`](super::check), once all layers are one.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile};

use super::decode::decode;
use super::error::ConfigError;
use super::nearest::nearest;
use super::place::Place;
use super::report::Report;
use super::setting::Setting;
use super::settings::{self, SETTINGS};
use super::syntax::{Entry, Tree};
use super::{consul_keys, mask, old_keys};

/// The most values that are taken from all sources. Chosen: a hundred for each setting, and few
/// enough that merging them one by one takes no time.
const GIVEN_MAX: usize = 4096;

/// One value of a setting, an element of its list, or a pair of its map.
pub(super) struct Given {
    pub(super) setting: &'static Setting,
    value: Value,
    place: Place,
}

impl figment::Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::from(self.place.kind(), self.place.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(self.setting.key, self.value.clone());
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// Takes what was written and keeps the layers in order.
pub(super) struct Layers<'r> {
    given: Vec<Given>,
    report: &'r mut Report,
}

impl<'r> Layers<'r> {
    pub(super) const fn new(report: &'r mut Report) -> Self {
        Self {
            given: Vec::new(),
            report,
        }
    }

    /// The layers, first to last, and the report.
    pub(super) fn finish(self) -> (Vec<Given>, &'r mut Report) {
        (self.given, self.report)
    }

    /// Where mistakes and warnings go.
    pub(super) const fn report(&mut self) -> &mut Report {
        self.report
    }

    /// Takes all entries of a text; `place` is the text.
    pub(super) fn take_entries(&mut self, entries: Vec<Entry>, place: &Place) {
        self.take_block("", entries, place);
    }

    /// Takes one value of a setting.
    pub(super) fn take_value(&mut self, setting: &'static Setting, tree: Tree, place: &Place) {
        match decode(setting.kind, tree, place) {
            Ok(values) => {
                for (value, place) in values {
                    self.keep(setting, value, place);
                }
            }
            Err(shape) => {
                let found = if setting.is_secret {
                    mask::HIDDEN
                } else {
                    &shape.found
                };
                self.report.error(ConfigError::Shape {
                    place: shape.place.to_string(),
                    key: setting.key.to_owned(),
                    wanted: setting.kind.wanted(),
                    found: found.to_owned(),
                });
            }
        }
    }

    fn keep(&mut self, setting: &'static Setting, value: Value, place: Place) {
        if self.given.len() == GIVEN_MAX {
            self.report.error(ConfigError::Many {
                place: place.to_string(),
                max: GIVEN_MAX,
            });
        }
        if self.given.len() <= GIVEN_MAX {
            self.given.push(Given {
                setting,
                value,
                place,
            });
        }
    }

    fn take_block(&mut self, prefix: &str, entries: Vec<Entry>, place: &Place) {
        for entry in entries {
            let key = match prefix {
                "" => old_keys::renew(entry.key, self.report),
                _ => format!("{prefix}.{}", entry.key),
            };
            let place = place.at(entry.spot);
            if let Some(setting) = settings::by_key(&key) {
                self.take_value(setting, entry.value, &place);
            } else if settings::is_block(&key) {
                self.take_inner(&key, entry.value, &place);
            } else {
                self.report.error(unknown(key, &place));
            }
        }
    }

    /// Takes a block, or a list of blocks, which are one.
    fn take_inner(&mut self, key: &str, tree: Tree, place: &Place) {
        match tree {
            Tree::Null => {}
            Tree::Block(entries) => self.take_block(key, entries, place),
            Tree::List(items) => {
                for (spot, item) in items {
                    self.take_inner(key, item, &place.at(spot));
                }
            }
            other => self.report.error(ConfigError::Shape {
                place: place.to_string(),
                key: key.to_owned(),
                wanted: "a block",
                found: super::decode::show(&other),
            }),
        }
    }
}

fn unknown(key: String, place: &Place) -> ConfigError {
    let place = place.to_string();
    if consul_keys::contains(&key) {
        return ConfigError::NotHere { place, key };
    }
    let by_flag = SETTINGS.iter().find(|s| s.flag == Some(key.as_str()));
    let names = SETTINGS.iter().flat_map(|setting| {
        let block = setting.key.split_once('.').map(|(block, _)| block);
        [Some(setting.key), block].into_iter().flatten()
    });
    let nearest = by_flag
        .map(|setting| setting.key)
        .or_else(|| nearest(&key, names));
    ConfigError::UnknownKey {
        place,
        key,
        nearest,
    }
}
