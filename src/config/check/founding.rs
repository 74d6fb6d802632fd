//! The settings of a founding: server, bootstrap, expected number, safety.
//!
//! Rules, order and texts are Consul's (agent reference, 2.1).

use figment::value::magic::Tagged;

use super::{Checked, Checker, Refused};
use crate::bootstrap::MEMBERS_MAX;
use crate::config::error::ConfigError;
use crate::config::raw::Raw;
use crate::config::{BootstrapSafety, Mode};

/// Where Consul explains how many servers to run; shown with its warnings.
const SIZES_PAGE: &str =
    "https://developer.hashicorp.com/consul/docs/reference/architecture/capacity";

/// The checked settings.
pub(super) struct Founding {
    pub(super) mode: Mode,
    pub(super) bootstrap: bool,
    pub(super) expect: Option<u32>,
    pub(super) safety: BootstrapSafety,
}

impl Checker<'_> {
    pub(super) fn founding(&mut self, raw: &Raw) -> Checked<Founding> {
        let expect = u32::try_from(*raw.bootstrap_expect).ok();
        let is_alone = *raw.bootstrap || expect == Some(1);
        let many = expect.filter(|expect| *expect > 1);
        let has_no_conflict = self.check_conflicts(raw, is_alone, many);
        let safety = self.safety(raw);
        if expect == Some(1) {
            self.report.warn(
                "bootstrap_expect is set to 1: this server founds a cluster alone, unless its \
                 sources list others that do not answer",
            );
        }
        if let Some(expect) = many {
            self.warn_of_size(expect);
        }
        if *raw.bootstrap {
            self.report
                .warn("bootstrap = true: do not enable unless necessary");
        }
        has_no_conflict?;
        Ok(Founding {
            mode: if *raw.server {
                Mode::Server
            } else {
                Mode::Client
            },
            bootstrap: *raw.bootstrap,
            expect: expect.filter(|expect| *expect > 0 && !*raw.bootstrap),
            safety: safety?,
        })
    }

    /// Reports every contradiction, in Consul's order.
    fn check_conflicts(&mut self, raw: &Raw, is_alone: bool, many: Option<u32>) -> Checked<()> {
        let expect = self.from("bootstrap_expect", &raw.bootstrap_expect);
        let bootstrap = self.from("bootstrap", &raw.bootstrap);
        let server = self.from("server", &raw.server);
        let alone = if *raw.bootstrap { &bootstrap } else { &expect };
        let number = *raw.bootstrap_expect;
        let rows = [
            (
                is_alone && !*raw.server,
                "'bootstrap = true' requires 'server = true'".to_owned(),
                format!(
                    "{alone}, {server}; give -server, or take {} away",
                    first(alone)
                ),
            ),
            (
                number < 0,
                format!(
                    "bootstrap_expect cannot be {number}. Must be greater than or equal to zero"
                ),
                expect.clone(),
            ),
            (
                usize::try_from(number).is_ok_and(|number| number > MEMBERS_MAX),
                format!("bootstrap_expect cannot be {number}. Must not be above {MEMBERS_MAX}"),
                expect.clone(),
            ),
            (
                many.is_some() && !*raw.server,
                "'bootstrap_expect > 0' requires 'server = true'".to_owned(),
                format!("{expect}, {server}; give -server, or take bootstrap_expect away"),
            ),
            (
                many.is_some() && self.dev,
                "'bootstrap_expect > 0' not allowed in dev mode".to_owned(),
                format!("{expect}, -dev; take one of them away"),
            ),
            (
                many.is_some() && *raw.bootstrap,
                "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive".to_owned(),
                format!("{expect}, {bootstrap}; take bootstrap away"),
            ),
        ];
        let mut checked = Ok(());
        for (is_wrong, text, from) in rows {
            if is_wrong {
                checked = Err(Refused);
                self.report.error(ConfigError::Conflict { text, from });
            }
        }
        checked
    }

    /// A setting with its value and place, for a message about several settings.
    fn from<T: std::fmt::Display>(&self, key: &str, value: &Tagged<T>) -> String {
        format!("{key} = {} from {}", **value, self.place(value))
    }

    fn warn_of_size(&mut self, expect: u32) {
        if expect == 2 {
            self.report.warn(format!(
                "bootstrap_expect = 2: A cluster with 2 servers will provide no failure \
                 tolerance. See {SIZES_PAGE}"
            ));
        } else if expect.is_multiple_of(2) {
            self.report.warn(format!(
                "bootstrap_expect is even number: A cluster with an even number of servers does \
                 not achieve optimum fault tolerance. See {SIZES_PAGE}"
            ));
        }
        self.report
            .warn(format!("bootstrap_expect > 0: expecting {expect} servers"));
    }

    fn safety(&mut self, raw: &Raw) -> Checked<BootstrapSafety> {
        let safety = BootstrapSafety::from_word(&raw.bootstrap_safety);
        let checked = safety.ok_or("is not known; take majority, strict or open");
        self.keep("bootstrap_safety", &raw.bootstrap_safety, checked)
    }
}

/// The name of the setting at the start of a text made by `from`.
fn first(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}
