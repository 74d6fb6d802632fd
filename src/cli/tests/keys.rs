//! `kv get`, `kv put`, `kv delete`.

use std::io::{Cursor, Write as _};

use tempfile::NamedTempFile;

use super::{Captured, done, failed, run, run_in};
use crate::http::fake::serve_fake;
use crate::http::{Consistency, NodeError};
use crate::state::Query;

#[tokio::test]
async fn keys_are_shown_in_each_form() {
    let served = serve_fake().await;
    served.node.set("app/mode", b"blue");
    served.node.set("app/none", b"");
    let mode = "\
CreateIndex      11
Flags            7
Key              app/mode
LockIndex        0
ModifyIndex      11
Session          -
Value            blue
";
    let none = mode
        .replace("11", "12")
        .replace("mode", "none")
        .replace("blue", "");
    let both = format!("{mode}\n{none}");
    for (args, stdout) in [
        (&["get", "app/mode"][..], "blue\n"),
        (&["get", "/app/mode"], "blue\n"),
        (&["get", "app/none"], "\n"),
        (&["get", "-base64", "app/mode"], "Ymx1ZQ==\n"),
        (&["get", "-detailed", "app/mode"], mode),
        (&["get", "-recurse", "app/"], "app/mode:blue\napp/none:\n"),
        (
            &["get", "-recurse", "-base64"],
            "app/mode:Ymx1ZQ==\napp/none:\n",
        ),
        (&["get", "-recurse", "-detailed", "app"], &both),
        (&["get", "-keys"], "app/mode\napp/none\n"),
        (&["get", "-keys", "gone"], ""),
        (&["get", "-recurse", "gone"], ""),
    ] {
        let args = [&["kv"], args].concat();
        assert_eq!(run(&served, &args).await, done(stdout), "{args:?}");
    }
}

#[tokio::test]
async fn the_options_of_a_read_reach_the_agent() {
    let served = serve_fake().await;
    let keys = |prefix: &str, separator: Option<&str>| Query::KvKeys {
        prefix: prefix.to_owned(),
        separator: separator.map(str::to_owned),
    };
    let key = Query::KvGet {
        key: "a b/ü".to_owned(),
    };
    for (args, query, consistency) in [
        (
            &["-keys", "a"][..],
            keys("a", Some("/")),
            Consistency::Default,
        ),
        (
            &["-keys", "-separator=", "-stale"],
            keys("", None),
            Consistency::Stale,
        ),
        (
            &["-datacenter=dc1", "-stale", "a b/ü"],
            key,
            Consistency::Stale,
        ),
    ] {
        run(&served, &[&["kv", "get"], args].concat()).await;
        let read = served.node.reads.lock().unwrap().pop().unwrap();
        assert_eq!(
            (read.query, read.consistency),
            (query, consistency),
            "{args:?}"
        );
    }
}

#[tokio::test]
async fn a_read_that_brings_nothing_says_why() {
    let served = serve_fake().await;
    let elsewhere =
        "Error querying Consul agent: Unexpected response code: 500 (No path to datacenter)\n";
    for (args, stderr) in [
        (&["gone"][..], "Error! No key exists at: gone\n"),
        (&[], "Error! Missing KEY argument\n"),
        (&["/"], "Error! Missing KEY argument\n"),
        (&["a", "b"], "Too many arguments (expected 1, got 2)\n"),
        (&["-datacenter=dc2", "a"], elsewhere),
    ] {
        let args = [&["kv", "get"], args].concat();
        assert_eq!(run(&served, &args).await, failed(stderr), "{args:?}");
    }
    served.node.fail(NodeError::NoLeader);
    let stderr = "Error querying Consul agent: Unexpected response code: 500 (No cluster leader)\n";
    assert_eq!(run(&served, &["kv", "get", "a"]).await, failed(stderr));
}

#[tokio::test]
async fn a_write_reaches_the_agent() {
    let served = serve_fake().await;
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "from a file").unwrap();
    let at_file = format!("@{}", file.path().display());
    let set = |value: &str, flags: u64, cas: &str| {
        format!("KvSet {{ key: \"a/b\", value: b\"{value}\", flags: {flags}, cas: {cas} }}")
    };
    for (args, call) in [
        (&["a/b", "blue"][..], set("blue", 0, "None")),
        (&["/a/b"], set("", 0, "None")),
        (&["a/b", ""], set("", 0, "None")),
        (&["a/b", &at_file], set("from a file", 0, "None")),
        (&["-base64", "a/b", "Ymx1ZQ=="], set("blue", 0, "None")),
        (&["-flags=7", "a/b", "x"], set("x", 7, "None")),
        (&["-cas", "a/b", "x"], set("x", 0, "Some(0)")),
        (
            &["-cas", "-modify-index=4", "a/b", "x"],
            set("x", 0, "Some(4)"),
        ),
    ] {
        let args = [&["kv", "put"], args].concat();
        let ran = run(&served, &args).await;
        assert_eq!(ran, done("Success! Data written to: a/b\n"), "{args:?}");
        assert_eq!(served.node.calls().last(), Some(&call), "{args:?}");
    }
}

