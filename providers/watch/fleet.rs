//! Many agents at once at one small API: each knows all, soon, after few calls.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::watch::Watch;
use crate::{
    About, Address, BoxFuture, Environment, FakeDns, HTTP_KEYS, Instance, Io, Key, Keys, Kind,
    Lookup, Provider, RealHttp, Registry, Request, ResolveError, Rest, Seen,
};

/// Agents, each of which has an instance in the list.
const AGENTS: u32 = 200;

/// Calls that the API answers in a second, and at once after a quiet second.
const RATE: f64 = 20.0;

/// A vendor with zones in one list.
#[derive(Debug)]
struct Fleet;

#[derive(Debug, Serialize, Deserialize)]
struct List {
    instances: Vec<IpAddr>,
    failed_zones: Vec<String>,
}

impl Provider for Fleet {
    fn name(&self) -> &'static str {
        "fleet"
    }

    fn about(&self) -> &'static About {
        &About {
            finds: "the agents of this test",
            credentials: "",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        const KEYS: &[Key] = &[Key::filled("agent", "who asks")];
        &[KEYS, HTTP_KEYS]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let rest = Rest::open(lookup, "https://api.example").await?;
            let agent = lookup.query.value("agent").unwrap_or_default();
            let list: List = rest
                .get("list", "list")
                .query("agent", agent)
                .json()
                .await?;
            for ip in list.instances {
                seen.add(Instance::from_call("list").with_address(Address::of(ip)));
            }
            for zone in list.failed_zones {
                let error = rest.error(Kind::Unavailable, "list");
                seen.gap(
                    format!("zone {zone}"),
                    error.with("reply", "the zone failed"),
                );
            }
            Ok(())
        })
    }
}

/// What the API remembers.
#[derive(Debug)]
struct Api {
    /// Calls that may be answered now, and since when that is counted.
    tokens: f64,
    counted: Instant,
    /// Calls that were let through.
    served: usize,
    throttled: usize,
    calls: BTreeMap<u32, usize>,
}

#[derive(Debug, Deserialize)]
struct Asker {
    agent: u32,
}

/// What the API does with a call.
enum Does {
    Throttle,
    Hang,
    Busy,
    FailAZone,
    Answer,
}

fn judge(api: &mut Api, agent: u32) -> Does {
    let now = Instant::now();
    let fresh = now.duration_since(api.counted).as_secs_f64() * RATE;
    (api.tokens, api.counted) = ((api.tokens + fresh).min(RATE), now);
    *api.calls.entry(agent).or_default() += 1;
    if api.tokens < 1.0 {
        api.throttled += 1;
        return Does::Throttle;
    }
    api.tokens -= 1.0;
    api.served += 1;
    match api.served {
        10 => Does::Hang,
        50 => Does::Busy,
        100 => Does::FailAZone,
        _ => Does::Answer,
    }
}

fn instances() -> Vec<IpAddr> {
    let first = u32::from(Ipv4Addr::new(10, 1, 0, 0));
    (0..AGENTS)
        .map(|agent| IpAddr::V4(Ipv4Addr::from(first + agent)))
        .collect()
}

async fn list(State(api): State<Arc<Mutex<Api>>>, asker: Parameters<Asker>) -> Response {
    let does = judge(&mut api.lock().unwrap(), asker.agent);
    let refuse = |status, seconds: &'static str| (status, [("retry-after", seconds)]);
    let mut list = List {
        instances: instances(),
        failed_zones: Vec::new(),
    };
    match does {
        Does::Throttle => refuse(StatusCode::TOO_MANY_REQUESTS, "1").into_response(),
        Does::Busy => refuse(StatusCode::SERVICE_UNAVAILABLE, "3").into_response(),
        Does::Hang => std::future::pending().await,
        Does::FailAZone => {
            list.instances.truncate(100);
            list.failed_zones.push("b".to_owned());
            Json(list).into_response()
        }
        Does::Answer => Json(list).into_response(),
    }
}

/// Doors of an agent of its own. They are used once before the start: each agent would load its
/// roots on a machine of its own, and here two hundred do on one.
async fn doors(url: &str) -> Io {
    let io = Io::new(Environment::fixed([]), FakeDns::default()).with_http(RealHttp::default());
    let warm = Request {
        method: Method::GET,
        url: format!("{url}/warm").parse().unwrap(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        body_bytes_max: 1_000,
        route: Arc::default(),
    };
    assert_eq!(io.http().send(warm).await.unwrap().status, 404);
    io
}

/// Ends when the agent knows all.
async fn agent(number: u32, url: String, io: Io, start: Instant) -> Duration {
    let registry = Registry::empty().with(&Fleet);
    // They start within a second, evenly.
    io.clock()
        .sleep(Duration::from_millis(u64::from(number * 5)))
        .await;
    let text = format!("provider=fleet agent={number} endpoint={url}");
    let query = registry.parse(&text).unwrap();
    let mut watch = Watch::new(io)
        .with_registry(registry)
        .with_query(query)
        .start();
    loop {
        let update = watch.next().await.unwrap();
        if !update.is_old() && update.contacts.len() == instances().len() {
            return start.elapsed();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_agents_at_an_api_of_twenty_calls_a_second_all_know_all_within_a_minute() {
    let api = Arc::new(Mutex::new(Api {
        tokens: RATE,
        counted: Instant::now(),
        served: 0,
        throttled: 0,
        calls: BTreeMap::new(),
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/list", routing::get(list))
        .with_state(Arc::clone(&api));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut ios = Vec::new();
    for _agent in 0..AGENTS {
        ios.push(doors(&url).await);
    }
    let start = Instant::now();
    let agents = (0..AGENTS).zip(ios);
    let agents = agents.map(|(number, io)| tokio::spawn(agent(number, url.clone(), io, start)));
    let agents: Vec<_> = agents.collect();
    let mut times = Vec::new();
    for agent in agents {
        times.push(agent.await.unwrap());
    }
    server.abort();
    times.sort_unstable();
    let api = api.lock().unwrap();
    let calls: Vec<usize> = api.calls.values().copied().collect();
    let most = calls.iter().max().copied().unwrap_or_default();
    let by = |calls_each: usize| calls.iter().filter(|calls| **calls == calls_each).count();
    println!(
        "all know all after {:?} (half of them after {:?}); {} calls, {} throttled; agents with 1 to 5 calls: {:?}",
        times[times.len() - 1],
        times[times.len() / 2],
        calls.iter().sum::<usize>(),
        api.throttled,
        [by(1), by(2), by(3), by(4), by(5)]
    );
    assert_eq!(calls.len(), 200);
    assert!(times[times.len() - 1] < Duration::from_mins(1), "{times:?}");
    assert!(most < 5, "{most} calls");
}
