//! Which agent is asked, by whom, and what is refused beforehand.

use crate::tape::{Take, Tape};
use crate::{Answer, FakeDns, FakeFiles, Io, Kind, Query, RealHttp, ResolveError, resolve_within};

/// Asks without `endpoint=`, as users do.
async fn ask(tape: &Tape, keys: &str) -> Result<Answer, ResolveError> {
    let query = Query::parse(&format!("provider=consul {keys}")).unwrap();
    let io = Io::new(tape.environment.clone(), FakeDns::default());
    let io = io
        .with_http(RealHttp::default())
        .with_files(tape.files.clone());
    resolve_within(&query, &io, &tape.limits).await
}

#[tokio::test]
async fn the_agent_and_the_token_come_from_the_query_else_from_consuls_variables() {
    let with = |token: &str| {
        Take::get("/v1/catalog/nodes?stale=")
            .header("x-consul-token", token)
            .json("[]")
    };
    let tokens = ["of-query", "of-file", "of-variable", "of-file"];
    let tape = Tape::play(tokens.map(with)).await;
    let tape = tape.with_files(FakeFiles::default().with("/run/token", "of-file\n"));
    let addr = tape.url().replace("http://", "");
    let tape = tape.with_variables(&[
        ("CONSUL_HTTP_ADDR", &addr),
        ("CONSUL_HTTP_TOKEN", "of-variable"),
    ]);
    for keys in ["token=of-query", "token_file=/run/token", ""] {
        ask(&tape, keys).await.unwrap();
    }
    let url = tape.url();
    let tape = tape.with_variables(&[
        ("CONSUL_HTTP_ADDR", &url),
        ("CONSUL_HTTP_TOKEN_FILE", "/run/token"),
    ]);
    ask(&tape, "").await.unwrap();
    tape.finish();
}

#[tokio::test(start_paused = true)]
async fn tls_and_certificates_come_from_consuls_variables_too() {
    let tape = Tape::play([]).await;
    let addr = tape.url().replace("http://", "");
    for (variables, keys) in [
        (vec![("CONSUL_HTTP_SSL", "true")], ""),
        (vec![("CONSUL_HTTP_SSL", "1")], ""),
        (vec![], "scheme=https"),
    ] {
        let tape = Tape::play([]).await.with_variables(&variables);
        // The tape speaks no TLS; plain HTTP would be a request that is not recorded.
        let error = ask(&tape, &format!("server={addr} {keys}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{variables:?} {keys}");
        assert!(tape.asked().is_empty());
    }
    let tape = Tape::play([]).await;
    for variable in ["CONSUL_CACERT", "CONSUL_CLIENT_CERT"] {
        let both = [
            (variable, "/run/absent.pem"),
            ("CONSUL_CLIENT_KEY", "/run/absent.pem"),
        ];
        let tape = Tape::play([]).await.with_variables(&both);
        let error = ask(&tape, &format!("server={addr}")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials, "{variable}");
        assert!(error.to_string().contains("/run/absent.pem"), "{error}");
    }
    tape.finish();
}

#[tokio::test]
async fn a_socket_of_the_environment_is_refused_and_named() {
    let tape = Tape::play([])
        .await
        .with_variables(&[("CONSUL_HTTP_ADDR", "unix:///run/consul.sock")]);
    let error = ask(&tape, "").await.unwrap_err();
    assert!(
        error.to_string().contains("a Unix socket is not asked"),
        "{error}"
    );
}

#[test]
fn no_secret_of_a_query_is_shown() {
    let query = "provider=consul token=hush proxy=http://u:hush@h:1 server=h";
    let shown = Query::parse(query).unwrap().to_string();
    assert_eq!(shown, "provider=consul proxy=**** server=h token=****");
}

#[test]
fn what_cannot_be_right_is_refused_when_the_query_is_parsed() {
    for keys in [
        "source=health",
        "source=catalog",
        "service=\",\"",
        "service=a source=nodes",
        "tags=a",
        "service=a source=catalog passing_only=true",
        "source=peers filter=a",
        "source=peers node_meta=a:b",
        "node_meta=a",
        "server=\"a b\"",
        "server=unix:///run/x",
        "server=http://h/?q",
        "server=http://u:p@h",
        "allow_stale=yes",
        "scheme=ftp",
        "endpoint=h:8500",
    ] {
        assert!(
            Query::parse(&format!("provider=consul {keys}")).is_err(),
            "{keys}"
        );
    }
}
