//! Changes, as they are told.

mod cache;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::{Changes, Update, Watch};
use crate::{
    About, Address, BoxFuture, Clock, Environment, FakeClock, FakeDns, Instance, Io, Key, Keys,
    Kind, Lookup, Provider, Registry, ResolveError, Retry, Seen, SystemClock,
};

/// One lookup's outcome.
#[derive(Debug, Clone)]
enum Act {
    Finds(&'static [&'static str]),
    FindsSome(&'static [&'static str]),
    Fails(Kind, Option<Duration>),
    Hangs,
}

/// A provider that plays its acts, and the last one for ever.
#[derive(Debug)]
struct Played {
    name: &'static str,
    acts: Mutex<VecDeque<Act>>,
    times: Mutex<Vec<Duration>>,
}

impl Provider for Played {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static About {
        &About {
            finds: "what is played",
            credentials: "",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        const KEYS: &[Key] = &[Key::secret("token", "a secret")];
        &[KEYS]
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            self.times.lock().unwrap().push(lookup.io.clock().elapsed());
            let act = {
                let mut acts = self.acts.lock().unwrap();
                let first = acts.pop_front().unwrap();
                if acts.is_empty() {
                    acts.push_back(first.clone());
                }
                first
            };
            let error = |kind| ResolveError::new(kind, self.name, "play");
            let mut find = |ips: &[&str]| {
                for ip in ips {
                    let mut instance =
                        Instance::from_call("play").with_address(Address::of(ip.parse().unwrap()));
                    instance.name = Some(format!("n-{ip}"));
                    instance.tags.insert("role".to_owned(), "server".to_owned());
                    seen.add(instance);
                }
            };
            match act {
                Act::Finds(ips) => find(ips),
                Act::FindsSome(ips) => {
                    find(ips);
                    seen.gap("zone b", error(Kind::Unavailable));
                }
                Act::Fails(kind, None) => return Err(error(kind)),
                Act::Fails(kind, Some(pause)) => return Err(error(kind).with_pause(pause)),
                Act::Hangs => std::future::pending().await,
            }
            Ok(())
        })
    }
}

fn played(name: &'static str, acts: impl IntoIterator<Item = Act>) -> &'static Played {
    Box::leak(Box::new(Played {
        name,
        acts: Mutex::new(acts.into_iter().collect()),
        times: Mutex::default(),
    }))
}

/// The runtime's paused time, which goes on when all wait.
#[derive(Debug)]
struct PausedClock(tokio::time::Instant);

impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + FakeClock::BEGINNING + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(pause)
    }

    fn chance(&self) -> f64 {
        0.0
    }
}

fn io() -> Io {
    Io::new(Environment::fixed([]), FakeDns::default())
        .with_clock(PausedClock(tokio::time::Instant::now()))
}

