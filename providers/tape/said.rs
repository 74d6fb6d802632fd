//! What an answer says, as tests compare it.

use crate::{Answer, Fate, Kind};

/// The contacts as people see them.
pub(crate) fn shown(answer: &Answer) -> Vec<String> {
    answer.contacts.iter().map(ToString::to_string).collect()
}

/// The parts that are missing.
pub(crate) fn parts(answer: &Answer) -> Vec<&str> {
    answer.gaps.iter().map(|gap| gap.part.as_str()).collect()
}

/// The parts that are missing, with the kind of their errors.
pub(crate) fn gaps(answer: &Answer) -> Vec<(&str, Kind)> {
    let gaps = answer.gaps.iter();
    gaps.map(|gap| (&*gap.part, gap.error.kind())).collect()
}

/// What became of the instance with a name.
pub(crate) fn fate(answer: &Answer, name: &str) -> Fate {
    let mut all = answer.seen.iter();
    let found = all.find(|(one, _)| one.name.as_deref() == Some(name));
    found.unwrap().1.clone()
}

/// The fate of an instance that is left out on purpose.
pub(crate) fn dropped(why: &str) -> Fate {
    Fate::Dropped(why.to_owned())
}
