//! `http` before a server of Prometheus' `http_sd` form; Prometheus itself is the judge of what is in it.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use quorate_providers::Contact;
use serde_json::Value;

use crate::{Place, Program, ask, client, eventually, program, shown};

/// Target groups as people write them for the server.
const GROUPS: &str = r#"[
    {"targets": ["10.0.0.2:8301", "10.0.0.1:8301"], "labels": {"role": "server", "dc": "eu"}},
    {"targets": ["[fd00::1]:8301", "peer.example.com:8301"], "labels": {"role": "client"}},
    {"targets": [], "labels": {"role": "nobody"}}
]"#;

const CALM: &str = r#"[{"targets": ["10.0.0.9:8301"], "labels": {}}]"#;

/// The server, with its files.
async fn server(path: &std::path::Path, place: &Place) -> (Program, SocketAddrV4) {
    std::fs::create_dir(place.path("lists")).unwrap();
    place.write("lists/peers.json", GROUPS);
    std::fs::create_dir(place.path("lists/other")).unwrap();
    place.write("lists/other/calm.json", CALM);
    std::fs::create_dir(place.path("lists/none")).unwrap();
    let at = place.port();
    let (ip, port) = (at.ip().to_string(), at.port().to_string());
    let lists = place.text("lists");
    let cache = place.text("");
    let serve = [
        "serve",
        "--host",
        &ip,
        "--port",
        &port,
        "--cache-dir",
        &cache,
    ];
    let soon = ["--cache-refresh-interval", "1", &lists];
    let args: Vec<String> = serve
        .iter()
        .chain(&soon)
        .map(|&arg| arg.to_owned())
        .collect();
    let client = client(None);
    // It answers with an error until it has read what it is asked for, which it does behind.
    let answers = || {
        let client = client.clone();
        async move {
            for path in ["targets", "targets/other", "targets/none"] {
                let reply = client.get(format!("http://{at}/{path}")).send().await;
                if !reply.is_ok_and(|reply| reply.status() == 200) {
                    return false;
                }
            }
            true
        }
    };
    (Program::start(path, place, &args, answers).await, at)
}

#[tokio::test]
async fn a_server_of_http_sd_gives_what_prometheus_reads_from_it() {
    let Some(path) = program("prometheus-http-sd") else {
        return;
    };
    let place = Place::new();
    let (_server, at) = server(&path, &place).await;
    let list = |path: &str| format!("provider=http url=http://{at}/{path}");
    let all = ask(&list("targets")).await.unwrap();
    let wanted = [
        "10.0.0.1:8301",
        "10.0.0.2:8301",
        "10.0.0.9:8301",
        "[fd00::1]:8301",
        "peer.example.com:8301",
    ];
    assert_eq!(shown(&all), wanted);
    assert!(all.is_complete(), "{:?}", all.gaps);
    let part = ask(&list("targets/other")).await.unwrap();
    assert_eq!(shown(&part), ["10.0.0.9:8301"]);
    let none = ask(&list("targets/none")).await.unwrap();
    assert!(none.contacts.is_empty() && none.is_complete(), "{none:?}");
    for wrong in ["nowhere", "targets/nowhere", "metrics"] {
        let error = ask(&list(wrong)).await;
        assert!(error.is_err(), "{wrong}: {error:?}");
    }

    if let Some(path) = program("prometheus") {
        let read = prometheus(&path, &place, at, wanted.len()).await;
        assert_eq!(read, labelled(&all.contacts));
    }
}

/// Targets with their labels, by address.
type Labelled = BTreeMap<String, BTreeMap<String, String>>;

fn labelled(contacts: &[Contact]) -> Labelled {
    let one = |contact: &Contact| (contact.to_string(), contact.tags.clone());
    contacts.iter().map(one).collect()
}

/// What Prometheus reads from the server, once it has that many targets.
async fn prometheus(
    path: &std::path::Path,
    place: &Place,
    from: SocketAddrV4,
    many: usize,
) -> Labelled {
    // All are dropped again once they are read, so that none is ever asked for metrics.
    let config = format!(
        "scrape_configs:\n  - job_name: peers\n    http_sd_configs: [{{url: 'http://{from}/targets'}}]\n    relabel_configs: [{{action: drop}}]\n"
    );
    let config = place.write("prometheus.yml", &config);
    let at = place.port();
    let args = [
        format!("--config.file={config}"),
        format!("--storage.tsdb.path={}", place.text("tsdb")),
        format!("--web.listen-address={at}"),
    ];
    let client = client(None);
    let ask = || {
        let reply = client
            .get(format!("http://{at}/api/v1/targets?state=dropped"))
            .send();
        async move {
            let body = reply.await.ok()?.bytes().await.ok()?;
            let body: Value = serde_json::from_slice(&body).ok()?;
            let targets = body.pointer("/data/droppedTargets")?.as_array()?.clone();
            (targets.len() == many).then_some(targets)
        }
    };
    let _program = Program::start(path, place, &args, || async { ask().await.is_some() }).await;
    let targets = eventually("the targets are there", ask).await;
    let one = |target: &Value| {
        let all = target["discoveredLabels"].as_object().unwrap().clone();
        let text = |value: Value| value.as_str().unwrap().to_owned();
        let address = text(all["__address__"].clone());
        let plain = all
            .into_iter()
            .filter(|(name, _)| !name.starts_with("__") && name != "job");
        (
            address,
            plain.map(|(name, value)| (name, text(value))).collect(),
        )
    };
    targets.iter().map(one).collect()
}
