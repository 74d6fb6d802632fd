//! Recorded answers in the shape of the vendor's reference, and hostile ones.

mod credentials;
mod endpoints;
mod names;
mod pods;

use crate::tape::{Hostile, Take, Tape, dropped, fate, shown};
use crate::{Kind, Query};

const PODS_1: &str = include_str!("../testdata/pods_1.json");
const PODS_2: &str = include_str!("../testdata/pods_2.json");

const QUERY: &str =
    "provider=k8s namespace=consul label_selector=\"app=consul,tier!=x\" token=hush";
const FIRST: &str =
    "/api/v1/namespaces/consul/pods?limit=500&labelSelector=app%3Dconsul%2Ctier%21%3Dx";
const SECOND: &str = "/api/v1/namespaces/consul/pods?limit=500&labelSelector=app%3Dconsul%2Ctier%21%3Dx&continue=ENCODED_CONTINUE_TOKEN%2B%2F%3D";

fn take(target: &str) -> Take {
    Take::get(target).header("authorization", "Bearer hush")
}

#[test]
fn keys_that_cannot_be_right_are_refused_offline() {
    for wrong in [
        "host_network=yes",
        "namespace=a/b",
        "namespace=../secrets",
        "source=endpoints",
        "source=endpointslice",
        "source=endpointslice service=a field_selector=b",
        "source=ordinal replicas=3",
        "source=ordinal stateful_set=a replicas=0",
        "source=ordinal stateful_set=a replicas=1001",
        "source=ordinal stateful_set=a replicas=3 label_selector=b",
        "source=ordinal stateful_set=a replicas=3 namespace=*",
        "service=a",
        "source=service_dns",
        "source=service_dns service=a token=b",
        "source=service_dns service=a namespace=*",
        "hostname=true addr=private_v4",
        "label_selctor=a",
    ] {
        let text = format!("provider=k8s {wrong}");
        assert!(Query::parse(&text).is_err(), "{wrong}");
    }
    for good in ["", "host_network=F", "hostname=1", "namespace=*", QUERY] {
        let text = format!("{} {good}", if good == QUERY { "" } else { "provider=k8s" });
        let shown = Query::parse(&text).unwrap().to_string();
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[tokio::test]
async fn a_selector_that_the_api_refuses_is_a_mistake_of_the_query() {
    let refused = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"found '=', expected: ',' or 'end of string'","reason":"BadRequest","code":400}"#;
    for (body, wanted) in [(refused, Kind::Query), ("{}", Kind::Answer)] {
        let tape = Tape::play([take(FIRST).status(400).json(body)]).await;
        let error = tape.resolve(QUERY).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_becomes_an_empty_list() {
    let slices = "provider=k8s source=endpointslice service=a token=hush";
    for hostile in Hostile::ALL {
        for query in [QUERY, slices] {
            let tape = Tape::always(hostile).await;
            let error = tape.resolve(query).await.unwrap_err();
            assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