#[tokio::test]
async fn a_value_is_read_from_standard_input() {
    let served = serve_fake().await;
    let addr = served.addr.to_string();
    let (mut world, captured) = Captured::world([("QUORATE_HTTP_ADDR", addr.as_str())]);
    world.stdin = Box::new(Cursor::new(b"piped\n".to_vec()));
    let ran = run_in(world, captured, &["kv", "put", "k", "-"]).await;
    assert_eq!(ran, done("Success! Data written to: k\n"));
    let call = r#"KvSet { key: "k", value: b"piped\n", flags: 0, cas: None }"#;
    assert_eq!(served.node.calls(), [call]);
}

#[tokio::test]
async fn a_write_that_fails_says_why() {
    let served = serve_fake().await;
    let too_long = NamedTempFile::new().unwrap();
    too_long.as_file().set_len(600_000).unwrap();
    let too_long = format!("@{}", too_long.path().display());
    let refused = "Error! Failed writing data: Unexpected response code: 413 (Request body(600000 \
                   bytes) too large, max size: 524288 bytes. See https://developer.hashicorp.com/\
                   docs/agent/config/config-files#kv_max_value_size.)\n";
    let unreadable =
        "Error! Failed to read file /nowhere/file: No such file or directory (os error 2)\n";
    let mismatch = "Error! Did not write to a: CAS failed\n";
    for (args, stderr) in [
        (&[][..], "Error! Missing KEY argument\n"),
        (
            &["a", "b", "c"],
            "Too many arguments (expected 1 or 2, got 3)\n",
        ),
        (&["a", "@/nowhere/file"], unreadable),
        (&["-cas", "-modify-index=3", "a", "x"], mismatch),
        (&["a", &too_long], refused),
    ] {
        let args = [&["kv", "put"], args].concat();
        assert_eq!(run(&served, &args).await, failed(stderr), "{args:?}");
    }
    let ran = run(&served, &["kv", "put", "-base64", "a", "%"]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .starts_with("Error! Cannot base 64 decode data: "),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_deletion_reaches_the_agent() {
    let served = serve_fake().await;
    let (key, tree) = (
        "Success! Deleted key: a\n",
        "Success! Deleted keys with prefix: ",
    );
    for (args, stdout, call) in [
        (
            &["/a"][..],
            key.to_owned(),
            r#"KvDelete { key: "a", cas: None }"#,
        ),
        (
            &["-cas", "-modify-index=4", "a"],
            key.to_owned(),
            r#"KvDelete { key: "a", cas: Some(4) }"#,
        ),
        (
            &["-recurse", "a/"],
            format!("{tree}a/\n"),
            r#"KvDeleteTree { prefix: "a/" }"#,
        ),
        (
            &["-recurse"],
            format!("{tree}\n"),
            r#"KvDeleteTree { prefix: "" }"#,
        ),
    ] {
        let args = [&["kv", "delete"], args].concat();
        assert_eq!(run(&served, &args).await, done(&stdout), "{args:?}");
        assert_eq!(served.node.calls().last().unwrap(), call, "{args:?}");
    }
}

#[tokio::test]
async fn a_deletion_that_makes_no_sense_or_fails_says_why() {
    let served = serve_fake().await;
    let no_index =
        "Cannot delete a key that does not exist. Provide a -modify-index greater than than 0.\n";
    let both = &["-recurse", "-cas", "-modify-index=1", "a"];
    for (args, stderr) in [
        (&[][..], "Error! Missing KEY argument\n"),
        (&["a", "b"], "Too many arguments (expected 1, got 2)\n"),
        (&["-cas", "a"], no_index),
        (
            &["-modify-index=1", "a"],
            "Cannot specify -modify-index without -cas!\n",
        ),
        (both, "Cannot specify both -cas and -recurse!\n"),
    ] {
        let args = [&["kv", "delete"], args].concat();
        assert_eq!(run(&served, &args).await, failed(stderr), "{args:?}");
    }
    assert!(served.node.calls().is_empty());
    let args = ["kv", "delete", "-cas", "-modify-index=3", "a"];
    let stderr = "Error! Did not delete key a: CAS failed\n";
    assert_eq!(run(&served, &args).await, failed(stderr));
}
