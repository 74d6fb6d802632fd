//! Lists over all zones and regions, page by page.
//!
//! A scope that could not be read says so in a warning, and the list goes on
//! (`returnPartialSuccess`). Each such warning is a gap, once.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Call, Kind, Pages, ResolveError, Rest, Seen};

use super::instances::Machine;
use super::keys::Settings;
use super::session::Session;

/// The most that the API takes for `maxResults`.
pub(super) const PAGE_SIZE: &str = "500";

/// What is asked for over all scopes.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) operation: &'static str,
    /// The collection, such as `instances`.
    pub(super) name: &'static str,
    /// The fields of one thing in it.
    pub(super) fields: &'static str,
    pub(super) filter: Option<&'a str>,
    /// What a reply calls itself.
    pub(super) kind: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    kind: String,
    /// Absent if no scope has anything; `kind` says that it is the list all the same.
    #[serde(default)]
    items: BTreeMap<String, Scope>,
    next_page_token: Option<String>,
    #[serde(default)]
    unreachables: Vec<String>,
    warning: Option<Warning>,
}

/// A zone or region of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scope {
    #[serde(default)]
    pub(super) instances: Vec<Machine>,
    #[serde(default)]
    pub(super) instance_group_managers: Vec<Manager>,
    warning: Option<Warning>,
}

/// A managed instance group.
#[derive(Debug, Deserialize)]
pub(super) struct Manager {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
struct Warning {
    code: String,
    #[serde(default)]
    message: String,
}

/// Reads every page, and hands each scope that was asked for to `each` under its name, such as
/// `zones/europe-west1-b`.
pub(super) async fn read(
    session: &mut Session<'_>,
    list: List<'_>,
    settings: &Settings,
    seen: &mut Seen,
    mut each: impl FnMut(&str, Scope, &mut Seen) -> Result<(), ResolveError>,
) -> Result<(), ResolveError> {
    let path = session.path(&format!("aggregated/{}", list.name));
    let first = session.rest().clone();
    let mut pages = Pages::new(&first, list.operation);
    let mut token = String::new();
    loop {
        let page: Page = session
            .ask(|rest| request(rest, list, &path, &token))
            .await?;
        let error = |kind| first.error(kind, list.operation);
        if page.kind != list.kind {
            return Err(error(Kind::Answer).with("reply", "another kind of list"));
        }
        note(&page, settings, seen, error);
        for (name, scope) in page.items {
            each(&name, scope, seen)?;
        }
        token = page.next_page_token.unwrap_or_default();
        if token.is_empty() {
            return Ok(());
        }
        pages.turn(&token)?;
    }
}

/// The call for the page of a token; an empty one is the first's.
fn request<'r>(rest: &'r Rest<'r>, list: List<'_>, path: &str, token: &str) -> Call<'r> {
    let fields = format!(
        "kind,nextPageToken,unreachables,warning,items/*/warning,items/*/{}({})",
        list.name, list.fields
    );
    let call = rest
        .get(list.operation, path)
        .query("maxResults", PAGE_SIZE)
        .query("returnPartialSuccess", "true")
        .query("fields", &fields);
    let more = [
        ("filter", list.filter.unwrap_or_default()),
        ("pageToken", token),
    ];
    let more = more.into_iter().filter(|(_, value)| !value.is_empty());
    more.fold(call, |call, (name, value)| call.query(name, value))
}

/// Makes gaps of what a page says it could not read.
fn note(page: &Page, settings: &Settings, seen: &mut Seen, error: impl Fn(Kind) -> ResolveError) {
    let told = |warning: &Warning| {
        error(Kind::Unavailable)
            .with("code", &warning.code)
            .with("message", &warning.message)
    };
    let is_gap = |warning: &&Warning| warning.code != "NO_RESULTS_ON_PAGE";
    let mut gaps = Vec::new();
    for (name, scope) in &page.items {
        if let Some(warning) = scope.warning.as_ref().filter(is_gap) {
            gaps.push((name.as_str(), told(warning)));
        }
    }
    for name in &page.unreachables {
        let unreachable = error(Kind::Unavailable).with("cause", "unreachable");
        gaps.push((name.as_str(), unreachable));
    }
    if let Some(warning) = page.warning.as_ref().filter(is_gap) {
        // A warning that only counts the scopes above adds nothing to their gaps.
        if warning.code != "UNREACHABLE" || gaps.is_empty() {
            gaps.push(("the list", told(warning)));
        }
    }
    for (name, error) in gaps {
        let part = part(name);
        let is_wanted = part
            .strip_prefix("zone ")
            .is_none_or(|zone| settings.takes_zone(zone));
        if is_wanted && !seen.gaps.iter().any(|gap| gap.part == part) {
            seen.gap(part, error);
        }
    }
}

/// `zone x` for `zones/x`, alone or at the end of a URL.
fn part(name: &str) -> String {
    let mut parts = name.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(place), Some("zones")) => format!("zone {place}"),
        (Some(place), Some("regions")) => format!("region {place}"),
        _ => name.to_owned(),
    }
}
