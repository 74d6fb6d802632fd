//! Where the agent looks for others, and the key they share.

use std::time::Duration;

use figment::value::magic::Tagged;

use super::identity::given;
use super::{Checked, Checker};
use crate::config::raw::Raw;
use crate::config::{GossipKey, Texts};
use crate::types::Address;

/// What makes an entry a query to a provider, and not an address (agent reference, 1.5).
const QUERY_MARK: &str = "provider=";

/// How many keys are accepted beside the one that seals. Chosen: a change of the key takes one; more
/// than a few say that old ones were never taken out, and each costs a try per datagram.
const ACCEPTED_MAX: usize = 8;

/// The least `reconnect_timeout` (agent reference, 1.8).
const RECONNECT_LEAST: Duration = Duration::from_hours(8);
/// What a `reconnect_timeout` of zero means (agent reference, 5.4).
const RECONNECT_DEFAULT: Duration = Duration::from_hours(72);

/// The key that seals, and those that are accepted beside it.
type GossipKeys = (Option<GossipKey>, Vec<GossipKey>);

/// The checked settings.
pub(super) struct Joining {
    pub(super) retry_join: Texts,
    pub(super) retry_interval: Duration,
    pub(super) retry_max: Option<u32>,
    pub(super) start_join: Texts,
    pub(super) reconnect_timeout: Duration,
    pub(super) encrypt: Option<GossipKey>,
    pub(super) encrypt_accept: Vec<GossipKey>,
}

impl Checker<'_> {
    pub(super) fn joining(&mut self, raw: &Raw) -> Checked<Joining> {
        let check_query = self.check_query;
        let retry_join = self.texts("retry_join", &raw.retry_join, |text| {
            if text.contains(QUERY_MARK) {
                return check_query(text);
            }
            check_address(text)
        });
        let start_join = self.texts("start_join", &raw.start_join, |text| {
            if text.contains(QUERY_MARK) {
                return Err("is a query, which only retry_join takes".to_owned());
            }
            check_address(text)
        });
        if raw.start_join.iter().any(|text| !self.is_flag(text)) {
            self.report
                .warn("start_join is tried once, and its failure ends the agent; use retry_join to keep trying.");
        }
        let keys = self.keys(raw);
        let retry_interval = self.retry_interval(raw);
        let reconnect_timeout = self.reconnect_timeout(raw);
        let retry_max = self.number("retry_max", &raw.retry_max, 0..=i64::from(u32::MAX));
        let (encrypt, encrypt_accept) = keys?;
        Ok(Joining {
            retry_join: retry_join?,
            retry_interval: retry_interval?,
            retry_max: Some(retry_max?).filter(|max| *max > 0),
            start_join: start_join?,
            reconnect_timeout: reconnect_timeout?,
            encrypt,
            encrypt_accept,
        })
    }

    /// The key that seals, and the others.
    fn keys(&mut self, raw: &Raw) -> Checked<GossipKeys> {
        let encrypt = match given(raw.encrypt.as_ref()) {
            None => Ok(None),
            Some(key) => self.keep("encrypt", key, GossipKey::parse(key)).map(Some),
        };
        let key = |text: &Tagged<String>| self.keep("encrypt_accept", text, GossipKey::parse(text));
        let parsed: Vec<Checked<GossipKey>> = raw.encrypt_accept.iter().map(key).collect();
        let parsed: Checked<Vec<GossipKey>> = parsed.into_iter().collect();
        let (encrypt, parsed) = (encrypt?, parsed?);
        let mut accepted = Vec::new();
        for (text, key) in raw.encrypt_accept.iter().zip(parsed) {
            let Some(own) = &encrypt else {
                let why = "is beside encrypt, which is not set; set it";
                return Err(self.refuse("encrypt_accept", text, why));
            };
            if *own == key || accepted.contains(&key) {
                continue;
            }
            if accepted.len() == ACCEPTED_MAX {
                let why = "is one key too many; take out those that no member seals with any more";
                return Err(self.refuse("encrypt_accept", text, why));
            }
            accepted.push(key);
        }
        Ok((encrypt, accepted))
    }

    fn retry_interval(&mut self, raw: &Raw) -> Checked<Duration> {
        let time = self.time("retry_interval", &raw.retry_interval)?;
        let why = "has to be longer than nothing, such as 30s";
        let checked = Some(time).filter(|time| !time.is_zero()).ok_or(why);
        self.keep("retry_interval", &raw.retry_interval, checked)
    }

    /// Zero is the default, as in Consul, which documents the least time and does not enforce it.
    fn reconnect_timeout(&mut self, raw: &Raw) -> Checked<Duration> {
        let time = self.time("reconnect_timeout", &raw.reconnect_timeout)?;
        let why =
            "has to be 8h or more: a member that is away for longer is a stranger when it returns";
        let checked = match time {
            Duration::ZERO => Ok(RECONNECT_DEFAULT),
            time if time < RECONNECT_LEAST => Err(why),
            time => Ok(time),
        };
        self.keep("reconnect_timeout", &raw.reconnect_timeout, checked)
    }

    /// Checks each text, also after one that is wrong.
    fn texts(
        &mut self,
        key: &'static str,
        texts: &[Tagged<String>],
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Checked<Texts> {
        let checked: Vec<Checked<String>> = texts
            .iter()
            .map(|text| self.keep(key, text, check(text).map(|()| text.to_string())))
            .collect();
        checked.into_iter().collect::<Checked<_>>().map(Texts::new)
    }
}

fn check_address(text: &str) -> Result<(), String> {
    if text.contains("{{") {
        return Err("is a template, which quorate does not fill in; write the address".to_owned());
    }
    let address = text.parse::<Address>();
    address.map_or_else(|error| Err(error.why.to_owned()), |_| Ok(()))
}
