//! Where settings come from, in which order, and how they are merged.

use serde_json::json;

use super::{Files, config, load};
use crate::config::{ConfigErrors, load_files};

#[test]
fn without_a_word_the_defaults_hold() {
    let shown = config(&[]).describe();
    let wanted = json!({
        "node_name": "host-1", "node_id": null, "datacenter": "dc1", "node_meta": {},
        "data_dir": "/data", "pid_file": null,
        "server": false, "bootstrap_expect": 0, "bootstrap": false, "bootstrap_safety": "majority",
        "retry_join": [], "retry_interval": "30s", "retry_max": 0, "start_join": [],
        "rejoin_after_leave": false, "reconnect_timeout": "72h", "encrypt": null, "encrypt_accept": [],
        "tls": {
            "defaults": {
                "ca_file": null, "cert_file": null, "key_file": null, "tls_min_version": "TLSv1_2",
                "verify_incoming": false, "verify_outgoing": false, "verify_server_hostname": false,
            },
            "internal_rpc": {
                "ca_file": null, "cert_file": null, "key_file": null, "tls_min_version": null,
                "verify_incoming": null, "verify_outgoing": null, "verify_server_hostname": null,
            },
        },
        "bind_addr": "0.0.0.0", "advertise_addr": "10.0.0.7", "client_addr": "127.0.0.1",
        "ports": { "server": 8300, "serf_lan": 8301, "http": 8500 },
        "performance": {
            "raft_multiplier": 5, "rpc_hold_timeout": "7s", "leave_drain_time": "5s",
        },
        "raft_snapshot_threshold": 16384, "raft_trailing_logs": 10240,
        "autopilot": {
            "cleanup_dead_servers": true, "last_contact_threshold": "200ms",
            "max_trailing_logs": 250, "min_quorum": 0, "server_stabilization_time": "10s",
        },
        "server_rejoin_age_max": "168h",
        "leave_on_terminate": true, "skip_leave_on_interrupt": false,
        "log_level": "INFO", "log_json": false,
    });
    assert_eq!(shown, wanted);
}

#[test]
fn dev_changes_the_defaults_that_consul_changes_and_anything_given_still_wins() {
    let dev = load(&["--dev"]).unwrap().config;
    assert!(dev.founds_alone() && dev.dev && dev.data_dir.is_none());
    assert_eq!(dev.bind_addr.to_string(), "127.0.0.1");
    assert_eq!(dev.advertise_addr.to_string(), "127.0.0.1");
    assert_eq!((dev.raft_multiplier, dev.log_level.as_str()), (1, "DEBUG"));
    let given = load(&["--dev", "--bind=10.0.0.9", "--server=false"])
        .unwrap()
        .config;
    assert_eq!(given.bind_addr.to_string(), "10.0.0.9");
    assert!(!given.founds_alone());
}

#[test]
fn a_server_stays_a_member_when_it_stops_and_a_client_leaves() {
    let server = config(&["--server"]);
    assert!(!server.leave_on_terminate && server.skip_leave_on_interrupt);
    let told = config(&[
        "--server",
        "--hcl=leave_on_terminate = true skip_leave_on_interrupt = false",
    ]);
    assert!(told.leave_on_terminate && !told.skip_leave_on_interrupt);
    let client = config(&["--hcl=leave_on_terminate = false skip_leave_on_interrupt = true"]);
    assert!(!client.leave_on_terminate && client.skip_leave_on_interrupt);
}

