//! Asks every region, all at once.
//!
//! A region that cannot be read is a gap with its name, and what was read of it before is true; of
//! one whose reply is not the API's nothing is believed.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::{Kind, ResolveError, Seen};

use super::account::Account;
use super::door::Door;
use super::settings::{Service, Settings};
use super::{ec2, ecs};

/// The tenths of the time that is left which one of several regions gets: its own error says more
/// than the end of the lookup.
const TENTHS: u32 = 9;

/// One region of a lookup.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) account: &'a Account,
    pub(super) settings: &'a Settings,
    pub(super) region: &'a str,
    pub(super) door: Door,
}

/// Adds what is in each region of the account.
pub(super) async fn read(
    account: &Account,
    settings: &Settings,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let door = account.door();
    let part = |region, door| Part {
        account,
        settings,
        region,
        door,
    };
    if let [only] = account.regions() {
        return one(part(only, door.clone()), seen).await;
    }
    let time = door.left() / 10 * TENTHS;
    let of = |region| {
        let part = part(region, door.within(time));
        async move {
            let mut found = Seen::default();
            let outcome = one(part, &mut found).await;
            (region, found, outcome)
        }
    };
    let mut all: FuturesUnordered<_> = account.regions().iter().map(|name| of(name)).collect();
    let mut absent = None;
    let mut is_there = false;
    while let Some((region, found, outcome)) = all.next().await {
        let error = outcome.err();
        let is_absent = error.as_ref().is_some_and(ecs::is_absent);
        if error
            .as_ref()
            .is_none_or(|error| error.kind() != Kind::Answer)
        {
            seen.instances.extend(found.instances);
            seen.gaps.extend(found.gaps);
        }
        match error {
            Some(error) if is_absent => absent = Some(error),
            Some(error) => {
                is_there = true;
                seen.gap(format!("region {region}"), error);
            }
            None => is_there = true,
        }
    }
    match absent {
        // The cluster of the query is in none of them.
        Some(error) if !is_there => Err(error),
        _ => Ok(()),
    }
}

async fn one(part: Part<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    match part.settings.service {
        Service::Ec2 => ec2::read(part, seen).await,
        Service::Ecs => ecs::read(part, seen).await,
    }
}
