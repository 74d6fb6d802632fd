//! The table of keys that a provider takes: it parses, documents and redacts.
//!
//! Pure. A provider states its table once, as data; [`crate::Query`] enforces it.

/// The tables of a provider: its own keys, and those that it shares with others.
pub type Keys = &'static [&'static [Key]];

/// Says what is wrong with a value, as a phrase that follows the key; the value is never empty.
pub type Check = fn(&str) -> Result<(), String>;

/// One key of a provider.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The name, as users write it before the `=`.
    pub name: &'static str,
    /// Whether it may be left out.
    pub need: Need,
    /// Its value is never shown.
    pub secret: bool,
    /// The environment variable that counts where the query says nothing.
    pub variable: Option<&'static str>,
    /// The only values it takes; empty if there is no such list.
    pub choices: &'static [&'static str],
    /// Refuses values that cannot be right, with a phrase that follows the key.
    pub check: Option<Check>,
    /// What it means, with its default; one line, for help and README.
    pub doc: &'static str,
}

/// Whether a key may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be there; an empty value counts as there.
    Required,
    /// It must be there, and an empty value does not count as there.
    Filled,
    /// It may be absent; an empty value means the same.
    Optional,
}

impl Key {
    /// A key that must be there; its value may be empty.
    pub const fn required(name: &'static str, doc: &'static str) -> Self {
        Self {
            need: Need::Required,
            ..Self::optional(name, doc)
        }
    }

    /// A key that must be there with a value that is not empty.
    pub const fn filled(name: &'static str, doc: &'static str) -> Self {
        Self {
            need: Need::Filled,
            ..Self::optional(name, doc)
        }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            need: Need::Optional,
            secret: false,
            variable: None,
            choices: &[],
            check: None,
            doc,
        }
    }

    /// A key that may be left out and whose value is never shown. A key of the same name with
    /// `_file` behind it, if the table has one, names a file with the value.
    pub const fn secret(name: &'static str, doc: &'static str) -> Self {
        Self {
            secret: true,
            ..Self::optional(name, doc)
        }
    }

    /// With an environment variable that counts where the query says nothing.
    #[must_use]
    pub const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    /// With the only values that it takes.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// With a check of its value, which answers with a phrase that follows the key.
    #[must_use]
    pub const fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// Says what is wrong with a value, which is never empty.
    pub(crate) fn judge(&self, value: &str) -> Result<(), String> {
        if !self.choices.is_empty() && !self.choices.contains(&value) {
            let choices = self.choices.join(", ");
            return Err(format!("is one of {choices}, not `{value}`"));
        }
        self.check.map_or(Ok(()), |check| check(value))
    }
}

/// Checks a list, separated by commas, in which only known words count; `all`, if there is such a word,
/// stands alone for all of them.
pub(crate) fn check_words(list: &str, known: &[&str], all: Option<&str>) -> Result<(), String> {
    let mut words = list.split(',').map(str::trim);
    let wrong = words.find(|word| !known.contains(word));
    let Some(wrong) = wrong.filter(|_wrong| all != Some(list)) else {
        return Ok(());
    };
    let first = all.map_or_else(String::new, |all| format!("`{all}` or "));
    let known = known.join(", ");
    Err(format!("is {first}a list of {known}, not `{wrong}`"))
}

/// The most names that are suggested in place of an unknown one.
const SUGGESTIONS_MAX: usize = 3;

/// Picks the valid names that are nearest to a misspelt one, best first; all of them, in the
/// order given, if none is near.
pub(crate) fn nearest(wrong: &str, valid: &[&'static str]) -> Vec<&'static str> {
    // A third of the letters may be wrong, and two in any case: `tag_nmae` is `tag_name`.
    let reach = (wrong.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &'static str)> = valid
        .iter()
        .map(|name| (distance(wrong, name), *name))
        .filter(|(distance, _)| *distance <= reach)
        .collect();
    near.sort_unstable();
    if near.is_empty() {
        return valid.to_vec();
    }
    near.truncate(SUGGESTIONS_MAX);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Levenshtein's distance in characters, row by row.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, left) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let change = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = change.min(*cell + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_changed_characters() {
        let rows = [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("tag_nmae", "tag_name", 2),
            ("région", "region", 1),
        ];
        for (a, b, wanted) in rows {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbours_and_nonsense_finds_all() {
        let valid = ["region", "tag_key", "tag_value"];
        assert_eq!(nearest("tag_kye", &valid), ["tag_key"]);
        assert_eq!(nearest("zzzzzz", &valid), valid);
    }
}