#[test]
fn the_last_scalar_wins_in_the_order_files_then_flags_then_hcl() {
    let files = Files::new(&[
        (
            "a.hcl",
            "datacenter = \"a\" node_name = \"a\" log_level = \"WARN\"",
        ),
        ("b.json", r#"{"datacenter": "b", "log_level": "ERR"}"#),
        ("c.toml", "log_level = \"TRACE\""),
    ]);
    let (a, b, c) = (
        files.flag("a.hcl"),
        files.flag("b.json"),
        files.flag("c.toml"),
    );
    let shown = |words: &[&str]| {
        let config = config(words);
        let names = (config.node_name.to_string(), config.datacenter.to_string());
        (names.0, names.1, config.log_level.as_str())
    };
    let owned = |a: &str, b: &str, level| (a.to_owned(), b.to_owned(), level);
    assert_eq!(shown(&[&a, &b]), owned("a", "b", "ERROR"));
    assert_eq!(shown(&[&b, &a]), owned("a", "a", "WARN"));
    assert_eq!(
        shown(&["--node=flag", &a, &b, &c, "--hcl=log_level = \"debug\""]),
        owned("flag", "b", "DEBUG")
    );
    assert_eq!(
        shown(&["--node=x", "--node=y", "--hcl=node_name = \"z\""]).0,
        "z"
    );
}

#[test]
fn lists_append_and_those_of_flags_come_first() {
    let files = Files::new(&[
        (
            "a.hcl",
            "retry_join = [\"10.0.0.1\", \"10.0.0.2\"]\nretry_join = \"10.0.0.3\"",
        ),
        (
            "b.json",
            r#"{"retry_join": ["provider=aws tag_key=role", "name.example"]}"#,
        ),
    ]);
    let config = config(&[
        &files.flag("a.hcl"),
        "--hcl=retry_join = [\"10.0.0.9\"]",
        &files.flag("b.json"),
        "--retry-join=10.0.0.4",
        "--retry-join=10.0.0.5:99",
    ]);
    let texts: Vec<&str> = config.retry_join.iter().collect();
    let wanted = [
        "10.0.0.4",
        "10.0.0.5:99",
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "provider=aws tag_key=role",
        "name.example",
        "10.0.0.9",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn blocks_and_maps_unite_and_flags_win_in_them() {
    let files = Files::new(&[
        (
            "a.hcl",
            "ports { http = 1 server = 2 } ports { http = 3 } node_meta { a = \"1\" b = 2 }",
        ),
        (
            "b.json",
            r#"{"ports": [{"serf_lan": "0x10"}], "node_meta": {"b": "x", "c": "y"}}"#,
        ),
    ]);
    let config = config(&[
        "--node-meta=c:flag:with:colons",
        "--node-meta=d",
        "--server-port=4",
        &files.flag("a.hcl"),
        &files.flag("b.json"),
    ]);
    let ports = config.ports;
    assert_eq!((ports.http, ports.serf_lan, ports.server), (Some(3), 16, 4));
    let meta: Vec<_> = config
        .node_meta
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(meta, ["a=1", "b=x", "c=flag:with:colons", "d="]);
}

#[test]
fn the_same_settings_in_each_language_are_the_same_configuration() {
    let files = Files::new(&[
        (
            "a.hcl",
            "server = true\nbootstrap_expect = 3\nretry_join = [\"a\", \"b\"]\nretry_interval = \"5s\"\n\
             ports {\n  http = -1\n}\nnode_meta {\n  rack = \"r1\"\n}\n",
        ),
        (
            "a.json",
            r#"{"server": true, "bootstrap_expect": 3, "retry_join": ["a", "b"],
               "retry_interval": "5s", "ports": {"http": -1}, "node_meta": {"rack": "r1"}}"#,
        ),
        (
            "a.toml",
            "server = true\nbootstrap_expect = 3\nretry_join = [\"a\", \"b\"]\n\
             retry_interval = \"5s\"\nports.http = -1\n[node_meta]\nrack = \"r1\"\n",
        ),
    ]);
    let [hcl, json, toml] = ["a.hcl", "a.json", "a.toml"].map(|name| config(&[&files.flag(name)]));
    assert_eq!(hcl, json);
    assert_eq!(hcl, toml);
    assert_eq!(hcl.bootstrap_expect, Some(3));
    assert_eq!(hcl.http_binds(), Vec::new());
}

#[test]
fn what_describe_shows_is_a_configuration_that_means_the_same() {
    let config = config(&[
        "--server",
        "--bootstrap-expect=3",
        "--retry-join=a",
        "--retry-interval=1m30s",
        "--node-meta=a:b",
        "--client=127.0.0.1 ::1",
    ]);
    let files = Files::new(&[("all.json", &config.describe().to_string())]);
    let again = load(&[&files.flag("all.json")]).unwrap().config;
    assert_eq!(again, config);
}

#[test]
fn a_directory_is_read_by_name_and_only_its_own_files_of_known_formats() {
    let files = Files::new(&[
        ("b.hcl", "datacenter = \"b\""),
        ("a.json", r#"{"datacenter": "a", "node_name": "a"}"#),
        ("c.toml", ""),
        ("notes.txt", "not a setting"),
    ]);
    std::fs::create_dir(files.path("d.hcl")).unwrap();
    std::fs::write(files.path("d.hcl").join("x.hcl"), "datacenter = \"d\"").unwrap();
    let dir = format!("--config-dir={}", files.path("").display());
    let loaded = load(&["--data-dir=/data", &dir]).unwrap();
    assert_eq!(loaded.config.datacenter.as_str(), "b");
    assert_eq!(loaded.config.node_name.as_str(), "a");
    let warnings: Vec<_> = loaded
        .warnings
        .iter()
        .map(|text| files.relative(text))
        .collect();
    assert_eq!(
        warnings,
        [
            "skipping file notes.txt, extension must be .hcl, .json or .toml, or config format must \
          be set"
        ]
    );
}

#[test]
fn files_and_directories_are_read_in_the_order_given() {
    let files = Files::new(&[("a.hcl", "datacenter = \"file\"")]);
    let others = Files::new(&[("a.hcl", "datacenter = \"dir\"")]);
    let file = files.flag("a.hcl");
    let dir = format!("--config-dir={}", others.path("").display());
    let datacenter = |words: &[&str]| config(words).datacenter.to_string();
    assert_eq!(datacenter(&[&file, &dir]), "dir");
    assert_eq!(datacenter(&[&dir, &file]), "file");
}

#[test]
fn config_format_rules_over_the_name() {
    let files = Files::new(&[("plain", r#"{"datacenter": "x"}"#)]);
    let config = config(&["--config-format=json", &files.flag("plain")]);
    assert_eq!(config.datacenter.as_str(), "x");
}

#[test]
fn files_that_are_empty_or_begin_with_a_byte_order_mark_are_read() {
    let files = Files::new(&[
        ("a.hcl", ""),
        ("b.json", " \n"),
        ("c.toml", "\u{feff}datacenter = \"c\""),
        ("d.hcl", "\u{feff}node_name = \"d\""),
        ("e.json", "\u{feff}{\"log_json\": true}"),
    ]);
    let config = config(&[&files.flag("")]);
    assert_eq!(config.datacenter.as_str(), "c");
    assert_eq!(config.node_name.as_str(), "d");
    assert!(config.log_json);
}

#[test]
fn validation_does_not_depend_on_the_machine_and_needs_a_path() {
    let files = Files::new(&[
        (
            "good.hcl",
            "data_dir = \"/data\" server = true bootstrap_expect = 2",
        ),
        ("bad.hcl", "data_dir = \"/data\" bootstrap = true"),
    ]);
    let check = |name: &str| load_files(&[files.path(name)], None, super::check_query);
    assert_eq!(check("good.hcl").unwrap().len(), 2);
    assert!(check("bad.hcl").is_err());
    let text = |errors: ConfigErrors| errors.to_string();
    assert_eq!(
        load_files(&[], None, super::check_query).map_err(text),
        Err("Must specify at least one config file or directory".to_owned())
    );
}
