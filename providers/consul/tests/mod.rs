//! Lists of services, nodes and servers; what makes a list doubtful, and what is none.

mod keys;

use crate::Kind;
use crate::tape::{Hostile, Take, Tape, gaps, shown};

/// From the API's documentation, shortened: the second has an address of its own, the third fails.
const HEALTH: &str = r#"[
  {"Node":{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1",
     "TaggedAddresses":{"lan":"10.0.0.1","wan":"198.51.100.1"},"Meta":{"rack":"r1"},"CreateIndex":7},
   "Service":{"ID":"web-1","Service":"web","Tags":["blue","v2"],"Address":"","Port":8301,"Meta":{"redis":"4.0"},
     "Weights":{"Passing":10,"Warning":1}},
   "Checks":[{"Node":"n1","CheckID":"serfHealth","Status":"passing","Output":"ok"}]},
  {"Node":{"ID":"","Node":"n2","Address":"10.0.0.2","Datacenter":"dc1","TaggedAddresses":null,"Meta":null},
   "Service":{"ID":"web-2","Service":"web","Tags":null,"Address":"172.16.0.2","Port":0,"Meta":null},
   "Checks":[{"Status":"passing"},{"Status":"critical"}]},
  {"Node":{"ID":"x","Node":"n3","Address":"n3.example","Datacenter":"dc1"},
   "Service":{"ID":"web-3","Service":"web","Port":8303},"Checks":[]}
]"#;

const CATALOG: &str = r#"[
  {"ID":"a1","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1","TaggedAddresses":{"lan":"10.0.0.1"},
   "NodeMeta":{"rack":"r1"},"ServiceID":"web-1","ServiceName":"web","ServiceAddress":"","ServicePort":8301,
   "ServiceTags":["blue"],"ServiceMeta":{"redis":"4.0"}},
  {"ID":"a2","Node":"n2","Address":"10.0.0.2","ServiceID":"web-2","ServiceAddress":"fd00::2","ServicePort":8302}
]"#;

const NODES: &str = r#"[
  {"ID":"a1","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1",
   "TaggedAddresses":{"lan":"10.0.0.1","lan_ipv4":"10.0.0.1","wan":"198.51.100.1"},"Meta":{"consul-network-segment":""}},
  {"ID":"a2","Node":"n2","Address":"10.0.0.2","Datacenter":"dc1","TaggedAddresses":{},"Meta":{}}
]"#;

#[tokio::test]
async fn a_service_gives_its_own_address_else_its_nodes_and_its_port() {
    let tape = Tape::play([Take::get("/v1/health/service/web?stale=").json(HEALTH)]).await;
    let answer = tape.resolve("provider=consul service=web").await.unwrap();
    assert_eq!(
        shown(&answer),
        ["10.0.0.1:8301", "172.16.0.2", "n3.example:8303"]
    );
    assert!(answer.is_complete());
    let contact = &answer.contacts[0];
    assert_eq!(
        contact.instance.as_deref(),
        Some("40e4a748-2192-161a-0510-9bf59fe950b5")
    );
    assert_eq!(contact.name.as_deref(), Some("n1"));
    let tags = ["datacenter", "rack", "redis", "service", "tags"].map(|tag| &*contact.tags[tag]);
    assert_eq!(tags, ["dc1", "r1", "4.0", "web-1", "blue,v2"]);
    let states: Vec<&str> = answer
        .seen
        .iter()
        .filter_map(|(one, _)| one.state.as_deref())
        .collect();
    assert_eq!(states, ["passing", "critical", "passing"]);
    tape.finish();
}

#[tokio::test]
async fn all_that_narrows_a_list_is_asked_for() {
    let target = "/v1/health/service/web%2Fa?dc=dc2&ns=team&partition=p&filter=Node.Meta.os+%3D%3D+%22linux%22\
        &node-meta=rack%3Ar1&node-meta=os%3Al&tag=blue&tag=v2&passing=true";
    let one = Take::get(target)
        .header("x-consul-token", "hush")
        .json("[]");
    let tape = Tape::play([one])
        .await
        .with_variables(&[("CONSUL_PARTITION", "p")]);
    let answer = tape
        .resolve(
            "provider=consul service=web/a datacenter=dc2 namespace=team tags=blue,v2 passing_only=true \
             node_meta=\"rack:r1, os:l\" filter=\"Node.Meta.os == \\\"linux\\\"\" allow_stale=false token=hush",
        )
        .await
        .unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    tape.finish();
}

