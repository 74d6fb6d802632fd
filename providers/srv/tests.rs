//! Records with targets of all sorts; go-discover's defects (provider reference, 3.13 and 6.3).

use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use crate::io::dns::server::{DnsServer, Said, address, srv as wire};
use crate::tape::{gaps, shown};
use crate::{
    Answer, Environment, FakeDns, Io, Kind, Query, Question, Record, RecordData, RecordKind,
    ResolveError, SystemDns, resolve,
};

const NAME: &str = "_peers._tcp.example.com";

fn question(name: &str, kind: RecordKind) -> Question {
    let (name, server) = (name.to_owned(), None);
    Question { name, kind, server }
}

fn record(ttl: u64, data: RecordData) -> Record {
    let ttl = Duration::from_secs(ttl);
    Record { ttl, data }
}

fn srv(priority: u16, port: u16, target: &str) -> Record {
    let target = target.to_owned();
    record(
        60,
        RecordData::Srv {
            priority,
            weight: 5,
            port,
            target,
        },
    )
}

fn ip(ttl: u64, ip: &str) -> Record {
    record(ttl, RecordData::Address(ip.parse().unwrap()))
}

fn targets(dns: FakeDns) -> FakeDns {
    dns.with_records(
        question("a.example.com.", RecordKind::A),
        vec![ip(30, "10.0.0.1")],
    )
    .with_records(
        question("a.example.com.", RecordKind::Aaaa),
        vec![ip(90, "fd00::1")],
    )
    .with_records(
        question("b.example.com.", RecordKind::A),
        vec![ip(90, "10.0.0.2")],
    )
}

async fn ask_of(dns: FakeDns, keys: &str) -> Result<Answer, ResolveError> {
    let query = Query::parse(&format!("provider=srv {keys}")).unwrap();
    resolve(&query, &Io::new(Environment::fixed([]), dns)).await
}

async fn ask(records: Vec<Record>, more: &str) -> Result<Answer, ResolveError> {
    let dns = FakeDns::default().with_records(question(NAME, RecordKind::Srv), records);
    ask_of(
        targets(dns),
        &format!("service=peers domain=example.com {more}"),
    )
    .await
}

#[tokio::test]
async fn targets_are_resolved_to_both_families_with_the_port_of_the_record() {
    let records = vec![srv(1, 8301, "b.example.com"), srv(0, 8302, "a.example.com")];
    let answer = ask(records, "").await.unwrap();
    assert_eq!(
        shown(&answer),
        ["10.0.0.1:8302", "10.0.0.2:8301", "[fd00::1]:8302"]
    );
    assert!(answer.is_complete());
    let contact = &answer.contacts[1];
    assert_eq!(contact.name.as_deref(), Some("b.example.com"));
    let tags = ["priority", "weight"].map(|tag| &*contact.tags[tag]);
    assert_eq!(tags, ["1", "5"]);
}

#[tokio::test]
async fn the_smallest_ttl_on_the_way_says_how_long_the_answer_is_fresh() {
    let fresh = async |records| ask(records, "").await.unwrap().fresh_for;
    let seconds = |n| Some(Duration::from_secs(n));
    assert_eq!(fresh(vec![srv(1, 1, "b.example.com")]).await, seconds(60));
    let both = vec![srv(1, 1, "b.example.com"), srv(1, 1, "a.example.com")];
    assert_eq!(fresh(both).await, seconds(30));
}

#[tokio::test]
async fn keys_choose_names_families_and_ports() {
    let records = || vec![srv(1, 8301, "b.example.com"), srv(0, 8302, "a.example.com")];
    let rows: [(&str, &[&str]); 5] = [
        (
            "targets=names",
            &["a.example.com:8302", "b.example.com:8301"],
        ),
        ("type=A", &["10.0.0.1:8302", "10.0.0.2:8301"]),
        (
            "addr=private_v6,private_v4",
            &["10.0.0.2:8301", "[fd00::1]:8302"],
        ),
        ("port=9", &["10.0.0.1:9", "10.0.0.2:9", "[fd00::1]:9"]),
        ("proto=tcp network=10.0.0.2/32", &["10.0.0.2:8301"]),
    ];
    for (more, wanted) in rows {
        let answer = ask(records(), more).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{more}");
    }
    let dns = FakeDns::default().with_records(question("_x._udp.d", RecordKind::Srv), records());
    for keys in ["service=_x proto=udp domain=d", "name=_x._udp.d"] {
        assert_eq!(
            shown(&ask_of(targets(dns.clone()), keys).await.unwrap()).len(),
            3,
            "{keys}"
        );
    }
}

#[tokio::test]
async fn no_target_keeps_a_trailing_dot_unlike_in_go_discover() {
    for more in ["targets=names", ""] {
        let answer = ask(vec![srv(1, 8301, "b.example.com.")], more)
            .await
            .unwrap();
        assert!(!shown(&answer)[0].contains(".:"), "{answer:?}");
        assert_eq!(answer.contacts[0].name.as_deref(), Some("b.example.com"));
    }
}

