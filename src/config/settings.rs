//! The table of settings: the one place that names them. Files, flags, defaults, the check for
//! unknown names, `--help`, the reference and `describe` are all made from it.
//!
//! Names, flags and defaults are Consul's (agent reference, 5.3 and 5.4), except
//! `bootstrap_safety`, which is ours (design, section 5, rule 5).

use serde_json::{Value, json};

use super::setting::{Group, Kind, Setting};
use super::{Config, Mode, duration, mask, settings_consensus as consensus, settings_tls as tls};

use Group::{Addresses, Founding, Identity, Joining, Leaving, Logging};

/// Every setting, by chapter.
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "node_name",
        Kind::Text,
        Identity,
        |c| json!(c.node_name.as_str()),
        "Name of this node, unique in its cluster. Without it, the host name.",
    )
    .flag("node"),
    Setting::new(
        "node_id",
        Kind::Text,
        Identity,
        |c| c.node_id.map_or(Value::Null, |id| json!(id.to_string())),
        "UUID of this node. Without it, one is made at the first start and kept in data_dir.",
    )
    .flag("node-id"),
    Setting::new(
        "datacenter",
        Kind::Text,
        Identity,
        |c| json!(c.datacenter.as_str()),
        "Datacenter of this node: letters, digits, - and _; kept in lower case.",
    )
    .flag("datacenter")
    .default("dc1"),
    Setting::new(
        "node_meta",
        Kind::Map,
        Identity,
        |c| json!(c.node_meta),
        "Texts that the catalogue shows with this node: at most 64, names of letters, digits, - \
         and _ up to 128 characters, not beginning with consul-; values up to 512 characters. \
         The flag takes name:value and may be repeated.",
    )
    .flag("node-meta")
    .reloaded(),
    Setting::new(
        "data_dir",
        Kind::Text,
        Identity,
        |c| json!(c.data_dir),
        "Directory for all that has to outlive the process. Needed, except with -dev.",
    )
    .flag("data-dir"),
    Setting::new(
        "pid_file",
        Kind::Text,
        Identity,
        |c| json!(c.pid_file),
        "File that the process id is written to.",
    )
    .flag("pid-file"),
    Setting::new(
        "server",
        Kind::Switch,
        Founding,
        |c| json!(c.mode == Mode::Server),
        "Run as a server: keep state and take part in consensus. Else the agent is a client.",
    )
    .flag("server")
    .default("false"),
    Setting::new(
        "bootstrap_expect",
        Kind::Integer,
        Founding,
        |c| json!(c.bootstrap_expect.unwrap_or_default()),
        "Number of servers that found the cluster together, the same on each of them. 0: this \
         server founds nothing and waits to be added. 1: this server \
         founds alone once all that it was told to join has answered; -bootstrap does not wait for \
         those who are silent.",
    )
    .flag("bootstrap-expect")
    .default("0"),
    Setting::new(
        "bootstrap",
        Kind::Switch,
        Founding,
        |c| json!(c.bootstrap),
        "Found a cluster alone. For one server of a cluster only.",
    )
    .flag("bootstrap")
    .default("false"),
    Setting::new(
        "bootstrap_safety",
        Kind::Text,
        Founding,
        |c| json!(c.bootstrap_safety.as_str()),
        "How much must be known before a founding: majority (consent of more than half of all \
         that could be servers), strict (no address that was listed may be silent, and no member down), or open \
         (Consul's way: what is not known does not count).",
    )
    .flag("bootstrap-safety")
    .default("majority"),
    Setting::new(
        "retry_join",
        Kind::List,
        Joining,
        |c| c.retry_join.iter().map(mask::query).collect(),
        "Where to look for others until they are found: addresses, DNS names, or \
         `provider=... key=value` strings. May be repeated.",
    )
    .flag("retry-join"),
    Setting::new(
        "retry_interval",
        Kind::Duration,
        Joining,
        |c| shown(c.retry_interval),
        "Longest wait between two attempts of one entry of retry_join; the first waits are shorter.",
    )
    .flag("retry-interval")
    .default("30s"),
    Setting::new(
        "retry_max",
        Kind::Integer,
        Joining,
        |c| json!(c.retry_max.unwrap_or_default()),
        "Attempts before the agent ends with an error, if it never joined anyone. 0: no end.",
    )
    .flag("retry-max")
    .default("0"),
    Setting::new(
        "start_join",
        Kind::List,
        Joining,
        |c| c.start_join.iter().map(mask::query).collect(),
        "Addresses to join once at the start; if none answers, the agent ends. Better: retry_join.",
    )
    .flag("join"),
    Setting::new(
        "rejoin_after_leave",
        Kind::Switch,
        Joining,
        |c| json!(c.rejoin_after_leave),
        "Join the members of the last life again even after having left.",
    )
    .flag("rejoin")
    .default("false"),
    Setting::new(
        "reconnect_timeout",
        Kind::Duration,
        Joining,
        |c| shown(c.reconnect_timeout),
        "How long a failed member stays in the list, and is looked for, before it is forgotten: 8h \
         or more; 0s is 72h. The same on all members.",
    )
    .default("72h"),
    Setting::new(
        "encrypt",
        Kind::Text,
        Joining,
        |c| c.encrypt.as_ref().map_or(Value::Null, |_| json!(mask::HIDDEN)),
        "Key that seals gossip and joins: 16 or 32 bytes in base64, the same on all members. \
         `quorate keygen` makes one. Better in a file than as a flag, which `ps` shows. With \
         encrypt_accept it is changed without a pause; from no key to one, and back, takes a restart.",
    )
    .flag("encrypt")
    .secret()
    .reloaded(),
    Setting::new(
        "encrypt_accept",
        Kind::List,
        Joining,
        |c| c.encrypt_accept.iter().map(|_| mask::HIDDEN).collect(),
        "More keys that open what others say, at most 8, beside encrypt, which alone seals: the next \
         key, and then the last one, while encrypt is changed on all members.",
    )
    .secret()
    .reloaded(),
    tls::DEFAULTS_CA_FILE,
    tls::DEFAULTS_CERT_FILE,
    tls::DEFAULTS_KEY_FILE,
    tls::DEFAULTS_TLS_MIN_VERSION,
    tls::DEFAULTS_VERIFY_INCOMING,
    tls::DEFAULTS_VERIFY_OUTGOING,
    tls::DEFAULTS_VERIFY_SERVER_HOSTNAME,
    tls::RPC_CA_FILE,
    tls::RPC_CERT_FILE,
    tls::RPC_KEY_FILE,
    tls::RPC_TLS_MIN_VERSION,
    tls::RPC_VERIFY_INCOMING,
    tls::RPC_VERIFY_OUTGOING,
    tls::RPC_VERIFY_SERVER_HOSTNAME,
    Setting::new(
        "bind_addr",
        Kind::Text,
        Addresses,
        |c| json!(c.bind_addr),
        "IP address that gossip and the server port listen on. With -dev, 127.0.0.1.",
    )
    .flag("bind")
    .default("0.0.0.0"),
    Setting::new(
        "advertise_addr",
        Kind::Text,
        Addresses,
        |c| json!(c.advertise_addr),
        "IP address that others reach this agent at. Without it, bind_addr; if that is 0.0.0.0, \
         the one private IPv4 address of the machine; if ::, its one public IPv6 address.",
    )
    .flag("advertise"),
    Setting::new(
        "client_addr",
        Kind::Text,
        Addresses,
        |c| json!(joined(c)),
        "IP addresses that the HTTP API listens on, parted by spaces.",
    )
    .flag("client")
    .default("127.0.0.1"),
    Setting::new(
        "ports.server",
        Kind::Integer,
        Addresses,
        |c| json!(c.ports.server),
        "Port for requests and raft between agents. 0: any free port.",
    )
    .flag("server-port")
    .default("8300"),
    Setting::new(
        "ports.serf_lan",
        Kind::Integer,
        Addresses,
        |c| json!(c.ports.serf_lan),
        "Port for gossip, over TCP and UDP. 0: any free port.",
    )
    .flag("serf-lan-port")
    .default("8301"),
    Setting::new(
        "ports.http",
        Kind::Integer,
        Addresses,
        |c| json!(c.ports.http.map_or(-1, i32::from)),
        "Port for the HTTP API. -1: none. 0: any free port.",
    )
    .flag("http-port")
    .default("8500"),
    consensus::RAFT_SNAPSHOT_THRESHOLD,
    consensus::RAFT_TRAILING_LOGS,
    consensus::RAFT_MULTIPLIER,
    consensus::RPC_HOLD_TIMEOUT,
    Setting::new(
        "performance.leave_drain_time",
        Kind::Duration,
        Leaving,
        |c| shown(c.leave_drain_time),
        "How long requests that are under way may go on when this server leaves or stops.",
    )
    .default("5s"),
    consensus::AUTOPILOT_CLEANUP_DEAD_SERVERS,
    consensus::AUTOPILOT_LAST_CONTACT_THRESHOLD,
    consensus::AUTOPILOT_MAX_TRAILING_LOGS,
    consensus::AUTOPILOT_MIN_QUORUM,
    consensus::AUTOPILOT_SERVER_STABILIZATION_TIME,
    Setting::new(
        "leave_on_terminate",
        Kind::Switch,
        Leaving,
        |c| json!(c.leave_on_terminate),
        "Leave the cluster on SIGTERM. When not set, true on a client and false on a server.",
    ),
    Setting::new(
        "skip_leave_on_interrupt",
        Kind::Switch,
        Leaving,
        |c| json!(c.skip_leave_on_interrupt),
        "Stay a member on SIGINT. When not set, false on a client and true on a server.",
    ),
    Setting::new(
        "server_rejoin_age_max",
        Kind::Duration,
        Leaving,
        |c| shown(c.server_rejoin_age_max),
        "A server that was away for longer does not start again with its old data. At least 6h.",
    )
    .default("168h"),
    Setting::new(
        "log_level",
        Kind::Text,
        Logging,
        |c| json!(c.log_level.as_str()),
        "Least important lines that are logged: TRACE, DEBUG, INFO, WARN or ERROR. With -dev, DEBUG.",
    )
    .flag("log-level")
    .default("INFO")
    .reloaded(),
    Setting::new(
        "log_json",
        Kind::Switch,
        Logging,
        |c| json!(c.log_json),
        "Log one JSON object per line.",
    )
    .flag("log-json")
    .default("false"),
];

/// What `-dev` changes of the defaults, as files would write it (Consul's `DevSource`).
pub(super) const DEV: &[(&str, &str)] = &[
    ("server", "true"),
    ("bind_addr", "127.0.0.1"),
    ("performance.raft_multiplier", "1"),
    ("log_level", "DEBUG"),
];

/// The setting of a name in files.
pub(super) fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Says whether a name in files is a block that holds settings.
pub(super) fn is_block(key: &str) -> bool {
    SETTINGS.iter().any(|setting| {
        let rest = setting.key.strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with('.'))
    })
}

/// A duration as files write it.
pub(super) fn shown(time: std::time::Duration) -> Value {
    json!(duration::format(time))
}

fn joined(config: &Config) -> String {
    let addrs = config.client_addrs.iter();
    addrs.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
