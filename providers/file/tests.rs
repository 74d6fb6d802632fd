//! Files in all forms, several at once, and what is no list.

use std::path::PathBuf;

use crate::tape::{gaps, shown};
use crate::{
    Answer, Environment, FakeDns, FakeFiles, Fate, Io, Kind, Limits, Query, ResolveError, folders,
    resolve_within,
};

const LIMITS: Limits = Limits {
    body_bytes: 500,
    pages: 3,
    ..crate::tape::LIMITS
};

async fn ask(files: FakeFiles, keys: &str) -> Result<Answer, ResolveError> {
    let query = Query::parse(&format!("provider=file {keys}")).unwrap();
    let io = Io::new(Environment::fixed([]), FakeDns::default()).with_files(files);
    resolve_within(&query, &io, &LIMITS).await
}

const JSON: &str = r#"[{"targets":["10.0.0.1:8301","[fd00::1]:8301"],"labels":{"dc":"eu","role":"server"}},
    {"targets":["a.example"],"labels":{"dc":"us"}}]"#;

const YAML: &str = "# written by hand\n- targets:\n  - 10.0.0.1:8301\n  - '[fd00::1]:8301'\n  labels: {dc: eu, role: server}\n- targets: [a.example]\n  labels:\n    dc: us\n";

const LINES: &str = "# the servers\n10.0.0.1:8301\n\n  [fd00::1]:8301 # the second\r\na.example\n";

#[tokio::test]
async fn json_yaml_and_lines_say_the_same() {
    let files = FakeFiles::default()
        .with("/p/a.json", JSON)
        .with("/p/a.yml", YAML)
        .with("/p/a.yaml", YAML)
        .with("/p/hosts", LINES)
        .with("/p/bom.json", format!("\u{feff}{JSON}"))
        .with("/p/list", JSON)
        .with("/p/other", YAML);
    for keys in [
        "path=/p/a.json",
        "path=/p/a.yml",
        "path=/p/a.yaml",
        "path=/p/hosts",
        "path=/p/bom.json",
        "path=/p/list format=json",
        "path=/p/other format=yaml",
    ] {
        let answer = ask(files.clone(), keys).await.unwrap();
        assert_eq!(
            shown(&answer),
            ["10.0.0.1:8301", "[fd00::1]:8301", "a.example"],
            "{keys}"
        );
        assert!(answer.is_complete(), "{keys}");
    }
}

#[tokio::test]
async fn labels_become_tags_and_choose() {
    let files = FakeFiles::default().with("/p/a.yml", YAML);
    let answer = ask(files.clone(), "path=/p/a.yml labels=\"dc=eu, role=server\"")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1:8301", "[fd00::1]:8301"]);
    let tags: Vec<(&str, &str)> = answer.contacts[0]
        .tags
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let wanted = [
        ("dc", "eu"),
        ("file", "/p/a.yml"),
        ("file_modified", "0"),
        ("role", "server"),
    ];
    assert_eq!(tags, wanted);
    let dropped = Fate::Dropped("has not the label dc=eu".to_owned());
    assert_eq!(answer.seen[2].1, dropped);
    let nobody = ask(files, "path=/p/a.yml labels=\"dc=mars\"")
        .await
        .unwrap();
    assert!(nobody.contacts.is_empty() && nobody.is_complete());
}

#[tokio::test]
async fn a_list_that_says_that_there_is_nobody_is_an_empty_answer() {
    let rows = [
        ("a.json", "[]"),
        ("a.yml", "[]\n"),
        ("a.yml", "- targets: []\n"),
        ("hosts", "# nobody yet\n"),
    ];
    for (name, text) in rows {
        let files = FakeFiles::default().with(&format!("/p/{name}"), text);
        let answer = ask(files, &format!("path=/p/{name}")).await.unwrap();
        assert!(
            answer.contacts.is_empty() && answer.is_complete(),
            "{name} {text}"
        );
    }
}

