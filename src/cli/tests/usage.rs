//! Help, mistakes, and how an agent is found.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use super::{Captured, done, failed, run, run_alone, run_in};
use crate::cli::Out;
use crate::http::fake::serve_fake;

#[tokio::test]
async fn help_is_no_mistake_and_an_unknown_command_is() {
    for (args, code, on_stdout, text) in [
        (&["-h"][..], 0, true, "Finds its peers"),
        (&["-h"], 0, true, "force-leave"),
        (&["--help"], 0, true, "Usage: quorate <COMMAND>"),
        (
            &["join", "-h"],
            0,
            true,
            "Usage: quorate join [OPTIONS] [ADDRESS]...",
        ),
        (&["kv", "get", "-h"], 0, true, "--recurse"),
        (&["agent", "-h"], 0, true, "--bootstrap-expect"),
        (&[], 127, false, "force-leave"),
        (&["jion"], 127, false, "'jion'"),
        (
            &["keyring", "-list"],
            127,
            false,
            "there is no keyring: set the gossip keys as `encrypt`",
        ),
        (
            &["-nonsense"],
            127,
            false,
            "flag provided but not defined: -nonsense\n\nUsage: quorate ",
        ),
        (
            &["kv", "get", "-recurs", "a"],
            1,
            false,
            "flag provided but not defined: -recurs; did you mean -recurse?\n\n\
             Usage: quorate kv get [OPTIONS] [KEY_OR_PREFIX]...\n\n`quorate kv get -h` tells more.",
        ),
        (
            &["members", "-status"],
            1,
            false,
            "flag needs an argument: -status",
        ),
        (&["kv"], 1, false, "Deletes a key"),
        (&["kv", "git"], 1, false, "'git'"),
        (&["kv", "put", "-flags=x", "k"], 1, false, "--flags"),
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
    for args in [&["version"][..], &["-v"], &["-version"], &["-version"]] {
        assert_eq!(run_alone(args).await, done(&version), "{args:?}");
    }
    let json = run_alone(&["version", "-format=json"]).await.stdout;
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
    let option = format!("-http-addr={good}");
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
async fn a_token_file_that_is_not_there_is_named() {
    let ran = run_alone(&["info", "-token-file=/nowhere/token"]).await;
    let text = "Error connecting to Consul agent: token file /nowhere/token: No such file or \
                directory (os error 2)\n";
    assert_eq!(ran, failed(text));
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

#[tokio::test]
async fn one_dash_or_two_and_words_after_the_first_that_is_no_option() {
    let served = serve_fake().await;
    let set = |value: &str, cas: &str| {
        format!("KvSet {{ key: \"k\", value: b\"{value}\", flags: 0, cas: {cas} }}")
    };
    for (args, call) in [
        (
            &["-cas", "-modify-index", "4", "k", "v"][..],
            set("v", "Some(4)"),
        ),
        (
            &["--cas=true", "--modify-index=4", "k", "v"],
            set("v", "Some(4)"),
        ),
        (&["-cas=false", "k", "-cas"], set("-cas", "None")),
        (&["k", "-5"], set("-5", "None")),
        (&["k", "--"], set("--", "None")),
    ] {
        let ran = run(&served, &[&["kv", "put"], args].concat()).await;
        assert_eq!(ran, done("Success! Data written to: k\n"), "{args:?}");
        assert_eq!(served.node.calls().last(), Some(&call), "{args:?}");
    }
}

/// An agent that answers every request with 500 and the token that it was sent.
async fn serve_token_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let echo = |headers: HeaderMap| async move {
        let token = headers.get("x-consul-token");
        let token = token.map_or("none", |token| token.to_str().unwrap());
        (StatusCode::INTERNAL_SERVER_ERROR, token.to_owned())
    };
    let router = Router::new().fallback(echo);
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

#[tokio::test]
async fn a_token_is_taken_from_where_consul_takes_it_first() {
    let addr = serve_token_echo().await.to_string();
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, " of-file ").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let file_option = format!("-token-file={path}");
    let all = [
        ("CONSUL_HTTP_TOKEN", "of-consul"),
        ("QUORATE_HTTP_TOKEN", "of-quorate"),
        ("CONSUL_HTTP_TOKEN_FILE", path.as_str()),
    ];
    for (env, args, token) in [
        (&all[..0], vec![], "none"),
        (&all[..1], vec![], "of-consul"),
        (&all[..2], vec![], "of-quorate"),
        (&all[..3], vec![], "of-file"),
        (&all[..3], vec!["-token=of-option"], "of-option"),
        (
            &all[..2],
            vec!["-token=of-option", file_option.as_str()],
            "of-file",
        ),
    ] {
        let env = env
            .iter()
            .copied()
            .chain([("CONSUL_HTTP_ADDR", addr.as_str())]);
        let (world, captured) = Captured::world(env);
        let ran = run_in(world, captured, &[vec!["info"], args].concat()).await;
        let text = format!("Error querying agent: Unexpected response code: 500 ({token})\n");
        assert_eq!(ran, failed(&text));
    }
}

#[tokio::test]
async fn output_that_cannot_be_printed_is_a_failure() {
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _buf: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (mut world, _captured) = Captured::world([]);
    world.out = Out::new(Gone, io::sink());
    let words = ["quorate", "keygen"].map(OsString::from).to_vec();
    let code = crate::cli::run(words, world).await;
    assert_eq!(code, ExitCode::FAILURE);
}

#[tokio::test]
async fn files_are_checked_without_starting_anything() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.hcl", "data_dir = \"/nowhere\"\n");
    let bad = file("bad.hcl", "data_dir = \"/nowhere\"\nbootstap = true\n");
    let valid = done("Configuration is valid!\n");
    assert_eq!(run_alone(&["validate", &good]).await, valid);
    assert_eq!(run_alone(&["validate", "-quiet", &good]).await, done(""));
    let none = failed("Must specify at least one config file or directory\n");
    assert_eq!(run_alone(&["validate"]).await, none);
    let ran = run_alone(&["validate", &bad]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr.starts_with("Config validation failed: "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("bootstap"), "{}", ran.stderr);
}
