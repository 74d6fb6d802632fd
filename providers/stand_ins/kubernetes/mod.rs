//! `k8s` before a real API server with its store: pods by pages, slices, rights and tokens.

mod cluster;

use cluster::{Cluster, running};
use futures_util::{StreamExt as _, stream};
use quorate_providers::{
    Answer, Environment, FakeFiles, Fate, Io, Kind, Query, RealHttp, SystemDns, resolve,
};
use serde_json::{Value, json};

use crate::{gaps, shown};

/// Running pods with the label: more than a page of 500.
const MANY: u16 = 520;

/// Pods of every sort: those that count are at 10.1.0.1, .2 with a spare address, and .3 not ready.
async fn sorts(cluster: &Cluster) {
    let none = || json!({});
    cluster.pod("one", none(), running("10.1.0.1")).await;
    let mut two = running("10.1.0.2");
    two["podIPs"] = json!([{"ip": "10.1.0.2"}, {"ip": "fd00::2"}]);
    let port =
        json!({"metadata": {"annotations": {"consul.hashicorp.com/auto-join-port": "gossip"}}});
    cluster.pod("two", port, two).await;
    let mut three = running("10.1.0.3");
    three["conditions"][0]["status"] = json!("False");
    cluster.pod("three", none(), three).await;
    let pending = json!({"phase": "Pending", "podIP": "10.1.0.4"});
    cluster.pod("four", none(), pending).await;
    let done = json!({"phase": "Succeeded", "podIP": "10.1.0.5"});
    cluster.pod("five", none(), done).await;
    let kept = json!({"metadata": {"finalizers": ["example.com/kept"]}});
    cluster.pod("six", kept, running("10.1.0.6")).await;
    let six = cluster.url("/api/v1/namespaces/peers/pods/six");
    cluster.call(cluster.client.delete(six)).await;
    let other = json!({"metadata": {"labels": {"app": "other"}}});
    cluster.pod("seven", other, running("10.1.0.7")).await;
}

#[tokio::test]
async fn an_api_server_gives_the_running_pods_by_their_labels() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    sorts(&cluster).await;
    let rows: [(&str, &[&str]); 6] = [
        (
            "label_selector=\"app=peer\"",
            &["10.1.0.1", "10.1.0.2:8301"],
        ),
        (
            "label_selector=\"app in (peer,x),tier!=y\" port=7",
            &["10.1.0.1:7", "10.1.0.2:7"],
        ),
        (
            "label_selector=\"app=peer\" include_not_ready=true port=7",
            &["10.1.0.1:7", "10.1.0.2:7", "10.1.0.3:7"],
        ),
        (
            "field_selector=\"metadata.name=two\" port=7 addr=private_v6",
            &["[fd00::2]:7"],
        ),
        (
            "label_selector=\"app=peer\" host_network=true port=7",
            &["10.0.0.1:7"],
        ),
        ("label_selector=\"app=nobody\"", &[]),
    ];
    for (keys, wanted) in rows {
        let answer = cluster.ask("list", keys).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{keys}");
        assert!(answer.is_complete(), "{keys}: {:?}", gaps(&answer));
    }
    let answer = cluster
        .ask("list", "label_selector=\"app=peer\"")
        .await
        .unwrap();
    let fates = ["three", "four", "five", "six"].map(|name| {
        let mut all = answer.seen.iter();
        let found = all.find(|(one, _fate)| one.name.as_deref() == Some(name));
        match &found.unwrap().1 {
            Fate::Dropped(why) => why.clone(),
            other => panic!("{name}: {other:?}"),
        }
    });
    assert_eq!(
        fates,
        [
            "is not ready",
            "is Pending",
            "is Succeeded",
            "is being deleted"
        ]
    );
}

#[tokio::test]
async fn an_api_server_gives_more_pods_than_a_page_holds() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let one = |n: u16| {
        let ip = format!("10.2.{}.{}", n / 250, n % 250 + 1);
        let cluster = &cluster;
        async move {
            let name = format!("peer-{n}");
            cluster.pod(&name, json!({}), running(&ip)).await;
        }
    };
    stream::iter(0..MANY)
        .map(one)
        .buffer_unordered(16)
        .collect::<()>()
        .await;
    let answer = cluster
        .ask("list", "label_selector=\"app=peer\"")
        .await
        .unwrap();
    assert_eq!(answer.contacts.len(), usize::from(MANY));
    assert!(answer.is_complete(), "{:?}", gaps(&answer));
}

