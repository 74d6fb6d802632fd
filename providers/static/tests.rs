//! What stands in the query comes out, once and sorted.

use crate::{Environment, FakeDns, Io, Query, resolve};

async fn ask(text: &str) -> Vec<String> {
    let query = Query::parse(text).unwrap();
    let io = Io::new(Environment::fixed([]), FakeDns::default());
    let answer = resolve(&query, &io).await.unwrap();
    answer.contacts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn addresses_and_names_come_with_their_ports() {
    let text = "provider=static addrs=\"10.0.0.2, [fd00::1]:7, a.example.:8, 10.0.0.2,fd00::2\"";
    assert_eq!(
        ask(text).await,
        ["10.0.0.2", "[fd00::1]:7", "fd00::2", "a.example:8"]
    );
}

#[tokio::test]
async fn the_policy_chooses_among_them() {
    let text = "provider=static addrs=10.0.0.2,192.168.0.1:9,198.51.100.1,fd00::1";
    let rows: [(&str, &[&str]); 4] = [
        ("network=192.168.0.0/16", &["192.168.0.1:9"]),
        ("network=192.168.0.0/16 port=5", &["192.168.0.1:5"]),
        (
            "network=10.0.0.0/8 addr=private_v6,private_v4",
            &["10.0.0.2"],
        ),
        (
            "network=0.0.0.0/0",
            &["10.0.0.2", "192.168.0.1:9", "198.51.100.1"],
        ),
    ];
    for (more, wanted) in rows {
        assert_eq!(ask(&format!("{text} {more}")).await, wanted, "{more}");
    }
}

#[test]
fn what_is_no_address_is_refused_when_the_query_is_parsed() {
    let rows = [
        "addrs=\"\"",
        "addrs=\",,\"",
        "addrs=10.0.0.1:0",
        "addrs=10.0.0.1:99999",
        "addrs=\"a b\"",
        "addrs=[fd00::1",
        "addrs=http://h/",
        "addrs=a port=0",
        "addrs=a network=10.0.0.0/33",
        "addrs=a addr=private",
    ];
    for row in rows {
        let text = format!("provider=static {row}");
        assert!(Query::parse(&text).is_err(), "{row}");
    }
}
