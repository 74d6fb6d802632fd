//! `dns` and `srv` before ISC's BIND with a zone of its own.

use std::fmt::Write as _;
use std::net::SocketAddrV4;
use std::time::Duration;

use quorate_providers::{
    Dns as _, DnsError, Kind, Question, RecordData, RecordKind, Retry, SystemDns,
};

use crate::{Place, Program, ask, gaps, program, shown};

/// Servers behind one name. More than fit into a datagram of DNS: the answer is cut, and asked for
/// again over TCP.
const MANY: u8 = 200;

const ZONE: &str = r#"$TTL 300
@       IN SOA   ns hostmaster ( 1 3600 600 86400 30 )
        IN NS    ns
ns      IN A     192.0.2.53
both    60 IN A     10.0.0.2
both    60 IN A     10.0.0.1
both    45 IN AAAA  fd00::1
six     IN AAAA  fd00::6
alias   IN CNAME both
text    IN TXT   "no address here"
bad     IN CNAME nowhere
a       20 IN A     10.0.1.1
b       IN A     10.0.1.2
b       IN AAAA  fd00::b
_raft._tcp   90 IN SRV 1 5 8300 a
_raft._tcp   90 IN SRV 2 5 8301 b
_raft._tcp   90 IN SRV 3 5 8302 gone
_none._tcp   IN SRV 0 0 0 .
"#;

/// BIND with the zone; the program and where it answers.
struct Bind {
    // Ends before its folder does.
    _program: Program,
    _place: Place,
    at: SocketAddrV4,
}

impl Bind {
    async fn start() -> Option<Self> {
        let path = program("named")?;
        let place = Place::at_home();
        let at = place.port();
        let mut zone = ZONE.to_owned();
        for n in 1..=MANY {
            writeln!(zone, "many 30 IN A 10.9.0.{n}").unwrap();
            writeln!(
                zone,
                "_many._tcp 30 IN SRV 0 {n} {} m{n}",
                7_000 + u16::from(n)
            )
            .unwrap();
            writeln!(zone, "m{n} 30 IN A 10.9.1.{n}").unwrap();
        }
        place.write("peers.zone", &zone);
        let conf = format!(
            r#"options {{
                directory "{folder}"; pid-file none; session-keyfile none;
                listen-on port {port} {{ {ip}; }}; listen-on-v6 {{ none; }};
                recursion no; dnssec-validation no; max-records-per-type 0;
            }};
            controls {{ }};
            zone "peers.test" {{ type primary; file "peers.zone"; }};
            zone "secret.test" {{ type primary; file "peers.zone"; allow-query {{ none; }}; }};
            zone "broken.test" {{ type primary; file "absent.zone"; }};
            "#,
            folder = place.text(""),
            ip = at.ip(),
            port = at.port(),
        );
        let conf = place.write("named.conf", &conf);
        let args = ["-g", "-c", &conf].map(str::to_owned);
        let answers = || async move { records(at, "ns.peers.test.", RecordKind::A).await.is_ok() };
        let program = Program::start(&path, &place, &args, answers).await;
        Some(Self {
            _place: place,
            _program: program,
            at,
        })
    }

    fn string(&self, query: &str) -> String {
        format!("provider={query} resolver={}", self.at)
    }
}

async fn records(
    at: SocketAddrV4,
    name: &str,
    kind: RecordKind,
) -> Result<Vec<RecordData>, DnsError> {
    let question = Question {
        name: name.to_owned(),
        kind,
        server: Some(at.into()),
    };
    let found = SystemDns.ask(question).await?;
    Ok(found.into_iter().map(|record| record.data).collect())
}

