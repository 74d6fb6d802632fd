//! Why each instance was kept or dropped, for people.

use quorate_providers::{Answer, Fate, Instance};

/// A line for each instance in the provider's order, and their sum.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .seen
        .iter()
        .map(|(instance, fate)| line(instance, fate))
        .collect();
    let of = |is: fn(&Fate) -> bool| answer.seen.iter().filter(|(_, fate)| is(fate)).count();
    let kept = of(|fate| matches!(fate, Fate::Kept(_)));
    let dropped = of(|fate| matches!(fate, Fate::Dropped(_)));
    let seen = answer.seen.len();
    let lost = seen - kept - dropped;
    lines.push(format!(
        "instances: {seen} seen, {kept} kept, {dropped} dropped, {lost} without a wanted address"
    ));
    lines
}

fn line(instance: &Instance, fate: &Fate) -> String {
    let label = instance.label();
    let call = instance.call;
    match fate {
        Fate::Kept(contacts) => {
            let contacts: Vec<String> = contacts.iter().map(ToString::to_string).collect();
            format!("kept: {label} at {} (from {call})", contacts.join(", "))
        }
        Fate::Dropped(why) => format!("dropped: {label} {why} (from {call})"),
        Fate::Unreachable(why) => format!("unreachable: {label} {why} (from {call})"),
    }
}

/// The word for a fate, and why, where that has to be said.
pub(super) fn fate(fate: &Fate) -> (&'static str, Option<&str>) {
    match fate {
        Fate::Kept(_) => ("kept", None),
        Fate::Dropped(why) => ("dropped", Some(why)),
        Fate::Unreachable(why) => ("unreachable", Some(why)),
    }
}
