//! Names of pods and Services, without the API.

use std::time::Duration;

use super::shown;
use crate::{
    Answer, Environment, FakeDns, Io, Kind, Query, Question, Record, RecordData, RecordKind,
    ResolveError, resolve,
};

async fn ask(dns: &FakeDns, text: &str) -> Result<Answer, ResolveError> {
    let io = Io::new(
        Environment::fixed([("POD_NAMESPACE", "consul")]),
        dns.clone(),
    );
    let query = Query::parse(&format!("provider=k8s {text}")).unwrap();
    resolve(&query, &io).await
}

#[tokio::test]
async fn ordinals_name_the_pods_of_a_stateful_set_without_a_call() {
    let none = FakeDns::default();
    let text =
        "source=ordinal stateful_set=consul service=peers replicas=2 namespace=own port=8301";
    assert_eq!(
        shown(&ask(&none, text).await.unwrap()),
        [
            "consul-0.peers.consul.svc.cluster.local:8301",
            "consul-1.peers.consul.svc.cluster.local:8301",
        ]
    );
    let text = "source=ordinal stateful_set=db replicas=1 start=5 cluster_domain=example.org";
    assert_eq!(
        shown(&ask(&none, text).await.unwrap()),
        ["db-5.db.default.svc.example.org"]
    );
}

const NAME: &str = "peers.consul.svc.cluster.local";
const SERVICE: &str = "source=service_dns service=peers namespace=consul";

fn with(dns: FakeDns, name: &str, kind: RecordKind, all: Vec<RecordData>) -> FakeDns {
    let question = Question {
        name: format!("{name}."),
        kind,
        server: None,
    };
    let ttl = Duration::from_secs(5);
    let records = all.into_iter().map(|data| Record { ttl, data }).collect();
    dns.with_records(question, records)
}

fn address(ip: &str) -> RecordData {
    RecordData::Address(ip.parse().unwrap())
}

#[tokio::test]
async fn a_services_name_gives_one_family_unless_both_are_asked_for() {
    let v6 = vec![address("fd00::5")];
    let only = with(FakeDns::default(), NAME, RecordKind::Aaaa, v6);
    assert_eq!(shown(&ask(&only, SERVICE).await.unwrap()), ["fd00::5"]);
    let v4 = vec![address("10.1.0.6"), address("10.1.0.5")];
    let both = with(only, NAME, RecordKind::A, v4);
    let answer = ask(&both, SERVICE).await.unwrap();
    assert_eq!(shown(&answer), ["10.1.0.5", "10.1.0.6"]);
    let answer = ask(&both, &format!("{SERVICE} addr=private_v6"))
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["fd00::5"]);
    let error = ask(&FakeDns::default(), SERVICE).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
}

#[tokio::test]
async fn a_named_port_gives_each_pod_with_it_and_a_lost_name_is_a_gap() {
    let pod = |ordinal: u8| format!("consul-{ordinal}.{NAME}");
    let srv = |ordinal| RecordData::Srv {
        priority: 0,
        weight: 50,
        port: 8301,
        target: pod(ordinal),
    };
    let services = vec![srv(0), srv(1)];
    let dns = with(
        FakeDns::default(),
        &format!("_serflan._tcp.{NAME}"),
        RecordKind::Srv,
        services,
    );
    let dns = with(dns, &pod(0), RecordKind::A, vec![address("10.1.0.5")]);
    let answer = ask(&dns, &format!("{SERVICE} port_name=serflan")).await;
    let answer = answer.unwrap();
    assert_eq!(shown(&answer), ["10.1.0.5:8301"]);
    assert_eq!(answer.contacts[0].name, Some(pod(0)));
    assert_eq!(answer.gaps[0].part, format!("name {}", pod(1)));
    let error = ask(&dns, &format!("{SERVICE} port_name=grpc")).await;
    assert_eq!(error.unwrap_err().kind(), Kind::Answer);
}