#[tokio::test]
async fn bind_gives_both_families_aliases_and_the_shortest_life() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let both = ["10.0.0.1", "10.0.0.2", "fd00::1"];
    let rows = [
        ("name=both.peers.test", &both[..], 45),
        ("name=both.peers.test type=A", &both[..2], 60),
        ("name=both.peers.test type=AAAA", &both[2..], 45),
        ("name=alias.peers.test.", &both[..], 45),
        (
            "name=six.peers.test,a.peers.test",
            &["10.0.1.1", "fd00::6"],
            20,
        ),
    ];
    for (keys, wanted, life) in rows {
        let answer = ask(&bind.string(&format!("dns {keys}"))).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{keys}");
        assert!(answer.is_complete(), "{keys}: {:?}", answer.gaps);
        assert_eq!(answer.fresh_for, Some(Duration::from_secs(life)), "{keys}");
    }
}

#[tokio::test]
async fn bind_cuts_an_answer_that_is_too_long_and_all_of_it_comes_over_tcp() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let answer = ask(&bind.string("dns name=many.peers.test")).await.unwrap();
    assert_eq!(answer.contacts.len(), usize::from(MANY));
    let keys = "srv service=many domain=peers.test";
    let answer = ask(&bind.string(keys)).await.unwrap();
    assert_eq!(answer.contacts.len(), usize::from(MANY));
    assert!(answer.is_complete(), "{:?}", answer.gaps);
    let wanted = (1..=MANY).map(|n| format!("10.9.1.{n}:{}", 7_000 + u16::from(n)));
    assert!(wanted.eq(sorted_by_port(shown(&answer))));
}

fn sorted_by_port(mut shown: Vec<String>) -> Vec<String> {
    shown.sort_by_key(|contact| contact.split(':').nth(1).map(str::to_owned));
    shown
}

#[tokio::test]
async fn bind_says_what_is_not_there_and_what_it_does_not_know() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let absent = ["nobody.peers.test", "text.peers.test", "bad.peers.test"];
    for name in absent {
        let string = bind.string(&format!("dns name={name}"));
        let error = ask(&string).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{name}: {error}");
        let empty = ask(&format!("{string} min_records=0")).await.unwrap();
        assert!(empty.contacts.is_empty() && empty.is_complete(), "{name}");
        let more = format!("dns name=a.peers.test,{name}");
        let partial = ask(&bind.string(&more)).await.unwrap();
        assert_eq!(shown(&partial), ["10.0.1.1"], "{name}");
        assert_eq!(gaps(&partial), [format!("name {name}")]);
    }
    // REFUSED and SERVFAIL are no word on the name, whatever `min_records` says.
    for name in ["a.elsewhere.test", "a.secret.test", "a.broken.test"] {
        let string = bind.string(&format!("dns name={name} min_records=0"));
        let error = ask(&string).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{name}: {error}");
        assert_eq!(error.retry(), Retry::Backoff, "{name}");
    }
}

#[tokio::test]
async fn bind_gives_services_with_ports_and_a_target_that_is_gone_is_a_gap() {
    let Some(bind) = Bind::start().await else {
        return;
    };
    let answer = ask(&bind.string("srv service=raft domain=peers.test"))
        .await
        .unwrap();
    let wanted = ["10.0.1.1:8300", "10.0.1.2:8301", "[fd00::b]:8301"];
    assert_eq!(shown(&answer), wanted);
    assert_eq!(gaps(&answer), ["target gone.peers.test"]);
    assert_eq!(answer.fresh_for, Some(Duration::from_secs(20)));
    let priorities: Vec<&str> = answer
        .contacts
        .iter()
        .map(|c| &*c.tags["priority"])
        .collect();
    assert_eq!(priorities, ["1", "2", "2"]);

    let names = "srv name=_raft._tcp.peers.test targets=names";
    let answer = ask(&bind.string(names)).await.unwrap();
    let wanted = [
        "a.peers.test:8300",
        "b.peers.test:8301",
        "gone.peers.test:8302",
    ];
    assert_eq!(shown(&answer), wanted);

    let none = ask(&bind.string("srv service=none domain=peers.test"))
        .await
        .unwrap();
    assert!(none.contacts.is_empty() && none.is_complete(), "{none:?}");
    let error = ask(&bind.string("srv service=other domain=peers.test"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Answer, "{error}");
}
