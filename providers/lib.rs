//! Resolves `provider=... key=value` strings to addresses: go-discover's job, in Rust.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quorate_providers::{Io, Query, resolve};
//!
//! let query = Query::parse("provider=aws tag_key=role tag_value=server")?;
//! let answer = resolve(&query, &Io::real()).await?;
//! for contact in &answer.contacts {
//!     println!("{contact}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! This file is the registry: which providers there are, and the doors of the crate. It knows
//! nothing of any agent.
//!
//! # How to add a provider
//!
//! 1. Make `providers/<name>/mod.rs`, named as users write it in `provider=`, and name it twice
//!    below: `mod <name>;` and `&<name>::<Type>,` in [`PROVIDERS`]. Nothing else outside the folder.
//! 2. State the keys as data: `const KEYS: &[Key]`, sorted by name. [`Key::secret`] masks; a
//!    `<key>_file` beside it is read by [`Lookup::secret`]; [`Key::variable`] names the fallback in
//!    the environment; [`Key::choices`] and [`Key::checked`] refuse what cannot be right, offline.
//!    [`Provider::keys`] is `&[KEYS, ADDRESS_KEYS, HTTP_KEYS]`; add [`LOGIN_KEYS`] only where the
//!    vendor has no credentials of its own. What two keys together forbid is [`Provider::check`].
//! 3. Write [`Provider::about`]: what it finds, credentials, least permissions, link. Help and
//!    README come from these and the tables.
//! 4. In [`Provider::read`]: make one [`Rest`] per lookup, give it the credential, and ask with
//!    [`Rest::get`] ... [`Call::json`]; walk pages with [`Pages`]. Retries, the deadline, proxies,
//!    TLS, redirects, sizes and status codes are done there. Vendor codes go in a [`Judge`].
//!    What goes in a path is [`escape`]d. Deserialize only the fields that are read, and let the
//!    list itself be required: `#[serde(default)]` on it would take any object for an empty list.
//! 5. Report each instance with [`Seen::add`]: id, zone, name, tags, state, and every address as
//!    [`Address::private`], [`Address::public`], [`Address::name`] or, of unknown kind,
//!    [`Address::of`], with [`Address::in_network`] for each name and id of its network. A second
//!    interface is [`Address::spare`]. One that is stopped is still reported, with
//!    [`Instance::drop_because`]. The runner chooses by `addr`, `addr_type`, `network`, `port` and
//!    [`Provider::order`], sorts, removes duplicates, and makes a gap of an instance without a
//!    wanted address.
//! 6. A part that cannot be read (a zone, a region) is [`Seen::gap`]; go on with the next. Give
//!    each part [`Rest::within`] its share, or one that hangs takes the deadline of all. Return
//!    `Err` for what ends the lookup. Never an empty list in place of an error.
//!    Where the vendor says how long a part stays true, [`Seen::fresh_for`] tells the caller; a
//!    provider over files names in [`Provider::folders`] what to watch.
//! 7. Do not log, spawn, sleep or retry, and reach nothing but through [`Io`].
//! 8. Test with the tape (`tape.rs`): recorded answers in the real shape, each request asserted.
//!    The provider `http` is an example of all of it.
//! 9. Give it its line in `conformance/samples.rs`: a query and a good answer, which the
//!    conformance suite plays, and then every bad one.
//!
//! A provider of one's own, outside this crate, does the same and is put into a [`Registry`];
//! the suite is the module `conformance`, behind the feature of that name.

mod answer;
mod error;
mod grammar;
mod io;
mod keys;
mod list;
mod names;
mod options;
mod place;
mod point;
mod policy;
mod provider;
mod query;
mod registry;
mod resolve;
mod rest;
mod secret;
#[cfg(test)]
mod tape;
mod yaml;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod watch;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod consul;
mod digitalocean;
mod dns;
mod exec;
mod file;
#[cfg(feature = "gce")]
mod gce;
mod hetzner;
mod http;
mod k8s;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod readme;
mod srv;
mod r#static;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use answer::{Address, AddressKind, Answer, Contact, Fate, Gap, Host, Instance, Seen};
pub use error::{Kind, ResolveError, Retry};
pub use grammar::{
    Broken, GrammarError, KEYS_MAX, Mistake, Pairs, Picture, TEXT_BYTES_MAX, is_plain,
};
pub use io::{
    BoxFuture, Clock, Command, Dns, DnsError, Environment, Exec, ExecError, FakeClock, FakeDns,
    FakeExec, FakeFiles, File, FileError, Files, Found, Http, HttpError, Identity, Io, Kept,
    Output, Question, RealHttp, Record, RecordData, RecordKind, Reply, Request, Route, SystemClock,
    SystemDns, SystemExec, SystemFiles,
};
pub use keys::{Check, Key, Keys, Need};
pub use options::{HTTP_KEYS, LOGIN_KEYS};
pub use policy::{ADDRESS_KEYS, AddressPolicy};
pub use provider::{About, Cost, Limits, Lookup, Provider};
pub use query::{Query, QueryError};
pub use registry::Registry;
pub use rest::{Call, Judge, Pages, Rest, escape, judge_status};
#[cfg(feature = "aws")]
use rest::{code, element};
pub use secret::Secret;

