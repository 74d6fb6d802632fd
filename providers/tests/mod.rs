//! The crate's doors, with providers that need no vendor.

mod lookups;
mod queries;

use crate::{
    About, Address, BoxFuture, Instance, Key, Keys, Kind, Lookup, Provider, Query, QueryError,
    ResolveError, Seen,
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

#[test]
fn every_table_is_sorted_unique_and_documented() {
    for provider in crate::PROVIDERS {
        let names: Vec<&str> = provider
            .keys()
            .iter()
            .copied()
            .flatten()
            .map(|key| key.name)
            .collect();
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