#[tokio::test]
async fn the_catalogue_the_nodes_and_the_servers_are_lists_too() {
    let tape = Tape::play([
        Take::get("/v1/catalog/service/web?stale=").json(CATALOG),
        Take::get("/v1/catalog/nodes?stale=").json(NODES),
        Take::get("/v1/catalog/nodes?stale=").json(NODES),
        Take::get("/v1/status/peers?dc=dc2").json(r#"["10.0.0.1:8300","[fd00::2]:8300"]"#),
    ])
    .await;
    let rows: [(&str, &[&str]); 4] = [
        (
            "service=web source=catalog",
            &["10.0.0.1:8301", "[fd00::2]:8302"],
        ),
        ("port=8301", &["10.0.0.1:8301", "10.0.0.2:8301"]),
        ("network=wan", &["198.51.100.1"]),
        ("source=peers datacenter=dc2", &["10.0.0.1", "fd00::2"]),
    ];
    for (keys, wanted) in rows {
        let answer = tape
            .resolve(&format!("provider=consul {keys}"))
            .await
            .unwrap();
        assert_eq!(shown(&answer), wanted, "{keys}");
        assert!(answer.is_complete(), "{keys}");
    }
    tape.finish();
}

#[tokio::test]
async fn one_service_that_cannot_be_read_is_a_gap_among_others() {
    let tape = Tape::play([
        Take::get("/v1/health/service/web?stale=").json(HEALTH),
        Take::get("/v1/health/service/db?stale=")
            .status(403)
            .reply_header("content-type", "text/plain")
            .json("Permission denied: token with AccessorID 'x' lacks permission 'service:read'"),
    ])
    .await;
    let answer = tape
        .resolve("provider=consul service=web,db")
        .await
        .unwrap();
    assert_eq!(answer.contacts.len(), 3);
    assert_eq!(gaps(&answer), [("service db", Kind::Denied)]);
    let text = answer.gaps[0].error.to_string();
    assert!(text.contains("lacks permission"), "{text}");
    tape.finish();
}

#[tokio::test]
async fn a_list_that_the_agent_itself_doubts_is_never_complete() {
    let nodes = |name: &str, value: &str, body: &str| {
        Take::get("/v1/catalog/nodes?stale=")
            .reply_header(name, value)
            .json(body)
    };
    let rows = [
        ("x-consul-results-filtered-by-acls", "true", Kind::Denied),
        ("x-consul-knownleader", "false", Kind::Unavailable),
    ];
    for (name, value, kind) in rows {
        let tape = Tape::play([nodes(name, value, NODES), nodes(name, value, "[]")]).await;
        let answer = tape.resolve("provider=consul").await.unwrap();
        assert_eq!(answer.gaps.len(), 1, "{name}");
        assert_eq!(answer.gaps[0].error.kind(), kind);
        let error = tape.resolve("provider=consul").await.unwrap_err();
        assert_eq!(error.kind(), kind, "an empty list with {name} is unknown");
        tape.finish();
    }
    let sound = Take::get("/v1/catalog/nodes?stale=")
        .reply_header("x-consul-results-filtered-by-acls", "false")
        .reply_header("x-consul-knownleader", "true");
    let tape = Tape::play([sound.json("[]")]).await;
    assert!(tape.resolve("provider=consul").await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn the_words_of_an_error_say_what_it_is() {
    let rows = [
        (403, "ACL not found", Kind::Credentials),
        (
            403,
            "rpc error making call: Permission denied",
            Kind::Denied,
        ),
        (
            500,
            "rpc error making call: Permission denied: lacks node:read",
            Kind::Denied,
        ),
        (500, "No path to datacenter", Kind::Answer),
        (500, "No cluster leader", Kind::Unavailable),
        (
            400,
            "Failed to create boolean expression evaluator",
            Kind::Answer,
        ),
    ];
    for (status, words, kind) in rows {
        let refused = || {
            Take::get("/v1/catalog/nodes?stale=")
                .status(status)
                .reply_header("content-type", "text/plain; charset=utf-8")
                .json(words)
        };
        let tape = Tape::play((0..6).map(|_| refused())).await;
        let error = tape.resolve("provider=consul").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{words}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn lists_of_another_shape_are_errors() {
    let node = |address: &str| format!(r#"[{{"Node":"n1","Address":"{address}"}}]"#);
    let rows = [
        ("", "null".to_owned()),
        ("", "{}".to_owned()),
        ("", "[{}]".to_owned()),
        ("", node("10.0.0.1:8300")),
        ("", node("not a host")),
        ("source=peers", "[7]".to_owned()),
        ("source=peers", r#"["no peer"]"#.to_owned()),
        ("service=web", NODES.to_owned()),
        ("service=web", CATALOG.to_owned()),
        ("service=web source=catalog", NODES.to_owned()),
    ];
    for (keys, list) in rows {
        let target = match keys {
            "" => "/v1/catalog/nodes?stale=",
            "source=peers" => "/v1/status/peers",
            "service=web" => "/v1/health/service/web?stale=",
            _ => "/v1/catalog/service/web?stale=",
        };
        let tape = Tape::play([Take::get(target).json(&list)]).await;
        let error = tape
            .resolve(&format!("provider=consul {keys}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{keys} {list}");
    }
    // A node that is known without an address matches and cannot be reached.
    let tape = Tape::play([Take::get("/v1/catalog/nodes?stale=").json(&node(""))]).await;
    assert!(tape.resolve("provider=consul").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        for keys in [
            "",
            "service=web",
            "service=web source=catalog",
            "source=peers",
        ] {
            let tape = Tape::always(hostile).await;
            let query = format!("provider=consul {keys} token=hush");
            let error = tape.resolve(&query).await.unwrap_err();
            assert_eq!(error.kind(), hostile.kind(), "{hostile:?} {keys}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
