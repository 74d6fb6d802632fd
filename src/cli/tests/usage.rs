//! Help, mistakes, and how an agent is found.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::NamedTempFile;

use super::{Captured, done, failed, run_alone, run_in};
use crate::http::fake::serve_fake;

#[tokio::test]
async fn help_is_no_mistake_and_an_unknown_command_is() {
    for (args, code, on_stdout, text) in [
        (&["-h"][..], 0, true, "force-leave"),
        (&["--help"], 0, true, "Usage: quorate <COMMAND>"),
        (
            &["join", "-h"],
            0,
            true,
            "Usage: quorate join [OPTIONS] [ADDRESS]...",
        ),
        (&["kv", "get", "-h"], 0, true, "--recurse"),
        (&[], 127, false, "force-leave"),
        (&["jion"], 127, false, "'jion'"),
        (&["--nonsense"], 127, false, "--nonsense"),
        (&["join", "--nonsense"], 1, false, "Usage: quorate join"),
        (&["kv"], 1, false, "Deletes a key"),
        (&["kv", "git"], 1, false, "'git'"),
        (&["kv", "put", "--flags=x", "k"], 1, false, "--flags"),
    ] {
        let ran = run_alone(args).await;
        assert_eq!(ran.code, code, "{args:?}");
        let (told, silent) = if on_stdout {
            (ran.stdout, ran.stderr)
        } else {
            (ran.stderr, ran.stdout)
        };
        assert!(told.contains(text), "{args:?}: {told}");
        assert_eq!(silent, "", "{args:?}");
    }
}

#[tokio::test]
async fn the_version_is_told_in_each_spelling() {
    let version = format!("Quorate v{}\n", env!("CARGO_PKG_VERSION"));
    for args in [&["version"][..], &["-v"], &["-version"], &["--version"]] {
        assert_eq!(run_alone(args).await, done(&version), "{args:?}");
    }
    let json = run_alone(&["version", "--format=json"]).await.stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["Version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn each_key_is_thirty_two_new_bytes() {
    let (one, other) = (run_alone(&["keygen"]).await, run_alone(&["keygen"]).await);
    assert_ne!(one.stdout, other.stdout);
    assert_eq!(STANDARD.decode(one.stdout.trim_end()).unwrap().len(), 32);
}

#[tokio::test]
async fn an_option_wins_over_our_variable_and_that_over_consuls() {
    let served = serve_fake().await;
    let good = served.addr.to_string();
    let bad = "ftp://nowhere";
    let option = format!("--http-addr={good}");
    for (env, args) in [
        (vec![("CONSUL_HTTP_ADDR", good.as_str())], vec!["info"]),
        (
            vec![
                ("QUORATE_HTTP_ADDR", good.as_str()),
                ("CONSUL_HTTP_ADDR", bad),
            ],
            vec!["info"],
        ),
        (
            vec![
                ("QUORATE_HTTP_ADDR", ""),
                ("CONSUL_HTTP_ADDR", good.as_str()),
            ],
            vec!["info"],
        ),
        (
            vec![("QUORATE_HTTP_ADDR", bad)],
            vec!["info", option.as_str()],
        ),
        (
            vec![
                ("CONSUL_HTTP_SSL", "false"),
                ("CONSUL_HTTP_ADDR", good.as_str()),
            ],
            vec!["info"],
        ),
    ] {
        let (world, captured) = Captured::world(env.clone());
        assert_eq!(
            run_in(world, captured, &args).await.code,
            0,
            "{env:?} {args:?}"
        );
    }
}

#[tokio::test]
async fn a_variable_that_cannot_be_obeyed_is_not_ignored() {
    for (name, value, why) in [
        ("CONSUL_HTTP_SSL", "true", "https is not supported yet"),
        (
            "QUORATE_HTTP_AUTH",
            "u:p",
            "basic authentication is not supported yet",
        ),
        ("CONSUL_NAMESPACE", "team", "there are no namespaces"),
        ("CONSUL_PARTITION", "part", "there are no partitions"),
    ] {
        let (world, captured) = Captured::world([(name, value)]);
        let ran = run_in(world, captured, &["info"]).await;
        let text =
            format!("Error connecting to Consul agent: {name} is set, but {why}; unset it\n");
        assert_eq!(ran, failed(&text));
    }
}

#[tokio::test]
async fn a_token_file_is_read_and_one_that_is_not_there_is_named() {
    let served = serve_fake().await;
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "a-token").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let addr = served.addr.to_string();
    for (variable, code) in [(path.as_str(), 0), ("/nowhere/token", 1)] {
        let env = [
            ("CONSUL_HTTP_ADDR", addr.as_str()),
            ("CONSUL_HTTP_TOKEN_FILE", variable),
        ];
        let (world, captured) = Captured::world(env);
        let ran = run_in(world, captured, &["info"]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert_eq!(ran.stderr.contains("token file /nowhere/token"), code == 1);
    }
}

#[tokio::test]
async fn a_string_that_is_no_query_is_refused() {
    let ran = run_alone(&["discover", "provider=nobody", "a=b"]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("unknown provider `nobody`"),
        "{}",
        ran.stderr
    );
}
