//! Makes a checked configuration of raw settings, and finds every mistake in them, not only the
//! first.
//!
//! Each function checks one chapter: it reports what is wrong, gives none for it, and lets the
//! others go on.

mod address;
mod founding;
mod identity;
mod joining;

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use figment::Figment;
use figment::value::magic::Tagged;

use super::error::ConfigError;
use super::machine::Machine;
use super::place::FLAG;
use super::raw::Raw;
use super::report::Report;
use super::{Config, LogLevel, QueryCheck, duration, mask, settings};

/// What the checks need besides the settings.
pub(super) struct Checker<'a> {
    /// The merged layers, which know where each value came from.
    pub(super) layers: &'a Figment,
    /// The machine that the configuration is for.
    pub(super) machine: &'a Machine,
    /// Judges `provider=...` strings.
    pub(super) check_query: QueryCheck,
    /// `-dev` was given.
    pub(super) dev: bool,
    /// Where mistakes go.
    pub(super) report: &'a mut Report,
}

impl Checker<'_> {
    /// Checks everything; none if anything is wrong, and then the report says what.
    pub(super) fn check(mut self, raw: &Raw) -> Option<Config> {
        let mode = self.mode(raw);
        let founding = self.founding(raw);
        let identity = self.identity(raw);
        let joining = self.joining(raw);
        let addresses = self.addresses(raw);
        let autopilot = &raw.autopilot;
        let retry_interval = self.retry_interval(raw);
        let retry_max = self.number("retry_max", &raw.retry_max, 0);
        let raft_multiplier = self.raft_multiplier(raw);
        let rpc_hold_timeout = self.time(
            "performance.rpc_hold_timeout",
            &raw.performance.rpc_hold_timeout,
        );
        let server_stabilization_time = self.time(
            "autopilot.server_stabilization_time",
            &autopilot.server_stabilization_time,
        );
        let threshold = &raw.raft_snapshot_threshold;
        let raft_snapshot_threshold = self.number("raft_snapshot_threshold", threshold, 1);
        let raft_trailing_logs = self.number("raft_trailing_logs", &raw.raft_trailing_logs, 1);
        let log_level = self.log_level(raw);
        let (founding, identity, joining) = (founding?, identity?, joining?);
        let addresses = addresses?;
        Some(Config {
            node_name: identity.node_name,
            node_id: identity.node_id,
            datacenter: identity.datacenter,
            node_meta: identity.node_meta,
            data_dir: identity.data_dir,
            pid_file: identity.pid_file,
            dev: self.dev,
            mode,
            bootstrap: founding.bootstrap,
            bootstrap_expect: founding.expect,
            bootstrap_safety: founding.safety,
            retry_join: joining.retry_join,
            retry_interval: retry_interval?,
            retry_max: Some(retry_max?).filter(|max| *max > 0),
            start_join: joining.start_join,
            rejoin_after_leave: *raw.rejoin_after_leave,
            encrypt: joining.encrypt,
            bind_addr: addresses.bind,
            advertise_addr: addresses.advertise,
            client_addrs: addresses.clients,
            ports: addresses.ports,
            raft_multiplier: raft_multiplier?,
            rpc_hold_timeout: rpc_hold_timeout?,
            raft_snapshot_threshold: raft_snapshot_threshold?,
            raft_trailing_logs: raft_trailing_logs?,
            server_stabilization_time: server_stabilization_time?,
            leave_on_terminate: Self::by_mode(raw.leave_on_terminate.as_ref(), mode, false),
            skip_leave_on_interrupt: Self::by_mode(
                raw.skip_leave_on_interrupt.as_ref(),
                mode,
                true,
            ),
            log_level: log_level?,
            log_json: *raw.log_json,
        })
    }

    /// Where a value came from.
    fn place<T>(&self, value: &Tagged<T>) -> String {
        let metadata = self.layers.get_metadata(value.tag());
        let source = metadata.and_then(|metadata| metadata.source.as_ref());
        source.map_or_else(|| "default".to_owned(), ToString::to_string)
    }

    /// Says whether a value came from the command line.
    fn is_flag<T>(&self, value: &Tagged<T>) -> bool {
        let metadata = self.layers.get_metadata(value.tag());
        metadata.is_some_and(|metadata| metadata.name == FLAG)
    }

    /// Reports a value that is not taken.
    fn refuse<T: Display>(&mut self, key: &'static str, value: &Tagged<T>, why: impl Display) {
        let is_secret = settings::by_key(key).is_some_and(|setting| setting.is_secret);
        let shown = if is_secret {
            mask::HIDDEN.to_owned()
        } else {
            mask::query(&value.to_string())
        };
        let error = ConfigError::Value {
            place: self.place(value),
            key,
            value: shown,
            why: why.to_string(),
        };
        self.report.error(error);
    }

    /// Takes what was parsed, or reports why it could not be.
    fn keep<T: Display, P>(
        &mut self,
        key: &'static str,
        value: &Tagged<T>,
        parsed: Result<P, impl Display>,
    ) -> Option<P> {
        parsed.map_err(|why| self.refuse(key, value, why)).ok()
    }

    fn time(&mut self, key: &'static str, value: &Tagged<String>) -> Option<Duration> {
        let parsed = duration::parse(value);
        let parsed = parsed.map_err(|why| format!("is an invalid duration: {why}"));
        self.keep(key, value, parsed)
    }

    /// A number that is at least `min` and fits its type.
    fn number<N>(&mut self, key: &'static str, value: &Tagged<i64>, min: i64) -> Option<N>
    where
        N: TryFrom<i64>,
    {
        let number = Some(**value).filter(|number| *number >= min);
        let number = number.and_then(|number| N::try_from(number).ok());
        let why = format!("is out of range; the least is {min}");
        self.keep(key, value, number.ok_or(why))
    }

    fn retry_interval(&mut self, raw: &Raw) -> Option<Duration> {
        let time = self.time("retry_interval", &raw.retry_interval)?;
        let why = "has to be longer than nothing, such as 30s";
        let checked = Some(time).filter(|time| !time.is_zero()).ok_or(why);
        self.keep("retry_interval", &raw.retry_interval, checked)
    }

    fn raft_multiplier(&mut self, raw: &Raw) -> Option<u8> {
        let value = &raw.performance.raft_multiplier;
        let number = u8::try_from(**value).ok();
        let number = number.filter(|number| (1..=10).contains(number));
        let checked = number.ok_or("is out of range; take 1 to 10");
        self.keep("performance.raft_multiplier", value, checked)
    }

    /// `ERR` is a spelling that Consul takes too (agent reference, 5.4).
    fn log_level(&mut self, raw: &Raw) -> Option<LogLevel> {
        let word = if raw.log_level.eq_ignore_ascii_case("err") {
            LogLevel::Error.as_str()
        } else {
            raw.log_level.as_str()
        };
        let why = "is no log level; valid log levels are: [TRACE DEBUG INFO WARN ERROR]";
        self.keep(
            "log_level",
            &raw.log_level,
            LogLevel::from_word(word).ok_or(why),
        )
    }

    /// A value, or its default on a server, whose opposite is the default on a client.
    fn by_mode(value: Option<&Tagged<bool>>, mode: super::Mode, on_server: bool) -> bool {
        let is_server = mode == super::Mode::Server;
        value.map_or(is_server == on_server, |value| **value)
    }
}

/// Reads an IP address; IPv6 also in brackets, as Consul takes it.
fn parse_ip(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    IpAddr::from_str(bare.unwrap_or(text)).map_err(|_no_address| {
        if text.contains("{{") {
            "is a template, which quorate does not fill in; write the IP address".to_owned()
        } else {
            "must be an ip address".to_owned()
        }
    })
}
