//! Which strings the words of a command line make.
//!
//! Pure. A person quotes a string for the shell, or does not. Words that the shell cut off are put
//! together again: each word that names a provider begins a string, if there are several, and the
//! others belong to the one before. A word that is one pair keeps the spaces and equals signs that
//! the shell took the quotes of.

use quorate_providers::read_pairs;

/// The strings, in the order given; at least one if there is a word.
pub(super) fn of_words(words: &[String]) -> Vec<String> {
    let starts = words.iter().filter(|word| names_provider(word)).count();
    let mut strings: Vec<Vec<&str>> = Vec::new();
    let mut is_begun = false;
    for word in words {
        let begins = starts > 1 && names_provider(word);
        match strings.last_mut() {
            Some(last) if !(begins && is_begun) => last.push(word),
            _ => strings.push(vec![word]),
        }
        is_begun |= begins;
    }
    strings.iter().map(|words| joined(words)).collect()
}

fn joined(words: &[&str]) -> String {
    match words {
        [only] => (*only).to_owned(),
        several => {
            let pieces: Vec<String> = several.iter().map(|word| piece(word)).collect();
            pieces.join(" ")
        }
    }
}

/// Says whether a word is a string of its own.
fn names_provider(word: &str) -> bool {
    match read_pairs(word) {
        Ok(pairs) => pairs.iter().any(|(key, _)| key == "provider"),
        Err(_) => word.split(' ').any(|part| part.starts_with("provider=")),
    }
}

/// A piece of a string; one pair whose quotes the shell has taken gets them back.
fn piece(word: &str) -> String {
    if read_pairs(word).is_ok() {
        return word.to_owned();
    }
    match word.split_once('=') {
        Some((key, value)) if is_bare(key) && is_plain(value) => {
            format!("{key}=\"{}\"", value.replace('\\', "\\\\"))
        }
        _ => word.to_owned(),
    }
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && !key.contains([' ', '"'])
}

/// A value that could have stood in the shell's quotes; one that begins with an equals sign or has
/// quotes of its own is left as it is, to be refused where it is wrong.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.starts_with([' ', '=']) && !value.contains(['"', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    type Words = &'static [&'static str];

    #[test]
    fn words_become_the_strings_that_were_meant() {
        let rows: &[(Words, Words)] = &[
            (&[""], &[""]),
            (&["provider=a x=1"], &["provider=a x=1"]),
            (&["provider=a", "x=1"], &["provider=a x=1"]),
            (&["x=1", "provider=a"], &["x=1 provider=a"]),
            (&["provider", "=", "a"], &["provider = a"]),
            (
                &["provider=a x=1", "provider=b y=2"],
                &["provider=a x=1", "provider=b y=2"],
            ),
            (
                &["x=1", "provider=a", "y=2", "provider=b", "z=3"],
                &["x=1 provider=a y=2", "provider=b z=3"],
            ),
            (
                &["provider=a x", "provider=b"],
                &["provider=a x", "provider=b"],
            ),
            (&["provider=a provider=b"], &["provider=a provider=b"]),
            (&["provider=a", "x=b c"], &["provider=a x=\"b c\""]),
            (&["provider=a", r"x=b= \c"], &[r#"provider=a x="b= \\c""#]),
            (&["provider=a", "x=\"b c\""], &["provider=a x=\"b c\""]),
            (&["provider=a", "x==b"], &["provider=a x==b"]),
            (&["x=b c"], &["x=b c"]),
            (&[], &[]),
        ];
        for (words, wanted) in rows {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(of_words(&words), *wanted, "{words:?}");
        }
    }
}
