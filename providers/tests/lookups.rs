//! Lookups: what comes of contacts, gaps, failures and deadlines, and of a name without a provider.

use std::net::IpAddr;
use std::time::Duration;

use super::{End, Scripted, parse};
use crate::tape::shown;
use crate::{
    Answer, BoxFuture, Dns, Environment, FakeDns, Fate, Found, Io, Kind, Limits, Lookup,
    ResolveError, lookup, resolve::run,
};

fn closed() -> Io {
    Io::new(Environment::fixed([]), FakeDns::default())
}

async fn ask(provider: Scripted) -> Result<Answer, ResolveError> {
    let query = parse("provider=scripted tag_key=a").unwrap();
    let (io, limits) = (closed(), Limits::default());
    let lookup = Lookup {
        query: &query,
        io: &io,
        limits: &limits,
    };
    run(&provider, lookup).await
}

fn gaps(answer: &Answer) -> Vec<Kind> {
    answer.gaps.iter().map(|gap| gap.error.kind()).collect()
}

const TWO: &[&str] = &["10.0.0.2", "10.0.0.1", "10.0.0.2"];

#[tokio::test]
async fn contacts_come_sorted_and_once() {
    let answer = ask(Scripted {
        contacts: TWO,
        ..Scripted::default()
    });
    let answer = answer.await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2"]);
    assert!(answer.is_complete());
}

#[tokio::test]
async fn nothing_there_is_an_empty_and_complete_answer() {
    let answer = ask(Scripted::default()).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
}

#[tokio::test]
async fn a_failure_after_some_contacts_leaves_a_partial_answer() {
    let answer = ask(Scripted {
        contacts: TWO,
        gap: true,
        end: End::Fails(Kind::Throttled),
    });
    let answer = answer.await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(gaps(&answer), [Kind::Denied, Kind::Throttled]);
}

#[tokio::test]
async fn a_failure_before_any_contact_is_an_error() {
    let found = ask(Scripted {
        end: End::Fails(Kind::Throttled),
        ..Scripted::default()
    });
    assert_eq!(found.await.unwrap_err().kind(), Kind::Throttled);
}

#[tokio::test]
async fn gaps_alone_are_an_error_and_not_an_empty_list() {
    let found = ask(Scripted {
        gap: true,
        ..Scripted::default()
    });
    assert_eq!(found.await.unwrap_err().kind(), Kind::Denied);
}

#[tokio::test]
async fn a_vendor_that_is_not_the_api_is_believed_in_nothing() {
    let found = ask(Scripted {
        contacts: TWO,
        end: End::Fails(Kind::Answer),
        ..Scripted::default()
    });
    assert_eq!(found.await.unwrap_err().kind(), Kind::Answer);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_lookup_that_hangs_and_keeps_what_was_found() {
    let started = tokio::time::Instant::now();
    let answer = ask(Scripted {
        contacts: TWO,
        end: End::Hangs,
        ..Scripted::default()
    });
    let answer = answer.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(gaps(&answer), [Kind::Timeout]);
    let nothing = ask(Scripted {
        end: End::Hangs,
        ..Scripted::default()
    });
    assert_eq!(nothing.await.unwrap_err().kind(), Kind::Timeout);
}

#[derive(Debug)]
struct HangingDns;

impl Dns for HangingDns {
    fn addresses<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, Found> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_gives_all_its_addresses() {
    let ips: [IpAddr; 3] = ["2001:db8::1", "10.0.0.2", "10.0.0.1"].map(|ip| ip.parse().unwrap());
    let dns = FakeDns::default().with("consul.example", ips);
    let io = Io::new(Environment::fixed([]), dns);
    let answer = lookup("consul.example", &io).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2", "2001:db8::1"]);
    assert_eq!(answer.fresh_for, Some(Duration::from_mins(1)));
    let literal = lookup("2001:db8::7", &io).await.unwrap();
    assert_eq!(
        (shown(&literal), literal.fresh_for),
        (vec!["2001:db8::7".to_owned()], None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_or_an_answer_is_an_error() {
    let absent = lookup("nobody.example", &closed()).await.unwrap_err();
    assert_eq!(absent.kind(), Kind::Answer);
    let io = Io::new(Environment::fixed([]), HangingDns);
    let late = tokio::time::timeout(Duration::from_secs(31), lookup("slow.example", &io));
    assert_eq!(late.await.unwrap().unwrap_err().kind(), Kind::Timeout);
}

#[tokio::test]
async fn an_answer_tells_what_became_of_every_instance() {
    let answer = ask(Scripted {
        contacts: TWO,
        ..Scripted::default()
    });
    let answer = answer.await.unwrap();
    let fates: Vec<(String, bool)> = answer
        .seen
        .iter()
        .map(|(instance, fate)| (instance.label(), matches!(fate, Fate::Kept(_))))
        .collect();
    let kept = |ip: &str| (ip.to_owned(), true);
    assert_eq!(fates, TWO.iter().map(|ip| kept(ip)).collect::<Vec<_>>());
}