#[tokio::test]
async fn an_api_server_gives_the_endpoints_of_a_service_from_all_its_slices() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let slice = |name: &str, family: &str, endpoints: Value| {
        json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "peer"}},
            "addressType": family, "endpoints": endpoints,
            "ports": [{"name": "gossip", "port": 8301, "protocol": "TCP"}],
        })
    };
    let of = |ip: &str, ready: bool| {
        let pod = json!({"kind": "Pod", "namespace": "peers", "name": ip.replace([':', '.'], "-")});
        json!({"addresses": [ip], "conditions": {"ready": ready}, "targetRef": pod})
    };
    let slices = [
        slice(
            "peer-a",
            "IPv4",
            json!([of("10.3.0.1", true), of("10.3.0.2", true)]),
        ),
        slice(
            "peer-b",
            "IPv4",
            json!([of("10.3.0.3", true), of("10.3.0.4", false)]),
        ),
        slice("peer-c", "IPv6", json!([of("fd00::3", true)])),
    ];
    let path = "/apis/discovery.k8s.io/v1/namespaces/peers/endpointslices";
    for slice in slices {
        cluster.post(path, slice).await;
    }
    let keys = "source=endpointslice service=peer port_name=gossip";
    let answer = cluster.ask("list", keys).await.unwrap();
    let wanted = [
        "10.3.0.1:8301",
        "10.3.0.2:8301",
        "10.3.0.3:8301",
        "[fd00::3]:8301",
    ];
    assert_eq!(shown(&answer), wanted);
    assert!(answer.is_complete(), "{:?}", gaps(&answer));
    let more = format!("{keys} include_not_ready=true addr=private_v4");
    let answer = cluster.ask("list", &more).await.unwrap();
    assert_eq!(answer.contacts.len(), 4, "{:?}", shown(&answer));
    let none = cluster
        .ask("list", "source=endpointslice service=nobody")
        .await;
    let is_empty = |answer: &Answer| answer.contacts.is_empty();
    assert!(
        none.as_ref().is_err() || none.as_ref().is_ok_and(is_empty),
        "{none:?}"
    );
}

#[tokio::test]
async fn an_api_server_that_refuses_is_an_error_of_its_kind() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let rows = [
        ("wrong", "label_selector=\"app=peer\"", Kind::Credentials),
        ("no", "label_selector=\"app=peer\"", Kind::Denied),
        ("list", "namespace=default", Kind::Denied),
        ("list", "namespace=*", Kind::Denied),
        ("list", "label_selector=\"a=b=c\"", Kind::Query),
        ("list", "field_selector=\"spec.unknown=a\"", Kind::Query),
    ];
    for (who, keys, wanted) in rows {
        let string = cluster.string(who, "");
        let string = if keys.starts_with("namespace") {
            string.replace("namespace=peers", "")
        } else {
            string
        };
        let query = Query::parse(&format!("{string} {keys}")).unwrap();
        let error = resolve(&query, &Io::real()).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{who} {keys}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("-token"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_api_server_knows_a_pod_by_its_token_and_a_person_by_a_kubeconfig() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.pod("one", json!({}), running("10.1.0.1")).await;
    let accounts = "/api/v1/namespaces/peers/serviceaccounts";
    cluster
        .post(accounts, json!({"metadata": {"name": "agent"}}))
        .await;
    let request = json!({"spec": {"expirationSeconds": 3600}});
    let made = cluster
        .post(&format!("{accounts}/agent/token"), request)
        .await;
    let token = made.pointer("/status/token").unwrap().as_str().unwrap();
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    let files = FakeFiles::default()
        .with(&format!("{account}/token"), token.as_bytes())
        .with(&format!("{account}/ca.crt"), cluster.roots_pem.clone())
        .with(&format!("{account}/namespace"), b"peers");
    let (host, port) = (cluster.at.ip().to_string(), cluster.at.port().to_string());
    let variables = [
        ("KUBERNETES_SERVICE_HOST", &*host),
        ("KUBERNETES_SERVICE_PORT", &*port),
    ];
    let io = Io::new(Environment::fixed(variables), SystemDns)
        .with_http(RealHttp::default())
        .with_files(files);
    let query = Query::parse("provider=k8s namespace=own label_selector=\"app=peer\"").unwrap();
    assert_eq!(shown(&resolve(&query, &io).await.unwrap()), ["10.1.0.1"]);

    let kubeconfig = json!({
        "clusters": [{"name": "c", "cluster": {
            "server": cluster.url(""), "certificate-authority": "certificates/apiserver.crt"}}],
        "users": [{"name": "u", "user": {"token": "list-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "peers"}}],
        "current-context": "x",
    });
    let path = cluster.place.write("kubeconfig", &kubeconfig.to_string());
    let text = format!("provider=k8s kubeconfig={path} namespace=own label_selector=\"app=peer\"");
    let answer = resolve(&Query::parse(&text).unwrap(), &Io::real())
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.1.0.1"]);
}
