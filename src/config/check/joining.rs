//! Where the agent looks for others, and the key they share.

use figment::value::magic::Tagged;

use super::Checker;
use super::identity::given;
use crate::config::raw::Raw;
use crate::config::{GossipKey, Texts};
use crate::types::Address;

/// What makes an entry a query to a provider, and not an address (agent reference, 1.5).
const QUERY_MARK: &str = "provider=";

/// The checked settings.
pub(super) struct Joining {
    pub(super) retry_join: Texts,
    pub(super) start_join: Texts,
    pub(super) encrypt: Option<GossipKey>,
}

impl Checker<'_> {
    pub(super) fn joining(&mut self, raw: &Raw) -> Option<Joining> {
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
                .warn("The 'start_join' field is deprecated. Use the 'retry_join' field instead.");
        }
        let encrypt = match given(raw.encrypt.as_ref()) {
            None => Some(None),
            Some(key) => self.keep("encrypt", key, GossipKey::parse(key)).map(Some),
        };
        Some(Joining {
            retry_join: retry_join?,
            start_join: start_join?,
            encrypt: encrypt?,
        })
    }

    /// Checks each text; none if any is wrong.
    fn texts(
        &mut self,
        key: &'static str,
        texts: &[Tagged<String>],
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<Texts> {
        let mut good = Vec::new();
        for text in texts {
            if self.keep(key, text, check(text)).is_some() {
                good.push(text.to_string());
            }
        }
        (good.len() == texts.len()).then(|| Texts::new(good))
    }
}

fn check_address(text: &str) -> Result<(), String> {
    if text.contains("{{") {
        return Err("is a template, which quorate does not fill in; write the address".to_owned());
    }
    let address = text.parse::<Address>();
    address.map_or_else(|error| Err(error.why.to_owned()), |_| Ok(()))
}
