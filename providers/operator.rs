//! The page `operator.md` shows what lookups really say. `UPDATE=1 cargo test -p quorate-providers
//! operator` writes it anew.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::tape::{Hostile, Take, Tape};
use crate::{
    Answer, Environment, FakeDns, Io, Query, Question, Record, RecordData, RecordKind,
    ResolveError, Retry, picture, resolve,
};

const HEAD: &str = "\
# What an operator sees

Real output: each block is what the lookup beside it says, written here by a test. `quorate
discover` prints addresses on standard output and all else on standard error, and ends with code 0
for a complete answer, also an empty one, 1 for an error, 3 for an answer with gaps. An agent says
the same words. What stands in brackets is not printed: it says what happens next.
";

/// An error as the command prints it: with its causes, one a line.
fn chain(what: &str, error: &dyn Error) -> String {
    let mut text = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, "\n  because: {error}").unwrap();
        cause = error.source();
    }
    text
}

fn shown(outcome: &Result<Answer, ResolveError>) -> String {
    let mut text = String::new();
    match outcome {
        Ok(answer) => {
            for contact in &answer.contacts {
                writeln!(text, "{contact}").unwrap();
            }
            for gap in &answer.gaps {
                let what = format!("missing: {}", gap.part);
                writeln!(text, "{}", chain(&what, &gap.error)).unwrap();
            }
        }
        Err(error) => {
            writeln!(text, "{}", chain("Error resolving", error)).unwrap();
            let retry = match error.retry() {
                Retry::Never => "not tried again".to_owned(),
                Retry::Backoff => "tried again with growing pauses".to_owned(),
                Retry::After(time) => format!("tried again after {time:?}, and not sooner"),
            };
            writeln!(text, "({retry})").unwrap();
        }
    }
    text
}

/// A block of the page.
fn block(page: &mut String, title: &str, query: &str, output: &str) {
    let output = if output.is_empty() {
        "(nothing is printed: a complete answer without an address)\n"
    } else {
        output
    };
    write!(
        page,
        "\n## {title}\n\n```text\n$ quorate discover '{query}'\n{output}```\n"
    )
    .unwrap();
}

const QUERY: &str = "provider=http url=https://sd.example/list bearer_token=hush";

fn refused(text: &str) -> String {
    let error = Query::parse(text).unwrap_err();
    let mut out = format!("{}\n", chain("Error in the string", &error));
    if let Some(picture) = picture(text, &error) {
        for line in picture.to_string().lines() {
            writeln!(out, "  {line}").unwrap();
        }
    }
    out
}

fn names() -> Io {
    let question = Question {
        name: "a.example".to_owned(),
        kind: RecordKind::A,
        server: None,
    };
    let record = Record {
        ttl: Duration::from_secs(5),
        data: RecordData::Address([10, 0, 0, 1].into()),
    };
    let dns = FakeDns::default().with_records(question, vec![record]);
    Io::new(Environment::fixed([]), dns)
}

/// Replies of a list's server.
fn replies() -> Vec<(&'static str, Take)> {
    let expired =
        r#"{"error":"invalid_token","error_description":"The access token hush expired"}"#;
    let denied = r#"{"message":"role `reader` is needed"}"#;
    let take = || Take::get("/list");
    vec![
        ("An expired token", take().status(401).json(expired)),
        (
            "A token that may not do this",
            take().status(403).json(denied),
        ),
        ("An empty list", take().json("[]")),
        (
            "A login page in place of the list",
            take().hostile(Hostile::LoginPage),
        ),
        (
            "An answer that breaks off",
            take().hostile(Hostile::HalfJson),
        ),
        (
            "Throttled for longer than the lookup lasts",
            take().hostile(Hostile::Busy),
        ),
    ]
}

/// A vendor's word on a key that it does not know, and on a token that has expired, in its own shape.
async fn of_vendors(page: &mut String) {
    let unknown = r#"{"id":"Unauthorized","message":"Unable to authenticate you"}"#;
    let expired = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
    let rows = [
        (
            "A wrong key",
            "provider=digitalocean tag_name=role api_token=hush",
            "/v2/droplets?per_page=200&tag_name=role",
            unknown,
        ),
        (
            "An expired token of a pod",
            "provider=k8s label_selector=\"app=server\" token=hush",
            "/api/v1/namespaces/default/pods?limit=500&labelSelector=app%3Dserver",
            expired,
        ),
    ];
    for (title, query, target, body) in rows {
        let tape = Tape::play([Take::get(target).status(401).json(body)]).await;
        let outcome = tape.resolve(query).await;
        tape.finish();
        let query = Query::parse(query).unwrap().to_string();
        block(page, title, &query, &shown(&outcome));
    }
}

/// Strings that are refused offline.
const REFUSED: [(&str, &str); 4] = [
    (
        "A misspelt key",
        "provider=http ulr=https://sd.example/list",
    ),
    (
        "A misspelt provider",
        "provider=htpp url=https://sd.example/list",
    ),
    (
        "A value that cannot be right",
        "provider=dns name=a.example port=83011",
    ),
    (
        "A string that is not closed",
        "provider=http url=\"https://sd.example",
    ),
];

async fn page() -> String {
    let mut page = HEAD.to_owned();
    let query = Query::parse(QUERY).unwrap().to_string();
    for (title, take) in replies() {
        let tape = Tape::play([take]).await;
        block(&mut page, title, &query, &shown(&tape.resolve(QUERY).await));
    }
    of_vendors(&mut page).await;
    let tape = Tape::always(Hostile::Broken).await;
    block(
        &mut page,
        "An API that fails",
        &query,
        &shown(&tape.resolve(QUERY).await),
    );
    let query = "provider=dns name=a.example,b.example type=A";
    let outcome = resolve(&Query::parse(query).unwrap(), &names()).await;
    block(
        &mut page,
        "A list with a part missing",
        query,
        &shown(&outcome),
    );
    for (title, text) in REFUSED {
        block(&mut page, title, text, &refused(text));
    }
    page
}

#[tokio::test]
async fn the_page_shows_what_lookups_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("operator.md");
    let page = page().await;
    assert!(!page.contains("hush"), "{page}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, page,
        "operator.md is old: UPDATE=1 cargo test -p quorate-providers operator"
    );
}