/// The providers of this build, sorted by name.
pub const PROVIDERS: &[&dyn Provider] = &[
    #[cfg(feature = "aws")]
    &aws::Aws,
    #[cfg(feature = "azure")]
    &azure::Azure,
    &consul::Consul,
    &digitalocean::DigitalOcean,
    &dns::DnsNames,
    &exec::Program,
    &file::FileList,
    #[cfg(feature = "gce")]
    &gce::Gce,
    &hetzner::Hetzner,
    &http::HttpList,
    &k8s::Kubernetes,
    &srv::Services,
    &r#static::Static,
];

impl Query {
    /// Parses a config string and checks all of it that can be checked without a call.
    ///
    /// # Errors
    ///
    /// [`QueryError`] for the first thing wrong with it; none holds the value of a secret.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_among(text, PROVIDERS)
    }

    pub(crate) fn parse_among(text: &str, providers: &[&dyn Provider]) -> Result<Self, QueryError> {
        let tables = tables(providers);
        let pairs = point::read(text, &tables).map_err(QueryError::Grammar)?;
        Self::checked(pairs, &tables, providers)
            .map_err(|error| point::veiled(text, error, &tables))
    }

    fn checked(
        pairs: Pairs,
        tables: &[(&'static str, Keys)],
        providers: &[&dyn Provider],
    ) -> Result<Self, QueryError> {
        let query = Self::from_pairs(pairs, tables)?;
        match find(query.provider(), providers) {
            Some(provider) => {
                AddressPolicy::from_query(&query, provider.order(&query))?;
                provider.check(&query).map(|()| query)
            }
            None => Ok(query),
        }
    }
}

/// Reads the keys and values of a config string by its grammar alone, in the order written. No
/// provider is asked whether they make sense, and secrets among them are as written; see
/// [`is_secret`].
///
/// # Errors
///
/// [`GrammarError`] at the first place that breaks the grammar; it shows no part of a secret.
pub fn read_pairs(text: &str) -> Result<Pairs, GrammarError> {
    point::read(text, &tables(PROVIDERS))
}

/// Says whether the value of a key must not be shown: by the provider's table or, where that does
/// not know the key or there is no such provider, by the tables of the others and the name's look.
pub fn is_secret(provider: &str, key: &str) -> bool {
    point::is_secret(provider, key, &tables(PROVIDERS))
}

/// Draws a config string with a caret under what the error is about, secrets masked; none if the
/// error is about what is not in the string.
pub fn picture(text: &str, error: &QueryError) -> Option<Picture> {
    point::picture(text, error, &tables(PROVIDERS))
}

/// The folders in which a change may change the answer to a query: those of its files. Watch the
/// folders and not the files, which are replaced; empty if the answer comes from elsewhere.
pub fn folders(query: &Query) -> Vec<PathBuf> {
    find(query.provider(), PROVIDERS).map_or_else(Vec::new, |provider| provider.folders(query))
}

/// What a lookup of a query costs others; that of an unknown provider counts as calls.
pub fn cost(query: &Query) -> Cost {
    find(query.provider(), PROVIDERS).map_or(Cost::Calls, Provider::cost)
}

/// Shows any text on one line, a config string or not, broken or not. Of a config string the names
/// of its keys stay, and the values that its provider's table knows as open, without the users and
/// the query values of URLs in them; `****` stands for all else. Of a text that is none, such as an
/// address, what stands behind a `=` or the name of a secret is masked, and the same parts of URLs.
pub fn redact(text: &str) -> String {
    redact_as(text, grammar::MASK)
}

/// As [`redact`], with a mask of one's own.
pub fn redact_as(text: &str, mask: &str) -> String {
    point::redacted(text, mask, &tables(PROVIDERS))
}

/// Shows one value of a config string; that of a key which neither the provider nor another one
/// knows is shown if there is no such provider, and the name is no secret's.
pub fn redact_value(provider: &str, key: &str, value: &str) -> String {
    point::value(provider, key, value, &tables(PROVIDERS))
}

/// Resolves a query within the default [`Limits`].
///
/// # Errors
///
/// [`ResolveError`] if nothing could be read, or a reply was not the API's.
///
/// # Cancel safety
///
/// Dropping the future ends the lookup and leaves nothing behind.
pub async fn resolve(query: &Query, io: &Io) -> Result<Answer, ResolveError> {
    resolve_within(query, io, &Limits::default()).await
}

/// As [`resolve`], within limits of one's own.
///
/// # Errors
///
/// As [`resolve`].
pub async fn resolve_within(
    query: &Query,
    io: &Io,
    limits: &Limits,
) -> Result<Answer, ResolveError> {
    registry::resolve_among(PROVIDERS, Lookup { query, io, limits }).await
}

/// Gives all addresses of a plain host name, A and AAAA, within the default deadline; an IP
/// address gives itself. The answer is always complete.
///
/// # Errors
///
/// [`ResolveError`] if there is no address or the resolver does not answer; never an empty list.
pub async fn lookup(host: &str, io: &Io) -> Result<Answer, ResolveError> {
    resolve::lookup(host, io, &Limits::default()).await
}

fn tables(providers: &[&dyn Provider]) -> Vec<(&'static str, Keys)> {
    let table = |provider: &&dyn Provider| (provider.name(), provider.keys());
    providers.iter().map(table).collect()
}

fn find<'a>(name: &str, providers: &[&'a dyn Provider]) -> Option<&'a dyn Provider> {
    let mut known = providers.iter().copied();
    known.find(|provider| provider.name() == name)
}
