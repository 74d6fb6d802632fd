//! The gossip keys that the settings name: at a start, and again when they are read anew.

use tracing::info;

use crate::config::Config;
use crate::gossip::{Gossip, Key, KeyError, Keys};

/// The keys of these settings; none if gossip is plain.
pub(super) fn of(config: &Config) -> Result<Option<Keys>, KeyError> {
    let key = |key: &crate::config::GossipKey| Key::new(key.as_bytes());
    let Some(own) = &config.encrypt else {
        return Ok(None);
    };
    let accepted = config.encrypt_accept.iter().map(key);
    let accepted = accepted.collect::<Result<_, _>>()?;
    Ok(Some(Keys::new(key(own)?, accepted)))
}

/// Whether two settings are apart by more than which keys there are: gossip that is sealed under one
/// is plain under the other, and no agent goes over while it runs, as it would leave the pool.
pub(super) const fn are_switched(before: &Config, next: &Config) -> bool {
    before.encrypt.is_some() != next.encrypt.is_some()
}

/// Has gossip go by other keys.
pub(super) fn renew(gossip: &Gossip, keys: Keys) {
    gossip.renew_keys(keys);
    let Some(shown) = gossip.shown_keys() else {
        return;
    };
    let accepted = shown.accepted.iter().map(|(key, _)| key.to_string());
    let accepted = accepted.collect::<Vec<_>>().join(", ");
    info!(target: "agent", key = %shown.own, accepted, "gossip keys changed");
}