#[tokio::test]
async fn one_target_that_does_not_resolve_is_a_gap_and_the_others_are_kept_unlike_in_go_discover() {
    let dns = FakeDns::default()
        .with_records(
            question(NAME, RecordKind::Srv),
            vec![
                srv(1, 1, "a.example.com"),
                srv(1, 2, "nobody.example.com"),
                srv(1, 3, "broken.example.com"),
                srv(1, 4, "no name"),
                srv(1, 5, "half.example.com"),
            ],
        )
        .with_failure(question("broken.example.com.", RecordKind::A))
        .with_failure(question("half.example.com.", RecordKind::A))
        .with_records(
            question("half.example.com.", RecordKind::Aaaa),
            vec![ip(9, "fd00::5")],
        );
    let answer = ask_of(targets(dns), &format!("name={NAME}")).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1:1", "[fd00::1]:1", "[fd00::5]:5"]);
    let wanted = [
        ("target broken.example.com", Kind::Unavailable),
        ("target half.example.com", Kind::Unavailable),
        ("target no name", Kind::Answer),
        ("target nobody.example.com", Kind::Answer),
    ];
    assert_eq!(gaps(&answer), wanted);
}

#[tokio::test]
async fn an_absent_service_is_an_error_and_an_unknown_one_another() {
    let empty = FakeDns::default();
    let text = FakeDns::default().with_records(
        question(NAME, RecordKind::Txt),
        vec![record(9, RecordData::Text("x".to_owned()))],
    );
    let broken = FakeDns::default().with_failure(question(NAME, RecordKind::Srv));
    let rows = [
        (empty, Kind::Answer, "there is no such name", true),
        (text, Kind::Answer, "the name has no such record", true),
        (
            broken,
            Kind::Unavailable,
            "the name servers do not say",
            false,
        ),
    ];
    for (dns, kind, cause, may_be_empty) in rows {
        let keys = format!("name={NAME}");
        let error = ask_of(dns.clone(), &keys).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(cause), "{error}");
        assert!(
            error.to_string().starts_with("srv: "),
            "unlike go-discover's: {error}"
        );
        let lenient = ask_of(dns, &format!("{keys} min_records=0")).await;
        assert_eq!(
            lenient.is_ok_and(|answer| answer.is_complete()),
            may_be_empty,
            "{cause}"
        );
    }
}

#[tokio::test]
async fn the_target_of_a_dot_is_an_empty_answer_and_no_address_unlike_in_go_discover() {
    let answer = ask(vec![srv(0, 0, ".")], "").await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    let error = ask(vec![srv(0, 0, "")], "min_records=1").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
}

#[tokio::test]
async fn fewer_records_than_wanted_are_a_gap() {
    let answer = ask(vec![srv(1, 1, "b.example.com")], "min_records=3")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.2:1"]);
    assert_eq!(gaps(&answer), [("records", Kind::Answer)]);
}

#[tokio::test]
async fn several_records_of_one_target_ask_for_it_once_and_keep_order_unlike_in_go_discover() {
    let zone = || {
        let records = (1..=3)
            .map(|port| wire(1, port, port, "A.example.com."))
            .collect();
        [
            (
                "_peers._tcp.example.com.",
                RecordType::SRV,
                Said::Truncated(60, records),
            ),
            (
                "a.example.com.",
                RecordType::A,
                Said::Records(20, vec![address("10.0.0.1")]),
            ),
        ]
    };
    let server = DnsServer::start(zone()).await;
    let text = format!(
        "provider=srv service=peers domain=example.com resolver={}",
        server.addr
    );
    let query = Query::parse(&text).unwrap();
    let io = Io::new(Environment::fixed([]), SystemDns);
    let answer = resolve(&query, &io).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"]);
    assert!(answer.is_complete(), "{:?}", answer.gaps);
    assert_eq!(answer.fresh_for, Some(Duration::from_secs(20)));
    assert_eq!(server.asked().len(), 4, "{:?}", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_name_server_that_says_nothing_is_an_error_and_no_empty_list() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    for provider in ["srv", "dns"] {
        let query = format!("provider={provider} name={NAME} resolver={addr} min_records=0");
        let io = Io::new(Environment::fixed([]), SystemDns);
        let error = resolve(&Query::parse(&query).unwrap(), &io)
            .await
            .unwrap_err();
        assert!(
            matches!(error.kind(), Kind::Unavailable | Kind::Timeout),
            "{error}"
        );
    }
}

#[test]
fn what_cannot_be_right_is_refused_when_the_query_is_parsed() {
    for keys in [
        "",
        "service=a",
        "domain=d",
        "service=a.b domain=d",
        "service=a domain=\"d d\"",
        "name=_a._tcp.d service=a",
        "name=_a._tcp.d proto=udp",
        "name=a targets=maybe",
        "name=a targets=names addr=private_v4",
        "name=a targets=names network=10.0.0.0/8",
        "name=a min_records=-1",
        "name=a resolver=ns.example",
        "service=\"\" domain=d",
    ] {
        let text = format!("provider=srv {keys}");
        assert!(Query::parse(&text).is_err(), "{keys}");
    }
}
