//! Every provider of this build passes the suite, and the suite notices each broken rule.

use std::path::Path;

use serde::Deserialize;

use super::{Fault, Sample, check, samples, told};
use crate::tape::{Hostile, Tape};
use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, HTTP_KEYS, Instance, Key, Keys, Kind, Lookup,
    PROVIDERS, Pages, Provider, Registry, ResolveError, Rest, Secret, Seen,
};

#[tokio::test(start_paused = true)]
async fn every_provider_passes_the_suite() {
    let mut all = Vec::new();
    for provider in PROVIDERS {
        let name = provider.name();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        assert!(folder.join("mod.rs").is_file(), "no folder {name}");
        for sample in samples::samples(name) {
            let faults = check(*provider, &sample).await;
            all.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn the_registry_is_sorted() {
    assert!(PROVIDERS.is_sorted_by_key(|provider| provider.name()));
}

/// Over a socket, and so also for providers that call through an SDK.
#[tokio::test(start_paused = true)]
async fn no_provider_takes_a_hostile_answer_for_an_answer() {
    let mut all = Vec::new();
    for provider in PROVIDERS {
        let mut keys = provider.keys().iter().copied().flatten();
        if !keys.any(|key| key.name == "endpoint") {
            continue;
        }
        let registry = Registry::empty().with(*provider);
        let samples = samples::samples(provider.name());
        let each = samples
            .iter()
            .flat_map(|one| Hostile::ALL.map(|hostile| (one, hostile)));
        for (sample, hostile) in each {
            let text = sample.query(*provider, &registry).unwrap();
            let tape = Tape::always(hostile).await;
            let variables = sample.variables.iter();
            let variables: Vec<(&str, &str)> =
                variables.map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let tape = tape.with_variables(&variables);
            if let Ok(answer) = tape.resolve(&text).await {
                all.push(format!("{}: {hostile:?}: {answer:?}", provider.name()));
            }
        }
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

/// How a provider is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nowhere,
    EmptyOnError,
    DefaultList,
    OneKindForAll,
    FollowsAnyLink,
    KnowsNoEnd,
    SilentOnLaterPages,
    TellsItsToken,
    LeavesATask,
    NeverAsks,
    Unsorted,
    Undocumented,
}

/// A provider as most are: a token, pages, links.
#[derive(Debug)]
struct Listed(Wrong);

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<std::net::IpAddr>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lenient {
    #[serde(default)]
    items: Vec<std::net::IpAddr>,
}

const KEYS: &[Key] = &[
    Key::required("tag", "a tag"),
    Key::secret("token", "a token"),
];
const UNSORTED: &[Key] = &[
    Key::secret("token", "a token"),
    Key::required("tag", "a tag"),
];
const UNDOCUMENTED: &[Key] = &[Key::required("tag", ""), Key::secret("token", "a token")];

impl Provider for Listed {
    fn name(&self) -> &'static str {
        "listed"
    }

    fn about(&self) -> &'static About {
        &About {
            finds: "what is on a list",
            credentials: "",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        match self.0 {
            Wrong::Unsorted => &[UNSORTED, ADDRESS_KEYS, HTTP_KEYS],
            Wrong::Undocumented => &[UNDOCUMENTED, ADDRESS_KEYS, HTTP_KEYS],
            _ => &[KEYS, ADDRESS_KEYS, HTTP_KEYS],
        }
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(self.list(lookup, seen))
    }
}

impl Listed {
    async fn list(&self, lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
        if self.0 == Wrong::NeverAsks {
            return Ok(());
        }
        if self.0 == Wrong::LeavesATask {
            drop(tokio::spawn(std::future::pending::<()>()));
        }
        let token = lookup.secret("token").await?;
        let token = token.unwrap_or_else(|| Secret::new("none"));
        let rest = Rest::open(lookup, "https://api.example").await?;
        let rest = rest.with_bearer(&token);
        let outcome = self.pages(&rest, seen).await;
        match (self.0, outcome) {
            (Wrong::EmptyOnError, _) => Ok(()),
            (Wrong::SilentOnLaterPages, _) if !seen.instances.is_empty() => Ok(()),
            (Wrong::OneKindForAll, Err(_)) => Err(rest.error(Kind::Denied, "list")),
            (Wrong::TellsItsToken, Err(error)) => Err(error.with("token", token.reveal())),
            (_, outcome) => outcome,
        }
    }

    async fn pages(&self, rest: &Rest<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
        let add = |seen: &mut Seen, items: Vec<std::net::IpAddr>| {
            let of = |ip| Instance::from_call("list").with_address(Address::of(ip));
            seen.instances.extend(items.into_iter().map(of));
        };
        let mut pages = Pages::new(rest, "list");
        let mut call = rest.get("list", "items");
        if self.0 == Wrong::DefaultList {
            let page: Lenient = call.json().await?;
            add(seen, page.items);
            return Ok(());
        }
        loop {
            let page: Page = call.json().await?;
            add(seen, page.items);
            let Some(next) = page.next else {
                return Ok(());
            };
            if self.0 == Wrong::FollowsAnyLink {
                let (base, _path) = next.rsplit_once('/').unwrap();
                let other = rest.at(base)?;
                let _page: Page = other.get("list", "items").query("page", "2").json().await?;
                return Ok(());
            }
            call = match self.0 {
                Wrong::KnowsNoEnd => rest.get("list", "items"),
                _ => pages.follow(&next)?,
            };
        }
    }
}

fn sample() -> Sample {
    let first = r#"{"items":["10.0.0.1"],"next":"http://{addr}/items?page=2"}"#;
    Sample::of("provider=listed tag=a token=hush")
        .page("page=2", r#"{"items":["10.0.0.2"]}"#)
        .page("/items", first)
        .next("page=2")
}

async fn faults(wrong: Wrong) -> Vec<Fault> {
    check(Box::leak(Box::new(Listed(wrong))), &sample()).await
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_keeps_every_rule_has_no_fault() {
    assert_eq!(faults(Wrong::Nowhere).await, []);
}

#[tokio::test(start_paused = true)]
async fn each_broken_rule_is_noticed() {
    let rows = [
        (
            Wrong::EmptyOnError,
            "a bad answer is an error of the right kind",
        ),
        (
            Wrong::DefaultList,
            "a bad answer is an error of the right kind",
        ),
        (
            Wrong::OneKindForAll,
            "a bad answer is an error of the right kind",
        ),
        (
            Wrong::FollowsAnyLink,
            "a link to another host is not followed",
        ),
        (Wrong::KnowsNoEnd, "pages in a circle are an error"),
        (Wrong::KnowsNoEnd, "pages without end are an error"),
        (
            Wrong::SilentOnLaterPages,
            "a page that cannot be read is a gap or an error",
        ),
        (Wrong::TellsItsToken, "a secret is never shown"),
        (
            Wrong::LeavesATask,
            "a lookup that is dropped leaves nothing behind",
        ),
        (
            Wrong::NeverAsks,
            "a lookup asks the endpoint through the door for HTTP",
        ),
        (Wrong::Unsorted, "a table is sorted by name"),
        (
            Wrong::Undocumented,
            "a key has a doc of one line without full stop",
        ),
    ];
    for (wrong, rule) in rows {
        let found = faults(wrong).await;
        assert!(
            found.iter().any(|fault| fault.rule == rule),
            "{wrong:?}: {found:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_is_made_where_the_sample_has_none() {
    let registry = Registry::empty().with(&Listed(Wrong::Nowhere));
    let text = Sample::default().query(&Listed(Wrong::Nowhere), &registry);
    assert_eq!(text.unwrap(), "provider=listed tag=\"a\"");
}

#[test]
fn all_of_an_error_is_told() {
    let error = ResolveError::new(Kind::Answer, "listed", "list");
    let text = told(&error.with_source(std::io::Error::other("behind it")));
    assert!(text.contains("behind it"), "{text}");
}
