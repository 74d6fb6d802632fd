//! What a real name server says, and what of it can be relied on.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::{Name, RecordType};

use super::server::{DnsServer, Said, address, srv};
use super::system::{addresses_by, ask_names, candidates, config};
use super::{Dns as _, DnsError, Question, Record, RecordData, RecordKind, SystemDns};

async fn ask(server: SocketAddr, name: &str, kind: RecordKind) -> Result<Vec<Record>, DnsError> {
    let question = Question {
        name: name.to_owned(),
        kind,
        server: Some(server),
    };
    SystemDns.ask(question).await
}

#[tokio::test]
async fn the_hosts_file_is_read() {
    let found = SystemDns.addresses("localhost").await.unwrap();
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    let (kept, ttl) = SystemDns.addresses_kept("localhost").await.unwrap();
    assert_eq!((kept, ttl), (found, Some(Duration::ZERO)));
}

#[tokio::test]
async fn the_addresses_of_a_name_may_be_kept_for_the_shortest_of_their_times() {
    let records = |ttl, ip| Said::Records(ttl, vec![address(ip)]);
    let server = DnsServer::start([
        ("a.example.", RecordType::A, records(60, "10.0.0.1")),
        ("a.example.", RecordType::AAAA, records(9, "2001:db8::1")),
    ])
    .await;
    let config = config(Some(server.addr)).unwrap();
    let (found, ttl) = addresses_by("a.example", config).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(ttl, Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn a_name_of_the_hosts_file_may_change_at_any_time() {
    let question = Question {
        name: "localhost".to_owned(),
        kind: RecordKind::A,
        server: None,
    };
    let found = SystemDns.ask(question).await.unwrap();
    assert!(found.iter().all(|record| record.ttl.is_zero()), "{found:?}");
}

#[tokio::test]
async fn no_name_no_record_and_a_server_that_fails_are_told_apart() {
    let server = DnsServer::start([
        (
            "a.example.",
            RecordType::A,
            Said::Records(9, vec![address("10.0.0.1")]),
        ),
        ("broken.example.", RecordType::A, Said::Fails),
        ("gone.example.", RecordType::A, Said::NoName),
    ])
    .await;
    let found = ask(server.addr, "a.example", RecordKind::A).await.unwrap();
    let wanted = Record {
        ttl: Duration::from_secs(9),
        data: RecordData::Address("10.0.0.1".parse().unwrap()),
    };
    assert_eq!(found, [wanted]);
    let none = ask(server.addr, "a.example", RecordKind::Aaaa).await;
    assert!(matches!(none, Err(DnsError::NoAddress { .. })), "{none:?}");
    let none = ask(server.addr, "gone.example", RecordKind::A).await;
    assert!(matches!(none, Err(DnsError::NoName { .. })), "{none:?}");
    let none = ask(server.addr, "broken.example", RecordKind::A).await;
    assert!(
        matches!(none, Err(DnsError::Unavailable { .. })),
        "{none:?}"
    );
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_again_over_tcp() {
    let many = (1..=200)
        .map(|n| srv(1, 1, n, &format!("node-{n}.example.")))
        .collect();
    let zone = [(
        "_s._tcp.example.",
        RecordType::SRV,
        Said::Truncated(9, many),
    )];
    let server = DnsServer::start(zone).await;
    let found = ask(server.addr, "_s._tcp.example", RecordKind::Srv)
        .await
        .unwrap();
    assert_eq!(found.len(), 200);
    let asked = server.asked();
    assert_eq!(
        asked,
        ["udp SRV _s._tcp.example.", "tcp SRV _s._tcp.example."]
    );
}

fn names(names: &[&str]) -> Vec<Name> {
    names
        .iter()
        .map(|name| Name::from_str(name).unwrap())
        .collect()
}

#[test]
fn the_search_list_counts_for_names_without_a_dot_at_the_end() {
    let searched = names(&["a.example.", "b.example."]);
    let config = ResolverConfig::from_parts(None, searched, Vec::new());
    let options = |ndots| {
        let mut options = ResolverOpts::default();
        options.ndots = ndots;
        options
    };
    let rows = [
        ("peers.", 1, vec!["peers."]),
        (
            "peers",
            1,
            vec!["peers.a.example.", "peers.b.example.", "peers."],
        ),
        (
            "x.peers",
            1,
            vec!["x.peers.", "x.peers.a.example.", "x.peers.b.example."],
        ),
        (
            "x.peers",
            5,
            vec!["x.peers.a.example.", "x.peers.b.example.", "x.peers."],
        ),
    ];
    for (name, ndots, wanted) in rows {
        let found = candidates(
            &Name::from_utf8(name).unwrap(),
            &(config.clone(), options(ndots)),
        );
        assert_eq!(found, names(&wanted), "{name} {ndots}");
    }
}

#[tokio::test]
async fn a_server_that_fails_at_one_name_of_the_search_list_does_not_pass_for_no_such_name() {
    let records = Said::Records(9, vec![address("10.0.0.1")]);
    let server = DnsServer::start([
        ("broken.example.", RecordType::A, Said::Fails),
        ("other.example.", RecordType::A, records),
        ("empty.example.", RecordType::TXT, Said::Fails),
    ])
    .await;
    let of = async |list: &[&str]| {
        let config = config(Some(server.addr)).unwrap();
        ask_names("peers", names(list), RecordType::A, config).await
    };
    let found = of(&["gone.example.", "empty.example.", "other.example."]).await;
    assert_eq!(found.unwrap().len(), 1);
    let unknown = of(&["broken.example.", "gone.example."]).await;
    assert!(
        matches!(unknown, Err(DnsError::Unavailable { .. })),
        "{unknown:?}"
    );
    // Whose machines the other name means is not known.
    let unknown = of(&["broken.example.", "other.example."]).await;
    assert!(
        matches!(unknown, Err(DnsError::Unavailable { .. })),
        "{unknown:?}"
    );
    let none = of(&["empty.example.", "gone.example."]).await;
    assert!(matches!(none, Err(DnsError::NoAddress { .. })), "{none:?}");
    let none = of(&["gone.example.", "away.example."]).await;
    assert!(matches!(none, Err(DnsError::NoName { .. })), "{none:?}");
}