fn watch(providers: &[&'static Played], cache: Option<PathBuf>) -> Changes {
    let mut registry = Registry::empty();
    for provider in providers {
        registry = registry.with(*provider);
    }
    let mut watch = Watch::new(io()).with_registry(registry.clone());
    if let Some(folder) = cache {
        watch = watch.with_cache(folder);
    }
    for provider in providers {
        let text = format!("provider={} token=hush", provider.name);
        watch = watch.with_query(registry.parse(&text).unwrap());
    }
    watch.start()
}

fn shown(contacts: &[crate::Contact]) -> Vec<String> {
    contacts.iter().map(ToString::to_string).collect()
}

/// Contacts, added, removed, whether it is old.
type Told = (Vec<String>, Vec<String>, Vec<String>, bool);

fn told(update: &Update) -> Told {
    let [contacts, added, removed] =
        [&update.contacts, &update.added, &update.removed].map(|list| shown(list));
    (contacts, added, removed, update.is_old())
}

fn row(all: &[&str], added: &[&str], removed: &[&str], is_old: bool) -> Told {
    let own = |list: &[&str]| list.iter().map(|ip| (*ip).to_owned()).collect();
    (own(all), own(added), own(removed), is_old)
}

#[tokio::test(start_paused = true)]
async fn only_a_complete_answer_takes_a_contact_away() {
    let source = played(
        "a",
        [
            Act::Finds(&["10.0.0.1", "10.0.0.2"]),
            Act::Finds(&["10.0.0.1", "10.0.0.2"]),
            Act::FindsSome(&["10.0.0.3"]),
            Act::Fails(Kind::Denied, None),
            Act::Finds(&["10.0.0.2", "10.0.0.3"]),
            Act::Finds(&[]),
        ],
    );
    let mut changes = watch(&[source], None);
    let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    let rows = [
        row(&all[..2], &all[..2], &[], false),
        row(&all, &all[2..], &[], true),
        row(&all, &[], &[], true),
        row(&all[1..], &[], &all[..1], false),
        row(&[], &[], &all[1..], false),
    ];
    let mut sinces = Vec::new();
    for wanted in rows {
        let update = changes.next().await.unwrap();
        assert_eq!(told(&update), wanted);
        sinces.push(update.since.unwrap());
    }
    assert_eq!(sinces[1], sinces[2], "an old answer keeps its time");
    assert!(sinces[3] > sinces[2]);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_or_is_denied_delays_no_other() {
    let hangs = played("hangs", [Act::Hangs]);
    let denied = played("denied", [Act::Fails(Kind::Denied, None)]);
    let good = played("good", [Act::Finds(&["10.0.0.1"])]);
    let started = tokio::time::Instant::now();
    let mut changes = watch(&[hangs, denied, good], None);
    let mut first = [changes.next().await.unwrap(), changes.next().await.unwrap()];
    first.sort_by_key(|update| update.source);
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(first[0].error.as_ref().unwrap().kind(), Kind::Denied);
    assert_eq!(shown(&first[1].contacts), ["10.0.0.1"]);
    let late = changes.next().await.unwrap();
    assert_eq!(
        (late.source, late.error.unwrap().kind()),
        (0, Kind::Timeout)
    );
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_refused_for_good_ends_and_the_stream_with_it() {
    let source = played("a", [Act::Fails(Kind::Query, None)]);
    let mut changes = watch(&[source], None);
    let update = changes.next().await.unwrap();
    assert_eq!(update.error.unwrap().retry(), Retry::Never);
    assert_eq!(update.next, None);
    assert!(changes.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pauses_are_those_that_the_error_asks_for() {
    let minute = Some(Duration::from_mins(1));
    let source = played(
        "a",
        [
            Act::Fails(Kind::Throttled, minute),
            Act::Fails(Kind::Timeout, None),
            Act::Finds(&["10.0.0.1"]),
            Act::Finds(&["10.0.0.2"]),
        ],
    );
    let mut changes = watch(&[source], None);
    for _update in 0..4 {
        let update = changes.next().await.unwrap();
        assert!(update.next.is_some());
    }
    let times = source.times.lock().unwrap().clone();
    let gaps: Vec<u64> = times
        .windows(2)
        .map(|two| two[1].abs_diff(two[0]).as_secs())
        .collect();
    assert_eq!(gaps[..3], [60, 1, 300]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_ends_every_lookup() {
    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);
    impl Clock for Counted {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            SystemClock.sleep(pause)
        }
        fn chance(&self) -> f64 {
            0.0
        }
    }
    let source = played("a", [Act::Finds(&["10.0.0.1"])]);
    let registry = Registry::empty().with(source);
    let io = io().with_clock(Counted(Arc::default()));
    let query = registry.parse("provider=a").unwrap();
    let watch = Watch::new(io).with_registry(registry).with_query(query);
    let mut changes = watch.start();
    changes.next().await.unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 1);
    drop(changes);
    tokio::task::yield_now().await;
    assert_eq!(metrics.num_alive_tasks(), 0);
}
