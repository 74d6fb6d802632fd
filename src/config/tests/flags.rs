//! The flags: made from the table, each doing what its setting in a file does.

use clap::error::ErrorKind;

use super::{config, load};
use crate::config::{Kind, SETTINGS, command};

/// A value of each setting that is not its default, as a file and as a flag write it.
pub(super) const SAMPLES: &[(&str, &str, &str)] = &[
    ("node_name", "\"server-1\"", "server-1"),
    (
        "node_id",
        "\"8a0c4f7e-1111-2222-3333-444455556666\"",
        "8A0C4F7E-1111-2222-3333-444455556666",
    ),
    ("datacenter", "\"DC2\"", "dc2"),
    ("node_meta", "{ rack = \"r1\" }", "rack:r1"),
    ("data_dir", "\"/var/lib/quorate\"", "/var/lib/quorate"),
    ("pid_file", "\"/run/quorate.pid\"", "/run/quorate.pid"),
    ("server", "true", "true"),
    ("bootstrap_expect", "3", "3"),
    ("bootstrap", "true", "true"),
    ("bootstrap_safety", "\"strict\"", "STRICT"),
    ("retry_join", "[\"10.0.0.5\"]", "10.0.0.5"),
    ("retry_interval", "\"1m30s\"", "90s"),
    ("retry_max", "7", "7"),
    ("start_join", "[\"10.0.0.6\"]", "10.0.0.6"),
    ("rejoin_after_leave", "true", "1"),
    ("reconnect_timeout", "\"8h\"", ""),
    (
        "encrypt",
        "\"AAAAAAAAAAAAAAAAAAAAAA==\"",
        "AAAAAAAAAAAAAAAAAAAAAA==",
    ),
    ("encrypt_accept", "[\"AAAAAAAAAAAAAAAAAAAAAA==\"]", ""),
    ("tls.defaults.ca_file", "\"/etc/quorate/ca.pem\"", ""),
    ("tls.defaults.cert_file", "\"/etc/quorate/own.pem\"", ""),
    ("tls.defaults.key_file", "\"/etc/quorate/own-key.pem\"", ""),
    ("tls.defaults.tls_min_version", "\"TLSv1_3\"", ""),
    ("tls.defaults.verify_incoming", "true", ""),
    ("tls.defaults.verify_outgoing", "true", ""),
    ("tls.defaults.verify_server_hostname", "true", ""),
    ("tls.internal_rpc.ca_file", "\"/etc/quorate/ca.pem\"", ""),
    ("tls.internal_rpc.cert_file", "\"/etc/quorate/own.pem\"", ""),
    (
        "tls.internal_rpc.key_file",
        "\"/etc/quorate/own-key.pem\"",
        "",
    ),
    ("tls.internal_rpc.tls_min_version", "\"TLSv1_3\"", ""),
    ("tls.internal_rpc.verify_incoming", "true", ""),
    ("tls.internal_rpc.verify_outgoing", "true", ""),
    ("tls.internal_rpc.verify_server_hostname", "true", ""),
    ("bind_addr", "\"10.0.0.8\"", "10.0.0.8"),
    ("advertise_addr", "\"10.0.0.5\"", "10.0.0.5"),
    ("client_addr", "\"0.0.0.0\"", "0.0.0.0"),
    ("ports.server", "1", "1"),
    ("ports.serf_lan", "2", "2"),
    ("ports.http", "-1", "-1"),
    ("raft_snapshot_threshold", "\"100\"", ""),
    ("raft_trailing_logs", "100", ""),
    ("performance.raft_multiplier", "1", ""),
    ("performance.rpc_hold_timeout", "\"1s\"", ""),
    ("performance.leave_drain_time", "\"1s\"", ""),
    ("autopilot.cleanup_dead_servers", "false", ""),
    ("autopilot.last_contact_threshold", "\"1s\"", ""),
    ("autopilot.max_trailing_logs", "10", ""),
    ("autopilot.min_quorum", "3", ""),
    ("autopilot.server_stabilization_time", "\"0s\"", ""),
    ("leave_on_terminate", "false", ""),
    ("skip_leave_on_interrupt", "true", ""),
    ("server_rejoin_age_max", "\"24h\"", ""),
    ("log_level", "\"warn\"", "Warn"),
    ("log_json", "true", "T"),
];

/// What a sample needs beside it to be right.
pub(super) fn company(key: &str) -> &'static [&'static str] {
    match key {
        "bootstrap" | "bootstrap_expect" => &["--server"],
        "encrypt_accept" => &["--encrypt=MDEyMzQ1Njc4OWFiY2RlZg=="],
        _ if key.starts_with("tls.") => {
            &["--hcl=tls { defaults { ca_file = \"a\"\n cert_file = \"b\"\n key_file = \"c\" } }"]
        }
        _ => &[],
    }
}

#[test]
fn every_setting_does_something_and_its_flag_does_the_same() {
    let sampled: Vec<&str> = SAMPLES.iter().map(|(key, ..)| *key).collect();
    let table: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(sampled, table);
    for (setting, (key, in_file, in_flag)) in SETTINGS.iter().zip(SAMPLES) {
        let with = |word: &str| config(&[company(key), &[word]].concat());
        let by_file = with(&format!("--hcl={key} = {in_file}"));
        assert_ne!(by_file, config(company(key)), "{key}");
        if let Some(flag) = setting.flag {
            assert_eq!(with(&format!("--{flag}={in_flag}")), by_file, "{key}");
        }
    }
}

#[test]
fn a_switch_stands_alone_and_does_not_take_the_next_word() {
    let config = config(&["--server", "--node=a", "--log-json=false"]);
    assert!(config.mode == crate::config::Mode::Server && !config.log_json);
    assert!(load(&["--server", "false"]).is_err());
}

#[test]
fn help_tells_every_flag_with_its_default_in_its_chapter() {
    let help = command().render_long_help().to_string();
    for setting in SETTINGS {
        let Some(flag) = setting.flag else { continue };
        assert!(help.contains(&format!("--{flag}")), "{flag}");
        assert!(
            help.contains(&format!("{}:", setting.group.heading())),
            "{flag}"
        );
        if let Some(default) = setting.default {
            assert!(help.contains(&format!("[default: {default}]")), "{flag}");
        }
    }
    let shown = command()
        .try_get_matches_from(["agent", "--help"])
        .unwrap_err();
    assert_eq!(shown.kind(), ErrorKind::DisplayHelp);
}

#[test]
fn the_table_has_no_name_twice_and_lists_have_no_default() {
    let mut names: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    names.extend(SETTINGS.iter().filter_map(|setting| setting.flag));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    // `server`, `bootstrap`, `datacenter` and `encrypt` are both key and flag.
    assert_eq!(names.len(), count - 4);
    let is_plain = |kind| !matches!(kind, Kind::List | Kind::Map);
    assert!(
        SETTINGS
            .iter()
            .all(|s| s.default.is_none() || is_plain(s.kind))
    );
    assert!(SETTINGS.iter().all(|s| s.doc.ends_with('.')));
}
