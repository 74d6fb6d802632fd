//! What is refused or warned of, in which words, and that no secret is among them.

use super::{Files, load, load_on, machine, mistakes};
use crate::config::machine::Machine;
use crate::config::{Kind, SETTINGS};

const DATA: &str = "--data-dir=/data";

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let files = Files::new(&[
        (
            "a.hcl",
            "data_dir = \"/data\"\nprots { http = 1 }\nports {\n  dns = 8600\n  htpp = 1\n}\n\
             server = \"maybe\"\nlog_levle = \"x\"\n",
        ),
        (
            "b.json",
            "{\n  \"bind\": \"10.0.0.1\",\n  \"retry_interval\": \"30\"\n}",
        ),
        (
            "c.toml",
            "retry_join = [\"a b\",\n  [\"x\"]]\nretry_max = -1\n",
        ),
        ("d.hcl", "node_name = \"a\"\nserver = yes\n"),
    ]);
    let told = mistakes(&[
        &files.flag(""),
        "--http-port=x",
        "--log-level=loud",
        "--client=",
    ]);
    let told: Vec<String> = told.iter().map(|line| files.relative(line)).collect();
    let wanted = [
        "a.hcl:2:1: invalid config key prots; did you mean ports?",
        "a.hcl:4:3: invalid config key ports.dns: Consul has this setting, quorate does not; \
         remove it",
        "a.hcl:5:3: invalid config key ports.htpp; did you mean ports.http?",
        "a.hcl:7:1: server takes true or false, not \"maybe\"",
        "a.hcl:8:1: invalid config key log_levle; did you mean log_level?",
        "b.json:2:3: invalid config key bind; did you mean bind_addr?",
        "c.toml:2:3: retry_join takes a list of texts, not a list",
        "failed to parse d.hcl:2:10: a text needs quotes",
        "-http-port: ports.http takes a whole number, not \"x\"",
        "b.json:3:3: retry_interval = \"30\" is an invalid duration: has no unit; write one, such \
         as 30s or 1h30m",
        "c.toml:3:1: retry_max = \"-1\" is out of range; take 0 to 4294967295",
        "-client: client_addr = \"\" cannot be empty; ports.http = -1 turns the API off",
        "-log-level: log_level = \"loud\" is no log level; valid log levels are: [TRACE DEBUG INFO \
         WARN ERROR]",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn an_element_of_a_list_is_told_with_its_own_line() {
    let files = Files::new(&[
        ("a.hcl", "retry_join = [\n  \"10.0.0.1\",\n  \"a b\",\n]\n"),
        (
            "b.hcl",
            "retry_join = [\"provider=awz\",\n  \"provider=aws tag_key=role\"]\n",
        ),
    ]);
    let told = mistakes(&[DATA, &files.flag(""), "--retry-join=[::1"]);
    let told: Vec<String> = told.iter().map(|line| files.relative(line)).collect();
    let wanted = [
        "-retry-join: retry_join = \"[::1\" no closing bracket",
        "a.hcl:3:3: retry_join = \"a b\" a host takes letters, digits, . - and _",
        "b.hcl:1:15: retry_join = \"provider=awz\" unknown provider",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_value_of_the_wrong_shape_is_refused_by_every_setting_and_named_with_its_place() {
    for setting in SETTINGS {
        let value = if setting.kind == Kind::Map {
            "1"
        } else {
            "{ a = 1 }"
        };
        let told = mistakes(&[DATA, &format!("--hcl=\n{} = {value}", setting.key)]);
        let place = format!("-hcl#1:2:1: {} takes ", setting.key);
        assert!(told.iter().any(|line| line.starts_with(&place)), "{told:?}");
    }
}

#[test]
fn a_value_that_means_nothing_is_refused_by_every_setting_that_means_something() {
    // Any text is a path, and any two texts of a switch were refused above.
    let takes_all = |key: &str| {
        matches!(key, "data_dir" | "pid_file")
            || (key.starts_with("tls.") && key.ends_with("_file"))
    };
    for setting in SETTINGS {
        let value = match setting.kind {
            Kind::Switch => continue,
            _ if takes_all(setting.key) => continue,
            Kind::Integer => "99999999999999",
            Kind::Map => "{ \"a b\" = 1 }",
            Kind::Text | Kind::Duration | Kind::List => "\"no such/ thing\"",
        };
        let is_count = matches!(
            setting.key,
            "raft_snapshot_threshold" | "raft_trailing_logs"
        );
        let value = if is_count { "0" } else { value };
        let told = mistakes(&[
            DATA,
            "--server",
            &format!("--hcl={} = {value}", setting.key),
        ]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(setting.key), "{told:?}");
        assert!(told[0].contains("-hcl#1:1:"), "{told:?}");
    }
}

#[test]
fn secrets_show_in_no_mistake_and_in_no_description() {
    const SECRET: &str = "hunter2";
    let query = format!("provider=x secret_access_key={SECRET} token=\"a {SECRET}\"");
    let words = [
        format!("--encrypt={SECRET}"),
        format!("--retry-join={query}"),
        format!("--join={query}"),
        format!("--hcl=encrypt = [\"{SECRET}\"]"),
        format!("--hcl=retry_max = \"password={SECRET}\""),
        format!("--hcl=encrypt = \"{SECRET}"),
        format!("--hcl=encrypt = {SECRET}"),
        format!("--hcl=encrypt_accept = [\"{SECRET}\"]"),
        format!("--hcl=encrypt_accept = [[\"{SECRET}\"]]"),
        format!("--hcl=node_name = \"a b bearer_token={SECRET}\""),
        format!("--retry-join=provider=http url=http://h/ bearer_tokn={SECRET}"),
        format!("--retry-join=provider=http url=http://h/ bearer_token=a {SECRET}"),
        format!("--retry-join=provider=http url=\"http://u:p@h/?token={SECRET}\""),
        format!("bearer_token={SECRET}"),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = mistakes(&words);
    assert!(told.len() >= 9, "{told:?}");
    assert!(told.iter().all(|line| !line.contains("unter")), "{told:?}");

    let loaded = super::load_given(
        super::CommandLine::from_matches(
            &super::command()
                .try_get_matches_from([
                    "agent",
                    DATA,
                    words[1],
                    "--encrypt=aHVudGVyMmh1bnRlcjJodQ==",
                    "--hcl=encrypt_accept = \"aHVudGVyM2h1bnRlcjNodQ==\"",
                ])
                .unwrap(),
        ),
        |_| Ok(()),
        &machine(),
    );
    let config = loaded.unwrap().config;
    let shown = format!("{config:?} {}", config.describe());
    assert!(
        !shown.contains(SECRET) && !shown.contains("aHVudGVy"),
        "{shown}"
    );
    assert!(shown.contains("secret_access_key=hidden"), "{shown}");
    assert_eq!(config.encrypt.unwrap().as_bytes(), b"hunter2hunter2hu");
    assert_eq!(config.encrypt_accept[0].as_bytes(), b"hunter3hunter3hu");
}

#[test]
fn a_node_needs_a_name_and_a_place_for_its_data() {
    let nameless = Machine {
        host_name: None,
        ..machine()
    };
    let told = load_on(&nameless, &[])
        .expect_err("nothing is given")
        .to_string();
    let wanted = "node_name cannot be empty: this machine has no host name; give -node or \
                  node_name\ndata_dir cannot be empty: give -data-dir or data_dir, or -dev to \
                  keep everything in memory";
    assert_eq!(told, wanted);
    let dev = load(&["--dev", DATA]).unwrap();
    assert_eq!(dev.config.data_dir, None);
    assert_eq!(
        dev.warnings,
        ["data_dir has no effect with -dev: everything is kept in memory"]
    );
}

#[test]
fn node_meta_keeps_the_bounds_of_consul() {
    let long = |len: usize| "x".repeat(len);
    let good = format!("--node-meta={}:{}", long(128), long(512));
    assert!(load(&[DATA, &good]).is_ok());
    let bad = [
        format!("--node-meta={}:", long(129)),
        format!("--node-meta=a:{}", long(513)),
        "--node-meta=consul-x:1".to_owned(),
        "--node-meta=a.b:1".to_owned(),
        "--node-meta=:1".to_owned(),
    ];
    for word in bad {
        assert_eq!(mistakes(&[DATA, &word]).len(), 1, "{word}");
    }
    let pairs: Vec<String> = (0..65).map(|at| format!("--node-meta=k{at}:v")).collect();
    let words: Vec<&str> = [DATA]
        .into_iter()
        .chain(pairs.iter().map(String::as_str))
        .collect();
    assert!(load(&words[..65]).is_ok());
    assert_eq!(mistakes(&words).len(), 1);
}

#[test]
fn values_at_the_edge_of_what_has_a_meaning_are_told_apart() {
    let rows = [
        ("retry_interval = \"0s\"", false),
        ("retry_interval = \"1ms\"", true),
        ("retry_interval = 30", false),
        ("reconnect_timeout = \"8h\"", true),
        ("reconnect_timeout = \"0s\"", true),
        ("reconnect_timeout = \"7h59m\"", false),
        ("performance.raft_multiplier = 0", false),
        ("performance.raft_multiplier = 10", true),
        ("performance.raft_multiplier = 11", false),
        ("ports.http = 65535", true),
        ("ports.http = 65536", false),
        ("ports.server = -1", false),
        ("raft_trailing_logs = 1", true),
        ("node_meta = \"a:b\"", false),
        ("node_meta = [{ a = 1 }, { b = 2 }]", true),
        ("retry_max = 2.0", true),
        ("retry_max = 2.5", false),
        ("server = \"\"", false),
        ("server = 0", true),
        ("node_name = true", false),
        ("node_name = 5", true),
        ("encrypt = \"\"", true),
        ("client_addr = \"127.0.0.1 [::1]\"", true),
        ("client_addr = \"127.0.0.1 127.0.0.1\"", false),
    ];
    for (text, is_good) in rows {
        let loaded = load(&[DATA, &format!("--hcl={text}")]);
        assert_eq!(loaded.is_ok(), is_good, "{text}");
    }
}

#[test]
fn a_long_value_is_cut_in_its_mistake() {
    let told = mistakes(&[DATA, &format!("--bind={}", "x".repeat(5000))]);
    assert_eq!(told.len(), 1);
    assert!(told[0].len() < 200, "{told:?}");
}

#[test]
fn start_join_takes_addresses_only_and_is_warned_of_in_files() {
    assert_eq!(
        mistakes(&[DATA, "--join=provider=static addrs=a"]),
        ["-join: start_join = \"provider=static addrs=a\" is a query, which only retry_join takes"]
    );
    assert_eq!(
        load(&[DATA, "--join=10.0.0.1"]).unwrap().warnings,
        Vec::<String>::new()
    );
    assert_eq!(
        load(&[DATA, "--hcl=start_join = [\"10.0.0.1\"]"])
            .unwrap()
            .warnings,
        [
            "start_join is tried once, and its failure ends the agent; use retry_join to keep trying."
        ]
    );
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_still_checked() {
    let files = Files::new(&[("big.hcl", &"#".repeat(1024 * 1024 + 1)), ("odd", "")]);
    std::fs::write(files.path("latin.hcl"), b"# x\n# \xe9\n").unwrap();
    let told = mistakes(&[
        DATA,
        &files.flag("big.hcl"),
        &files.flag("odd"),
        &files.flag("latin.hcl"),
        &files.flag("gone.hcl"),
        "--dev=maybe",
        "--bind=x",
        "more",
        "words",
    ]);
    let told: Vec<String> = told.iter().map(|line| files.relative(line)).collect();
    let wanted = [
        "Unexpected extra arguments: [more words]",
        "dev: ",
        "file odd has unknown extension; must be .hcl, .json or .toml, or config format must be set",
        "config: Open failed on gone.hcl. ",
        "big.hcl is larger than 1048576 bytes; no configuration needs that much",
        "failed to parse latin.hcl:2: the text is not UTF-8",
        "-bind: bind_addr = \"x\" must be an ip address",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:?}");
    for wanted in wanted {
        assert!(
            told.iter()
                .any(|line| line.contains(wanted.trim_start_matches("dev: "))),
            "{wanted}"
        );
    }
    assert_eq!(
        mistakes(&[DATA, "--config-format=yaml"]),
        ["-config-format must be either 'hcl', 'json' or 'toml', not \"yaml\""]
    );
}

#[test]
fn more_values_than_the_bound_are_refused() {
    let many = "\"a\", ".repeat(5000);
    let told = mistakes(&[DATA, &format!("--hcl=retry_join = [{many}]")]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].ends_with("more than 4096 settings are given"),
        "{told:?}"
    );
}