#[tokio::test]
async fn no_hostile_file_becomes_an_empty_list() {
    let long = "#".repeat(501);
    let rows: [(&str, &[u8]); 18] = [
        ("a.json", b""),
        ("a.json", b"  \n"),
        ("a.json", b"[{\"targets\":[\"10.0.0.1\""),
        ("a.json", b"{}"),
        ("a.json", b"null"),
        ("a.json", b"{\"hello\":\"world\"}"),
        ("a.json", b"[{\"targets\":[7]}]"),
        ("a.json", b"[{\"targets\":[\"10.0.0.1\", \"no address\"]}]"),
        ("a.json", b"<html>Log in</html>"),
        ("a.json", b"[\"\xff\xfe\"]"),
        ("a.yml", b""),
        ("a.yml", b"# only a comment\n"),
        ("a.yml", b"targets: [a]\n"),
        ("a.yml", b"- targets: [a\n"),
        ("hosts", b""),
        ("hosts", b"10.0.0.1\n10.0.0.2:99999\n"),
        ("hosts", b"10.0.0.1 10.0.0.2\n"),
        ("hosts", long.as_bytes()),
    ];
    for (name, bytes) in rows {
        let files = FakeFiles::default().with(&format!("/p/{name}"), bytes);
        let error = ask(files, &format!("path=/p/{name}")).await.unwrap_err();
        let text = String::from_utf8_lossy(bytes).into_owned();
        assert!(
            matches!(error.kind(), Kind::Answer | Kind::Unavailable),
            "{name} {text:.60}: {error}"
        );
        assert!(error.to_string().contains(&format!("/p/{name}")), "{error}");
    }
    let absent = ask(FakeFiles::default(), "path=/p/absent.json")
        .await
        .unwrap_err();
    assert_eq!(absent.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn one_bad_file_among_several_is_a_gap() {
    let files = FakeFiles::default()
        .with("/p/a.json", "[\"10.0.0.1\"]")
        .with("/p/b.json", "[")
        .with("/p/.c.json", "[\"10.0.0.3\"]")
        .with("/p/sub/d.json", "[\"10.0.0.4\"]")
        .with("/p/notes", "not a list");
    let answer = ask(files.clone(), "path=/p/*.json").await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1"]);
    assert_eq!(gaps(&answer), [("file /p/b.json", Kind::Answer)]);
    let answer = ask(files.clone(), "path=\"/p/a.json, /p/x.json,/q/*\"")
        .await
        .unwrap();
    let wanted = [
        ("file /p/x.json", Kind::Unavailable),
        ("files /q/*", Kind::Answer),
    ];
    assert_eq!(gaps(&answer), wanted);
    let error = ask(files, "path=/q/*.json").await.unwrap_err();
    assert!(
        error.to_string().contains("no file has such a name"),
        "{error}"
    );
}

#[tokio::test]
async fn more_files_than_the_limit_are_a_gap() {
    let with = |files: FakeFiles, n| files.with(&format!("/p/{n}"), format!("10.0.0.{n}"));
    let files = (1..=5).fold(FakeFiles::default(), with);
    let answer = ask(files, "path=/p/*").await.unwrap();
    assert_eq!(answer.contacts.len(), 3);
    assert_eq!(gaps(&answer), [("files /p/*", Kind::Answer)]);
}

#[test]
fn whoever_watches_is_told_the_folders() {
    let of = |keys: &str| folders(&Query::parse(keys).unwrap());
    let found = of("provider=file path=/etc/peers/*.json,/etc/peers/x,here,/top");
    assert_eq!(
        found,
        ["/", "/etc/peers", "."]
            .map(PathBuf::from)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert!(of("provider=static addrs=10.0.0.1").is_empty());
}

#[test]
fn what_cannot_be_right_is_refused_when_the_query_is_parsed() {
    for keys in [
        "",
        "path=\"\"",
        "path=/p/",
        "path=/p/a,",
        "path=/*/a",
        "path=/p/*/*.json",
        "path=/p/*a*",
        "path=/p/a format=toml",
        "path=/p/a labels=dc",
        "path=/p/a labels=\"=x\"",
    ] {
        assert!(
            Query::parse(&format!("provider=file {keys}")).is_err(),
            "{keys}"
        );
    }
}
