//! Starts gossip as the configuration says.

use std::net::SocketAddr;
use std::sync::Arc;

use super::start::Ground;
use super::{AgentError, gossip_keys};
use crate::config::Config;
use crate::gossip::{Gossip, GossipConfig, Tuning};
use crate::types::{Announcement, Role, ServerRole};

/// Starts gossip; `role` is that of a server.
pub(super) fn start(
    config: &Config,
    ground: &Ground,
    role: Option<&ServerRole>,
) -> Result<Gossip, AgentError> {
    let announcement = Announcement {
        node_id: ground.node_id,
        name: config.node_name.clone(),
        datacenter: config.datacenter.clone(),
        generation: ground.generation,
        version: 0,
        gossip_addr: SocketAddr::new(config.advertise_addr, config.ports.serf_lan),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: ground.membership.cluster(),
        role: role.map_or(Role::Client, |role| Role::Server(role.clone())),
    };
    let gossip = Gossip::start(GossipConfig {
        host: Arc::clone(&ground.host),
        bind: SocketAddr::new(config.bind_addr, config.ports.serf_lan),
        announcement,
        keys: gossip_keys::of(config)?,
        homes: ground.remembered.clone(),
        is_reserved: true,
        tuning: tuning(config),
    })?;
    ground.lives.follow(&gossip);
    Ok(gossip)
}

/// The times of gossip.
fn tuning(config: &Config) -> Tuning {
    Tuning {
        failed_kept: config.reconnect_timeout,
        ..Tuning::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_failed_member_is_kept_for_the_reconnect_timeout() {
        let words = ["agent", "--dev", "--hcl=reconnect_timeout = \"9h\""];
        let matches = config::command().try_get_matches_from(words).unwrap();
        let config = config::load(&matches, |_| Ok(())).unwrap().config;
        assert_eq!(tuning(&config).failed_kept.as_secs(), 9 * 3_600);
    }
}
