//! `discover` as a person types it, before local servers: what is printed, and the exit codes.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;

use crate::support::{Output, quorate};

/// Two servers of which one has only an address that `addr=private_v4` does not take.
const TWO: &str = r#"[{"address": "10.0.0.2", "id": "i-2", "zone": "eu-1", "tags": {"role": "server"}},
    {"address": "10.0.0.1", "port": 8301, "id": "i-1"}, {"address": "fd00::1", "id": "i-6"}]"#;

/// A server of lists that counts its requests; `/slow` answers when it is told to.
struct Lists {
    url: String,
    requests: Arc<AtomicUsize>,
    slow: Arc<Notify>,
}

impl Lists {
    async fn start() -> Self {
        let (requests, slow) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counter, told) = (Arc::clone(&requests), Arc::clone(&slow));
        let list = |body: &'static str| get(move || async move { body });
        let slowly = move || async move {
            told.notified().await;
            r#"["10.0.0.9"]"#
        };
        let app = Router::new()
            .route("/two", list(TWO))
            .route("/none", list("[]"))
            .route("/denied", get(|| async { (StatusCode::FORBIDDEN, "no") }))
            .route("/page", list("<html>log in</html>"))
            .route("/slow", get(slowly))
            .layer(axum::middleware::map_request(move |request| {
                counter.fetch_add(1, Ordering::Relaxed);
                std::future::ready::<axum::extract::Request>(request)
            }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            requests,
            slow,
        }
    }

    fn string(&self, path: &str) -> String {
        format!("provider=http url={}/{path} bearer_token=hush", self.url)
    }
}

async fn discover(args: &[&str]) -> Output {
    let found = quorate(&[&["discover"], args].concat(), None).await;
    let all = format!("{}{}", found.stdout, found.stderr);
    assert!(!all.contains("hush"), "a secret is shown: {all}");
    found
}

#[tokio::test]
async fn a_complete_answer_is_one_address_a_line_and_nothing_else() {
    let lists = Lists::start().await;
    let found = discover(&[&lists.string("two")]).await;
    assert_eq!(found.code, Some(0), "{found:?}");
    assert_eq!(found.stdout, "10.0.0.1:8301\n10.0.0.2\nfd00::1\n");
    assert_eq!(found.stderr, "");
    let none = discover(&[&lists.string("none")]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none:?}");
}

#[tokio::test]
async fn too_few_a_gap_and_a_failure_have_codes_of_their_own() {
    let lists = Lists::start().await;
    let few = discover(&["-at-least=4", &lists.string("two")]).await;
    assert_eq!(few.code, Some(2), "{few:?}");
    assert_eq!(few.stdout.lines().count(), 3);
    assert_eq!(few.stderr, "too few: 3 found, at least 4 asked for\n");
    let enough = discover(&["-at-least=3", &lists.string("two")]).await;
    assert_eq!(enough.code, Some(0), "{enough:?}");

    let only_v4 = format!("{} addr=private_v4", lists.string("two"));
    let partial = discover(&[&only_v4]).await;
    assert_eq!(partial.code, Some(3), "{partial:?}");
    assert_eq!(partial.stdout, "10.0.0.1:8301\n10.0.0.2\n");
    assert!(
        partial.stderr.starts_with("missing: instance i-6: http: "),
        "{partial:?}"
    );

    for (path, why) in [("denied", "not permitted"), ("page", "makes no sense")] {
        let failed = discover(&[&lists.string(path)]).await;
        assert_eq!(
            (failed.code, failed.stdout.as_str()),
            (Some(1), ""),
            "{failed:?}"
        );
        assert!(failed.stderr.contains(why), "{failed:?}");
    }
}

#[tokio::test]
async fn a_lookup_ends_at_its_timeout() {
    let lists = Lists::start().await;
    let late = discover(&["-timeout=300ms", &lists.string("slow")]).await;
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.stderr.contains("no answer in time"), "{late:?}");
}

