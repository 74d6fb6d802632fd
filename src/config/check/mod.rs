//! Makes a checked configuration of raw settings, and finds every mistake in them, not only the
//! first.
//!
//! Each function checks one chapter: it reports what is wrong, gives none for it, and lets the
//! others go on.

mod address;
mod consensus;
mod founding;
mod identity;
mod joining;
mod trust;

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use figment::Figment;
use figment::value::magic::Tagged;

use super::error::ConfigError;
use super::machine::Machine;
use super::place::FLAG;
use super::raw::Raw;
use super::report::Report;
use super::{Config, LogLevel, Mode, QueryCheck, duration, mask, settings};

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

/// What a check gives: the value, or a mistake that is in the report.
type Checked<T> = Result<T, Refused>;

/// A mistake was reported.
#[derive(Debug)]
pub(super) struct Refused;

impl Checker<'_> {
    /// Checks everything; refused if anything is wrong, and then the report says what.
    pub(super) fn check(mut self, raw: &Raw) -> Result<Config, Refused> {
        let founding = self.founding(raw);
        let identity = self.identity(raw);
        let joining = self.joining(raw);
        let tls = self.trust(raw);
        let addresses = self.addresses(raw);
        let consensus = self.consensus(raw);
        let log_level = self.log_level(raw);
        let (founding, identity, joining) = (founding?, identity?, joining?);
        let (addresses, consensus) = (addresses?, consensus?);
        let on_server = founding.mode == Mode::Server;
        let or_default = |value: &Option<Tagged<bool>>, default: bool| {
            value.as_ref().map_or(default, |value| **value)
        };
        Ok(Config {
            node_name: identity.node_name,
            node_id: identity.node_id,
            datacenter: identity.datacenter,
            node_meta: identity.node_meta,
            data_dir: identity.data_dir,
            pid_file: identity.pid_file,
            dev: self.dev,
            mode: founding.mode,
            bootstrap: founding.bootstrap,
            bootstrap_expect: founding.expect,
            bootstrap_safety: founding.safety,
            retry_join: joining.retry_join,
            retry_interval: joining.retry_interval,
            retry_max: joining.retry_max,
            start_join: joining.start_join,
            rejoin_after_leave: *raw.rejoin_after_leave,
            reconnect_timeout: joining.reconnect_timeout,
            encrypt: joining.encrypt,
            encrypt_accept: joining.encrypt_accept,
            tls: tls?,
            bind_addr: addresses.bind,
            advertise_addr: addresses.advertise,
            client_addrs: addresses.clients,
            ports: addresses.ports,
            raft_multiplier: consensus.raft_multiplier,
            rpc_hold_timeout: consensus.rpc_hold_timeout,
            raft_snapshot_threshold: consensus.raft_snapshot_threshold,
            raft_trailing_logs: consensus.raft_trailing_logs,
            autopilot: consensus.autopilot,
            leave_drain_time: consensus.leave_drain_time,
            server_rejoin_age_max: consensus.server_rejoin_age_max,
            leave_on_terminate: or_default(&raw.leave_on_terminate, !on_server),
            skip_leave_on_interrupt: or_default(&raw.skip_leave_on_interrupt, on_server),
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
    fn refuse<T>(&mut self, key: &'static str, value: &Tagged<T>, why: impl Display) -> Refused
    where
        T: Display,
    {
        let is_secret = settings::by_key(key).is_some_and(|setting| setting.is_secret);
        let shown = if is_secret {
            mask::HIDDEN.to_owned()
        } else {
            mask::brief(&value.to_string())
        };
        let error = ConfigError::Value {
            place: self.place(value),
            key,
            value: shown,
            why: mask::phrase(&why.to_string(), &value.to_string()),
        };
        self.report.error(error);
        Refused
    }

    /// Takes what was parsed, or reports why it could not be.
    fn keep<T: Display, P>(
        &mut self,
        key: &'static str,
        value: &Tagged<T>,
        parsed: Result<P, impl Display>,
    ) -> Checked<P> {
        parsed.map_err(|why| self.refuse(key, value, why))
    }

    fn time(&mut self, key: &'static str, value: &Tagged<String>) -> Checked<Duration> {
        let parsed = duration::parse(value);
        let parsed = parsed.map_err(|why| format!("is an invalid duration: {why}"));
        self.keep(key, value, parsed)
    }

    /// A number in a range, whose bounds have to fit its type.
    fn number<N: TryFrom<i64>>(
        &mut self,
        key: &'static str,
        value: &Tagged<i64>,
        range: RangeInclusive<i64>,
    ) -> Checked<N> {
        let number = Some(**value).filter(|number| range.contains(number));
        let number = number.and_then(|number| N::try_from(number).ok());
        let why = format!("is out of range; take {} to {}", range.start(), range.end());
        self.keep(key, value, number.ok_or(why))
    }

    /// `ERR` is a spelling that Consul takes too (agent reference, 5.4).
    fn log_level(&mut self, raw: &Raw) -> Checked<LogLevel> {
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
