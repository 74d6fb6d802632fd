//! Names with records of one family, both, and none.

use std::net::IpAddr;
use std::time::Duration;

use crate::tape::parts;
use crate::{
    Environment, FakeDns, Io, Kind, Query, Question, Record, RecordData, RecordKind, resolve,
};

fn question(name: &str, kind: RecordKind, server: Option<&str>) -> Question {
    let server = server.map(|text| text.parse().unwrap());
    let name = name.to_owned();
    Question { name, kind, server }
}

fn records(ips: &[&str]) -> Vec<Record> {
    let record = |ip: &&str| Record {
        ttl: Duration::from_secs(5),
        data: RecordData::Address(ip.parse::<IpAddr>().unwrap()),
    };
    ips.iter().map(record).collect()
}

fn io() -> Io {
    let dns = FakeDns::default()
        .with_records(
            question("a", RecordKind::A, None),
            records(&["10.0.0.2", "10.0.0.1"]),
        )
        .with_records(question("a", RecordKind::Aaaa, None), records(&["fd00::1"]))
        .with_records(
            question("b", RecordKind::A, Some("127.0.0.1:53")),
            records(&["10.9.0.1"]),
        )
        .with_records(
            question("b", RecordKind::A, Some("[::1]:5353")),
            records(&["10.9.0.2"]),
        );
    Io::new(Environment::fixed([]), dns)
}

#[tokio::test]
async fn both_families_of_all_names_are_read() {
    let rows: [(&str, &[&str]); 6] = [
        ("name=a", &["10.0.0.1", "10.0.0.2", "fd00::1"]),
        ("name=a type=A port=7", &["10.0.0.1:7", "10.0.0.2:7"]),
        ("name=a type=AAAA", &["fd00::1"]),
        ("name=a addr=private_v6,private_v4 type=AAAA", &["fd00::1"]),
        ("name=b resolver=127.0.0.1", &["10.9.0.1"]),
        ("name=b resolver=[::1]:5353", &["10.9.0.2"]),
    ];
    for (keys, wanted) in rows {
        let query = Query::parse(&format!("provider=dns {keys}")).unwrap();
        let answer = resolve(&query, &io()).await.unwrap();
        let shown: Vec<String> = answer.contacts.iter().map(ToString::to_string).collect();
        assert_eq!(shown, wanted, "{keys}");
        assert!(answer.is_complete(), "{keys}");
    }
}

#[tokio::test]
async fn a_name_without_records_is_a_gap_and_alone_an_error() {
    let query = Query::parse("provider=dns name=a,nobody").unwrap();
    let answer = resolve(&query, &io()).await.unwrap();
    assert_eq!(answer.contacts.len(), 3);
    assert_eq!(answer.gaps[0].part, "name nobody");
    let query = Query::parse("provider=dns name=nobody").unwrap();
    let error = resolve(&query, &io()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
}

#[tokio::test]
async fn a_server_that_fails_is_a_gap_and_never_an_empty_answer() {
    let dns = FakeDns::default()
        .with_records(question("a", RecordKind::A, None), records(&["10.0.0.1"]))
        .with_failure(question("a", RecordKind::Aaaa, None))
        .with_failure(question("b", RecordKind::A, None));
    let io = Io::new(Environment::fixed([]), dns);
    for min_records in ["", "min_records=0"] {
        let text = format!("provider=dns name=a,b {min_records}");
        let answer = resolve(&Query::parse(&text).unwrap(), &io).await.unwrap();
        assert_eq!(answer.contacts.len(), 1);
        assert_eq!(parts(&answer), ["name a", "name b"], "{min_records}");
        let query = Query::parse(&format!("provider=dns name=b {min_records}")).unwrap();
        let error = resolve(&query, &io).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
    }
}

#[tokio::test]
async fn the_least_number_of_records_decides_what_is_too_few() {
    let ask = async |keys: &str| {
        let query = Query::parse(&format!("provider=dns {keys}")).unwrap();
        resolve(&query, &io()).await
    };
    assert!(ask("name=a min_records=3").await.unwrap().is_complete());
    assert!(!ask("name=a min_records=4").await.unwrap().is_complete());
    let nobody = ask("name=nobody min_records=0").await.unwrap();
    assert!(nobody.contacts.is_empty() && nobody.is_complete());
}

#[tokio::test]
async fn the_smallest_ttl_says_how_long_the_answer_is_fresh() {
    let query = Query::parse("provider=dns name=a").unwrap();
    let answer = resolve(&query, &io()).await.unwrap();
    assert_eq!(answer.fresh_for, Some(Duration::from_secs(5)));
}

#[test]
fn what_is_no_name_or_server_is_refused() {
    for keys in [
        "name=\"\"",
        "name=a,,b",
        "name=\"a b\"",
        "name=a resolver=ns.example",
        "name=a type=MX",
        "name=a min_records=many",
    ] {
        assert!(
            Query::parse(&format!("provider=dns {keys}")).is_err(),
            "{keys}"
        );
    }
}
