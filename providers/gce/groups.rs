//! Which instances a managed instance group has.
//!
//! API: <https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers/listManagedInstances>
//! and its regional twin, read 2026. A group's list has no addresses; the instances come from
//! their own list.

use std::collections::HashSet;

use serde::Deserialize;

use crate::{Kind, Pages, ResolveError, Seen, escape};

use super::keys::{Settings, quoted};
use super::lists::{self, List, PAGE_SIZE};
use super::session::Session;

const FIND: &str = "instanceGroupManagers.aggregatedList";
const LIST: &str = "instanceGroupManagers.listManagedInstances";

/// The instances of a group, by zone and name.
#[derive(Debug, Default)]
pub(super) struct Members(HashSet<(String, String)>);

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, zone: &str, name: &str) -> bool {
        self.0.contains(&(zone.to_owned(), name.to_owned()))
    }
}

/// An empty group's page is an empty object, so that anything else in it tells another API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Page {
    #[serde(default)]
    managed_instances: Vec<Managed>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Managed {
    /// Its URL, which ends in `zones/<zone>/instances/<name>`.
    instance: String,
}

impl Managed {
    /// Its zone and name.
    fn place(&self) -> Option<(String, String)> {
        let mut parts = self.instance.rsplit('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), Some("instances"), Some(zone), Some("zones")) => {
                Some((zone.to_owned(), name.to_owned()))
            }
            _ => None,
        }
    }
}

/// The instances of all groups of this name: there may be one in each zone and region.
pub(super) async fn members(
    session: &mut Session<'_>,
    group: &str,
    settings: &Settings,
    seen: &mut Seen,
) -> Result<Members, ResolveError> {
    let filter = format!("name={}", quoted(group));
    let list = List {
        operation: FIND,
        name: "instanceGroupManagers",
        fields: "name",
        filter: Some(&filter),
        kind: "compute#instanceGroupManagerAggregatedList",
    };
    let mut scopes = Vec::new();
    lists::read(session, list, settings, seen, |scope, found, _seen| {
        let mut managers = found.instance_group_managers.iter();
        if managers.any(|manager| manager.name == group) {
            scopes.push(scope.to_owned());
        }
        Ok(())
    })
    .await?;
    if scopes.is_empty() && seen.gaps.is_empty() {
        let error = session.rest().error(Kind::Answer, FIND);
        return Err(error
            .with("instance_group", group)
            .with("cause", "there is no managed instance group of this name"));
    }
    let mut members = Members::default();
    for scope in &scopes {
        add(session, scope, group, &mut members).await?;
    }
    Ok(members)
}

/// Adds the instances of the group in one zone or region.
async fn add(
    session: &mut Session<'_>,
    scope: &str,
    group: &str,
    members: &mut Members,
) -> Result<(), ResolveError> {
    let first = session.rest().clone();
    let wrong = |what: &str| first.error(Kind::Answer, LIST).with("reply", what);
    let place = match scope.split_once('/') {
        Some((kind @ ("zones" | "regions"), name)) => format!("{kind}/{}", escape(name)),
        _ => return Err(wrong("a group that is in no zone or region")),
    };
    let group = escape(group);
    let path = format!("{place}/instanceGroupManagers/{group}/listManagedInstances");
    let path = session.path(&path);
    let mut pages = Pages::new(&first, LIST);
    let mut token = String::new();
    loop {
        let page: Page = session
            .ask(|rest| {
                let call = rest
                    .post(LIST, &path)
                    .query("maxResults", PAGE_SIZE)
                    .query("fields", "managedInstances/instance,nextPageToken");
                if token.is_empty() {
                    call
                } else {
                    call.query("pageToken", &token)
                }
            })
            .await?;
        for managed in page.managed_instances {
            let member = managed
                .place()
                .ok_or_else(|| wrong("an instance without a zone"))?;
            members.0.insert(member);
        }
        token = page.next_page_token.unwrap_or_default();
        if token.is_empty() {
            return Ok(());
        }
        pages.turn(&token)?;
    }
}
