//! The crate's doors, with providers that need no vendor.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;

use crate::tape::shown;
use crate::{
    About, Address, Answer, BoxFuture, Dns, Environment, FakeDns, Fate, Found, Instance, Io, Key,
    Keys, Kind, Limits, Lookup, Provider, Query, QueryError, ResolveError, Seen, lookup,
    resolve::run,
};

/// A provider that adds its contacts and then ends as it was told.
#[derive(Debug, Default)]
struct Scripted {
    contacts: &'static [&'static str],
    gap: bool,
    end: End,
}

#[derive(Debug, Default, Clone, Copy)]
enum End {
    #[default]
    Well,
    Fails(Kind),
    Hangs,
}

const KEYS: &[Key] = &[
    Key::secret("password", "a secret"),
    Key::optional("region", "a region"),
    Key::required("tag_key", "a tag"),
    Key::optional("tag_value", "a value"),
];

impl Provider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn about(&self) -> &'static About {
        &About {
            finds: "what it is told",
            credentials: "",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        &[KEYS]
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        match query.value("region") {
            Some("mars") => Err(QueryError::Value {
                provider: "scripted",
                key: "region",
                why: "is too far".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn read<'a>(
        &'a self,
        _lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        let ip = |text: &&str| {
            let address = Address::of(text.parse().unwrap());
            Instance::from_call("read").with_address(address)
        };
        let error = |kind| ResolveError::new(kind, "scripted", "read");
        Box::pin(async move {
            seen.instances.extend(self.contacts.iter().map(ip));
            if self.gap {
                seen.gap("zone b", error(Kind::Denied));
            }
            match self.end {
                End::Well => Ok(()),
                End::Fails(kind) => Err(error(kind)),
                End::Hangs => std::future::pending().await,
            }
        })
    }
}

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse_among(text, &[&Scripted::default()])
}

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

#[test]
fn a_query_is_checked_when_it_is_parsed() {
    let rows = [
        ("", "no `provider=` in the query"),
        ("provider=\"\"", "no `provider=` in the query"),
        (
            "provider=scriptde tag_key=a",
            "unknown provider `scriptde`; is `scripted` meant?",
        ),
        (
            "provider=scripted tag_kye=a",
            "scripted takes no key `tag_kye`; is `tag_key` meant?",
        ),
        (
            "provider=scripted x_y_z=a",
            "scripted takes no key `x_y_z`; one of password, region, tag_key, tag_value",
        ),
        ("provider=scripted", "scripted needs the key `tag_key`"),
        (
            "provider=scripted tag_key=a region=mars",
            "scripted: `region` is too far",
        ),
        (
            "provider=scripted foo",
            "character 19: `foo` has no `=`; a value with spaces needs double quotes",
        ),
    ];
    for (text, wanted) in rows {
        let found = parse(text).map_err(|error| error.to_string());
        assert_eq!(found, Err(wanted.to_owned()), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_query_is_one_line_whatever_stands_in_it() {
    let long = "x".repeat(10_000);
    for text in [
        r#"provider="a\nlevel=error""#.to_owned(),
        r#"provider=static addrs=a "x\n\u202ey"=1"#.to_owned(),
        r#"provider=static addrs="a\nb\u2028c""#.to_owned(),
        r#"provider=static addrs=a port="1\n2""#.to_owned(),
        format!("provider={long}"),
        format!("provider=static addrs=a {long}=1"),
        format!("provider=static addrs=a port={long}"),
    ] {
        let line = Query::parse(&text).unwrap_err().to_string();
        assert!(!line.contains(['\n', '\u{202e}', '\u{2028}']), "{line:?}");
        assert!(line.len() < 1_000, "{line}");
    }
}

#[test]
fn an_empty_value_is_none() {
    let query = parse("region=\"\" tag_key=a provider=scripted").unwrap();
    assert_eq!(query.value("region"), None);
    assert_eq!(query.value("tag_key"), Some("a"));
}

#[test]
fn a_secret_is_never_shown() {
    let query = parse("tag_key=a password=hush provider=scripted").unwrap();
    assert_eq!(
        query.to_string(),
        "provider=scripted password=**** tag_key=a"
    );
    assert_eq!(
        format!("{query:?}"),
        "Query(provider=scripted password=**** tag_key=a)"
    );
    for text in [
        "provider=scripted password=hu sh",
        "provider=scripted password=hu sh=",
        "provider=scripted password='hu sh'",
        "provider=scripted password=hush= tag_key=a",
        "provider=scripted password=\"hush",
        "provider=scripted password=hush tag_key=a region=mars",
        "provider=scripted password=hush",
    ] {
        let error = parse(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hu") && !shown.contains("sh"), "{shown}");
    }
}

#[test]
fn a_text_of_an_unknown_provider_is_shown_without_its_values() {
    let rows = [
        (
            "provider=nobody a=b c=\"d e\"",
            "provider=nobody a=**** c=****",
        ),
        ("provider=nobody a=b c", "provider=****"),
        ("a=b", "a=****"),
    ];
    for (text, wanted) in rows {
        assert_eq!(crate::redact(text), wanted);
    }
}

proptest! {
    #[test]
    fn a_query_without_secrets_reads_back_as_it_is_shown(
        region in "[^m].{0,8}", tag in any::<String>(), value in any::<String>()
    ) {
        let mut text = String::new();
        let pairs = [
            ("tag_key", &*tag), ("region", &*region), ("provider", "scripted"),
            ("tag_value", &*value),
        ];
        crate::grammar::write(&mut text, pairs).unwrap();
        let query = parse(&text).unwrap();
        prop_assert_eq!(parse(&query.to_string()), Ok(query));
    }

    #[test]
    fn any_text_is_a_query_or_an_error_and_can_be_redacted(text in "(provider=scripted )?.*") {
        let _query = parse(&text);
        let _shown = crate::redact(&text);
    }
}

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

#[test]
fn every_table_is_sorted_unique_and_documented() {
    for provider in crate::PROVIDERS {
        let names: Vec<&str> = crate::flat(provider.keys()).map(|key| key.name).collect();
        let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), unique.len(), "{}: {names:?}", provider.name());
        for table in provider.keys() {
            assert!(
                table.is_sorted_by_key(|key| key.name),
                "{}",
                provider.name()
            );
            assert!(
                table
                    .iter()
                    .all(|key| !key.doc.is_empty() && !key.doc.ends_with('.'))
            );
        }
        assert!(!provider.about().finds.is_empty());
    }
}