#[tokio::test]
async fn one_string_that_hangs_or_is_denied_delays_no_other() {
    let lists = Lists::start().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args(["discover", &lists.string("slow"), "provider=nobody"])
        .args([lists.string("denied"), lists.string("two")])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for wanted in ["10.0.0.1:8301", "10.0.0.2", "fd00::1"] {
        let line = lines.next_line().await.unwrap();
        assert_eq!(line.as_deref(), Some(wanted));
    }
    assert!(
        child.try_wait().unwrap().is_none(),
        "the slow one is waited for"
    );
    lists.slow.notify_one();
    assert_eq!(
        lines.next_line().await.unwrap().as_deref(),
        Some("10.0.0.9")
    );
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(
        told.contains("string 2: Error in the string: unknown provider"),
        "{told}"
    );
    assert!(told.contains("string 3: Error resolving: http: "), "{told}");
}

#[tokio::test]
async fn check_and_parse_make_no_call() {
    let lists = Lists::start().await;
    for flag in ["-check", "-parse"] {
        let good = discover(&[flag, &lists.string("two")]).await;
        assert_eq!(good.code, Some(0), "{good:?}");
        let bad = discover(&[flag, &format!("{} x", lists.string("two"))]).await;
        assert_eq!((bad.code, bad.stdout.as_str()), (Some(1), ""), "{bad:?}");
    }
    assert_eq!(lists.requests.load(Ordering::Relaxed), 0);
    discover(&[&lists.string("two")]).await;
    assert_eq!(lists.requests.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn json_tells_all_that_is_known() {
    let lists = Lists::start().await;
    let only_v4 = format!("{} addr=private_v4", lists.string("two"));
    let found = discover(&["-json", "-explain", &only_v4, &lists.string("denied")]).await;
    assert_eq!(found.code, Some(3), "{found:?}");
    for told in [
        "string 1: missing: instance i-6: ",
        "string 2: Error resolving: ",
    ] {
        assert!(found.stderr.contains(told), "{found:?}");
    }
    let json: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(json["complete"], false);
    let second = &json["contacts"][1];
    for (field, wanted) in [
        ("address", "10.0.0.2"),
        ("instance", "i-2"),
        ("zone", "eu-1"),
        ("kind", "private_v4"),
        ("call", "get the list"),
    ] {
        assert_eq!(second[field], wanted, "{second}");
    }
    assert_eq!(second["tags"]["role"], "server");
    assert_eq!(json["contacts"][0]["port"], 8301);
    assert_eq!(json["gaps"][0]["part"], "instance i-6");
    assert_eq!(json["errors"][0]["kind"], "not permitted");
    let fates: Vec<&Value> = (0..3).map(|n| &json["instances"][n]["fate"]).collect();
    assert_eq!(fates, ["kept", "kept", "unreachable"]);
}

#[tokio::test]
async fn explain_says_what_became_of_each_instance() {
    let lists = Lists::start().await;
    let string = format!("{} network=10.0.0.2/32", lists.string("two"));
    let found = discover(&["-explain", &string]).await;
    assert_eq!(found.stdout, "10.0.0.2\n", "{found:?}");
    assert!(
        found
            .stderr
            .contains("kept: i-2 at 10.0.0.2 (from get the list)\n"),
        "{found:?}"
    );
    assert!(found.stderr.contains("i-1 "), "{found:?}");
    assert!(
        found.stderr.contains("instances: 3 seen, 1 kept"),
        "{found:?}"
    );
}

#[tokio::test]
async fn addrs_prints_one_line_as_go_discover_does() {
    let lists = Lists::start().await;
    let url = format!("url={}/two", lists.url);
    let found = discover(&["addrs", "provider=http", &url, "bearer_token=hush"]).await;
    assert_eq!(found.code, Some(0), "{found:?}");
    assert_eq!(found.stdout, "10.0.0.1:8301 10.0.0.2 fd00::1\n");
    assert!(
        found.stderr.starts_with("Registered providers: "),
        "{found:?}"
    );
    let quiet = discover(&["-q", "addrs", "provider=http", &url]).await;
    assert_eq!(
        (quiet.code, quiet.stderr.as_str()),
        (Some(0), ""),
        "{quiet:?}"
    );
    let none = discover(&["-q=true", "addrs", &lists.string("none")]).await;
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (Some(0), "\n"),
        "{none:?}"
    );
    let denied = discover(&["-q", "addrs", &lists.string("denied")]).await;
    assert_eq!(
        (denied.code, denied.stdout.as_str()),
        (Some(1), ""),
        "{denied:?}"
    );
    assert!(denied.stderr.contains("not permitted"), "{denied:?}");
}
