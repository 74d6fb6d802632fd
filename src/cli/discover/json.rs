//! All that is known of each address, as one JSON object for programs.
//!
//! Its fields are part of the command's interface: a field may come, none goes or changes. What is
//! not known is `null`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use quorate_providers::{Address, AddressKind, Answer, Contact, Fate, Gap, Host, Instance, redact};
use serde_json::{Value, json};

use super::lookups::{Ended, Lookups, Outcome};
use super::{Count, World, explain};

/// Waits for all strings and prints the object. What is missing is in it, and is told to people too.
pub(super) async fn print(lookups: Lookups<'_>, is_explained: bool, world: &mut World) -> Count {
    let mut all = Vec::new();
    lookups
        .run(|ended| {
            lookups.tell_problems(&ended, world);
            all.push(ended);
        })
        .await;
    all.sort_by_key(|ended| ended.index);
    let mut count = Count::default();
    for ended in &all {
        count.add(&ended.outcome);
    }
    let contacts = contacts(&all);
    count.found = contacts.len();
    let mut object = json!({
        "complete": count.missing == 0,
        "contacts": contacts,
        "gaps": gaps(&all),
        "errors": errors(&all),
    });
    if is_explained && let Some(object) = object.as_object_mut() {
        object.insert("instances".to_owned(), instances(&all).into());
    }
    world.out.line(format!("{object:#}"));
    count
}

fn answers<'a>(all: &'a [Ended<'_>]) -> impl Iterator<Item = (&'a Ended<'a>, &'a Answer)> {
    all.iter().filter_map(|ended| match &ended.outcome {
        Outcome::Answered(answer) => Some((ended, answer)),
        Outcome::Refused(_) | Outcome::Failed(_) => None,
    })
}

/// The contacts of all answers, each address once.
fn contacts(all: &[Ended<'_>]) -> Vec<Value> {
    let mut printed = BTreeSet::new();
    let mut found = Vec::new();
    for (ended, answer) in answers(all) {
        let origins = origins(answer);
        for contact in &answer.contacts {
            if printed.insert(contact.to_string()) {
                let instance = origins.get(&(&contact.host, contact.port)).copied();
                found.push(shown(contact, instance, ended.text));
            }
        }
    }
    found
}

/// Which instance each host with its port is an address of.
type Origins<'a> = BTreeMap<(&'a Host, Option<u16>), &'a Instance>;

fn origins(answer: &Answer) -> Origins<'_> {
    let mut origins = BTreeMap::new();
    for (instance, fate) in &answer.seen {
        if let Fate::Kept(contacts) = fate {
            for contact in contacts {
                let place = (&contact.host, contact.port);
                origins.entry(place).or_insert(instance);
            }
        }
    }
    origins
}

fn shown(contact: &Contact, instance: Option<&Instance>, text: &str) -> Value {
    let all = instance.map_or(&[][..], |instance| &instance.addresses);
    let own = all.iter().find(|address| address.host == contact.host);
    json!({
        "address": contact.to_string(),
        "host": contact.host.to_string(),
        "port": contact.port,
        "instance": contact.instance,
        "zone": contact.zone,
        "name": contact.name,
        "tags": contact.tags,
        "state": instance.and_then(|instance| instance.state.as_deref()),
        "kind": own.and_then(|address| address.kind).map(AddressKind::as_str),
        "networks": own.map_or(&[][..], |address| &address.networks),
        "call": instance.map(|instance| instance.call),
        "string": redact(text),
    })
}

fn gaps(all: &[Ended<'_>]) -> Vec<Value> {
    let of = |(ended, answer)| {
        let (ended, answer): (&Ended<'_>, &Answer) = (ended, answer);
        let gap = |gap: &Gap| {
            json!({
                "part": gap.part,
                "kind": gap.error.kind().as_str(),
                "error": line(&gap.error),
                "string": redact(ended.text),
            })
        };
        answer.gaps.iter().map(gap).collect::<Vec<_>>()
    };
    answers(all).flat_map(of).collect()
}

fn errors(all: &[Ended<'_>]) -> Vec<Value> {
    let of = |ended: &Ended<'_>| {
        let (kind, error, at) = match &ended.outcome {
            Outcome::Answered(_) => return None,
            Outcome::Failed(error) => (error.kind(), line(error), None),
            Outcome::Refused(error) => {
                let picture = quorate_providers::picture(ended.text, error);
                let at = picture.map(|picture| picture.to_string());
                (quorate_providers::Kind::Query, line(error), at)
            }
        };
        Some(json!({
            "kind": kind.as_str(),
            "error": error,
            "where": at,
            "string": redact(ended.text),
        }))
    };
    all.iter().filter_map(of).collect()
}

/// Every instance that was seen, and what became of it.
fn instances(all: &[Ended<'_>]) -> Vec<Value> {
    let of = |(ended, answer)| {
        let (ended, answer): (&Ended<'_>, &Answer) = (ended, answer);
        let seen = |(instance, fate): &(Instance, Fate)| seen(instance, fate, ended.text);
        answer.seen.iter().map(seen).collect::<Vec<_>>()
    };
    answers(all).flat_map(of).collect()
}

fn seen(instance: &Instance, fate: &Fate, text: &str) -> Value {
    let address = |address: &Address| {
        json!({
            "host": address.host.to_string(),
            "kind": address.kind.map(AddressKind::as_str),
            "networks": address.networks,
            "spare": address.is_spare,
        })
    };
    let (word, why) = explain::fate(fate);
    json!({
        "fate": word,
        "why": why,
        "call": instance.call,
        "id": instance.id,
        "name": instance.name,
        "zone": instance.zone,
        "state": instance.state,
        "port": instance.port,
        "tags": instance.tags,
        "addresses": instance.addresses.iter().map(address).collect::<Vec<_>>(),
        "string": redact(text),
    })
}

/// An error with its causes on one line.
fn line(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
