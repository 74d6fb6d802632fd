//! Questions to name servers, as the providers over DNS ask them.
//!
//! Both families are asked for at once and merged. What is unknown of one family does not hide what
//! is known of the other, and is not forgotten either.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::io::{DnsError, Question, Record, RecordData, RecordKind};
use crate::keys::Key;
use crate::provider::Lookup;
use crate::{Kind, ResolveError, place};

/// Names that are asked for at once. Chosen: a name server of a small network stands it.
pub(crate) const TOGETHER: usize = 16;

/// The key of the name server.
pub(crate) const RESOLVER: Key = Key::optional(
    "resolver",
    "name server to ask, `ip` or `ip:port`; default: the system's",
)
.checked(check_resolver);

/// The key of the families.
pub(crate) const TYPE: Key =
    Key::optional("type", "`A`, `AAAA` or `A+AAAA` (default)").choices(&["A", "AAAA", "A+AAAA"]);

/// The key of the least number of records.
pub(crate) const MIN_RECORDS: Key = Key::optional(
    "min_records",
    "fewer records than this are a gap; with 0 no record is an empty answer and no gap",
)
.checked(check_count);

/// What is known of a name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Its addresses.
    pub(crate) ips: Vec<IpAddr>,
    /// How long they may be kept.
    pub(crate) ttl: Option<Duration>,
    /// What is unknown; or, without any address, why there is none.
    pub(crate) error: Option<DnsError>,
}

/// Asks for one kind of record, at the server of the query.
pub(crate) async fn ask(
    lookup: Lookup<'_>,
    name: &str,
    kind: RecordKind,
) -> Result<Vec<Record>, DnsError> {
    let server = lookup.query.value(RESOLVER.name).and_then(server);
    let name = name.to_owned();
    let question = Question { name, kind, server };
    lookup.io.dns().ask(question).await
}

/// Asks for the addresses of a name, of the families that the query wants.
pub(crate) async fn addresses(lookup: Lookup<'_>, name: &str) -> Known {
    let of = |kind| ask(lookup, name, kind);
    let outcomes = match lookup.query.value(TYPE.name) {
        Some("A") => vec![of(RecordKind::A).await],
        Some("AAAA") => vec![of(RecordKind::Aaaa).await],
        _ => {
            let (v4, v6) = tokio::join!(of(RecordKind::A), of(RecordKind::Aaaa));
            vec![v4, v6]
        }
    };
    merge(outcomes)
}

/// A family without records is none of the other's business; one that is unknown is.
fn merge(outcomes: Vec<Result<Vec<Record>, DnsError>>) -> Known {
    let mut known = Known::default();
    let mut absent = None;
    for outcome in outcomes {
        match outcome {
            Ok(records) => {
                known.ttl = known.ttl.into_iter().chain(shortest(&records)).min();
                known.ips.extend(records.iter().filter_map(ip));
            }
            Err(error) if is_absent(&error) => absent = Some(error),
            Err(error) => known.error = Some(error),
        }
    }
    if known.ips.is_empty() && known.error.is_none() {
        known.error = absent;
    }
    known
}

const fn ip(record: &Record) -> Option<IpAddr> {
    match record.data {
        RecordData::Address(ip) => Some(ip),
        _ => None,
    }
}

/// The time after which the first of some records is to be asked for again.
pub(crate) fn shortest(records: &[Record]) -> Option<Duration> {
    records.iter().map(|record| record.ttl).min()
}

/// Says whether the name servers know that there is nothing.
pub(crate) const fn is_absent(error: &DnsError) -> bool {
    matches!(error, DnsError::NoName { .. } | DnsError::NoAddress { .. })
}

/// The error of a question.
pub(crate) fn failed(lookup: Lookup<'_>, name: &str, error: DnsError) -> ResolveError {
    let (kind, cause) = match error {
        DnsError::NoName { .. } => (Kind::Answer, "there is no such name"),
        DnsError::NoAddress { .. } => (Kind::Answer, "the name has no such record"),
        DnsError::Unavailable { .. } => (Kind::Unavailable, "the name servers do not say"),
        DnsError::Shut { .. } => (Kind::Internal, "this lookup cannot ask name servers"),
    };
    ResolveError::new(kind, lookup.query.provider(), "look up")
        .with("name", name)
        .with("cause", cause)
        .with_source(error)
}

/// The least number of records that the query wants; none if it does not say.
pub(crate) fn min_records(lookup: Lookup<'_>) -> Option<usize> {
    lookup.query.value(MIN_RECORDS.name)?.parse().ok()
}

/// The error of too few records, if the query wants more.
pub(crate) fn too_few(lookup: Lookup<'_>, found: usize) -> Option<ResolveError> {
    let wanted = min_records(lookup).filter(|wanted| found < *wanted)?;
    let error = ResolveError::new(Kind::Answer, lookup.query.provider(), "look up");
    let counts = format!("{found} records where `min_records` wants {wanted}");
    Some(error.with("reply", &counts))
}

/// Checks a list of host names, separated by commas.
pub(crate) fn check_names(list: &str) -> Result<(), String> {
    let is_good = |name: &str| place::is_name(name.strip_suffix('.').unwrap_or(name));
    match list.split(',').map(str::trim).find(|name| !is_good(name)) {
        Some(wrong) => Err(format!("has `{wrong}`, which is no host name")),
        None => Ok(()),
    }
}

fn check_resolver(text: &str) -> Result<(), String> {
    match server(text) {
        Some(_server) => Ok(()),
        None => Err(format!(
            "is an IP address with an optional port, not `{text}`"
        )),
    }
}

fn check_count(text: &str) -> Result<(), String> {
    match text.parse::<u16>() {
        Ok(_count) => Ok(()),
        Err(_no_count) => Err(format!("is a number from 0 to 65535, not `{text}`")),
    }
}

fn server(text: &str) -> Option<SocketAddr> {
    /// DNS.
    const PORT: u16 = 53;
    let alone = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    text.parse().or(alone).ok()
}
