//! Scenario A7 with real agents: sources that hang, are denied, ask for patience, fail or talk
//! nonsense delay nobody who is found by another, and each is told with its own error. That a fleet
//! of 200 spares such an API is the test of the providers' `fleet`.

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::ec2::{Fault, Instance, StandIn};
use crate::support::{Agent, World, eventually, quorate};

/// Joins in less are what the scenario asks of an idle machine; this one may be busy.
const BOUND: std::time::Duration = std::time::Duration::from_secs(3 * 2);

fn aws(endpoint: &str) -> String {
    format!(
        "provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={endpoint} \
         access_key_id=AKIDEXAMPLE secret_access_key=never-shown"
    )
}

/// A cloud whose every answer goes wrong.
async fn broken(fault: Fault) -> StandIn {
    let cloud = StandIn::start(Vec::new()).await.unwrap();
    cloud.fail(usize::MAX, fault);
    cloud
}

const fn error(status: u16, code: &'static str, retry_after: Option<u32>) -> Fault {
    Fault::Error {
        status,
        code,
        retry_after,
    }
}

/// A cloud in three pages: the server, and those that nobody may call.
async fn paged(world: &World, gone: std::net::Ipv4Addr) -> StandIn {
    let server = Instance::running("i-1", world.addr(1));
    let in_state = |n: usize, state: &str| Instance {
        state: state.to_owned(),
        ..Instance::running(&format!("i-{n}"), gone)
    };
    let v6 = Instance {
        private_v4: None,
        v6: vec!["2001:db8::1".to_owned()],
        ..Instance::running("i-v6", gone)
    };
    let states = ["stopped", "terminated", "pending", "shutting-down"];
    let mut all: Vec<Instance> = (2..).zip(states).map(|(n, s)| in_state(n, s)).collect();
    all.extend([v6, server]);
    let tagged = |instance: Instance| instance.tag("role", "server");
    let cloud = StandIn::start(all.into_iter().map(tagged).collect());
    let cloud = cloud.await.unwrap();
    cloud.set_page_size(2);
    cloud
}

async fn joins(world: &World, n: u8, sources: &[String]) -> Agent {
    let flags: Vec<String> = sources
        .iter()
        .map(|source| format!("-retry-join={source}"))
        .collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let began = Instant::now();
    let agent = world.agent(n, &flags);
    eventually("it found the server", || async {
        (agent.members(1).await.len() > 1).then_some(())
    })
    .await;
    let took = began.elapsed();
    println!("{} joined after {took:.1?}", agent.addr());
    assert!(took < BOUND, "{took:?}");
    agent
}

/// What an agent tells of each source: its words, its error, and whether it is tried again.
async fn told(agent: &Agent) -> Vec<(String, String, bool)> {
    let report = agent.get_json("/v1/agent/why").await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sources = report["Sources"].as_array().unwrap();
    sources
        .iter()
        .map(|source| {
            let is_tried = source["NextAttemptSeconds"].is_number() || source["Doing"] != "waiting";
            (text(&source["Source"]), text(&source["Error"]), is_tried)
        })
        .collect()
}

#[tokio::test]
async fn broken_sources_delay_nobody_and_each_is_told_with_its_own_error() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let hangs = broken(Fault::Hang).await;
    let denied = broken(error(403, "UnauthorizedOperation", None)).await;
    let busy = broken(error(503, "RequestLimitExceeded", Some(5))).await;
    let nonsense = world.write("garbage", "\u{1}\u{2} not an address\n");
    let broken = [
        (aws(&hangs.url()), ""),
        (aws(&denied.url()), "UnauthorizedOperation"),
        (aws(&busy.url()), "RequestLimitExceeded"),
        (aws("http://no-such-host.invalid"), "dns error"),
        (
            format!("provider=exec command=\"/bin/cat {}\"", nonsense.display()),
            "makes no sense",
        ),
    ];
    let sources: Vec<String> = broken.iter().map(|(source, _)| source.clone()).collect();
    let with = |more: String| [sources.clone(), vec![more]].concat();
    // Whoever lists one that does not run may not call it.
    let gone = world.addr(9);
    let door = TcpListener::bind((gone, 8301)).await.unwrap();
    let cloud = paged(&world, gone).await;
    let by_list = joins(&world, 2, &with(world.addr(1).to_string())).await;
    let by_cloud = joins(&world, 3, &with(aws(&cloud.url()))).await;
    for agent in [&by_list, &by_cloud] {
        for (at, (_, wanted)) in broken.iter().enumerate().skip(1) {
            let what = format!("{} tells of `{wanted}`", agent.addr());
            let (_, _, is_tried) = eventually(&what, || async {
                let source = told(agent).await.into_iter().nth(at)?;
                source.1.contains(wanted).then_some(source)
            })
            .await;
            assert!(is_tried, "{what}, and does not try again");
        }
        assert!(!agent.log_text().contains("never-shown"));
    }
    let called = futures_util::FutureExt::now_or_never(door.accept());
    assert!(called.is_none(), "somebody called one that does not run");
}

#[tokio::test]
async fn a_source_that_can_never_work_does_not_start() {
    let world = World::new();
    let rows = [
        ("provider=aws tag_key=role tag_valeu=x", "tag_valeu"),
        ("provider=aws tag_key= tag_value=server", "tag_key"),
        (
            "provider=aws tag_key=a tag_value=b addr_type=privat_v4",
            "privat_v4",
        ),
        ("\"provider=aws tag_key=role tag_value=server\"", "quote"),
        ("provider=awss tag_key=role", "awss"),
    ];
    for (source, named) in rows {
        let mut agent = world.agent(1, &[&format!("-retry-join={source}")]);
        assert_eq!(agent.ended().await, Some(1), "{source}");
        let text = agent.log_text();
        assert!(text.contains(named), "{source}: {text}");
        let checked = quorate(&["discover", "-check", source], None).await;
        assert_eq!(checked.code, Some(1), "{source}: {checked:?}");
        assert!(checked.stderr.contains(named), "{source}: {checked:?}");
    }
}
