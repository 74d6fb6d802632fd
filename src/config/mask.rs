//! Hides credentials in what people write, so that it can be shown.

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "hidden";

/// Parts of a key's name that tell of a credential (the providers' reference), in lower case.
const TELLING: &[&str] = &[
    "key",
    "token",
    "secret",
    "pass",
    "auth",
    "credential",
    "cert",
    "signature",
];

/// Keys that have such a part and hold none.
const INNOCENT: &[&str] = &["tag_key", "auth_url", "token_file", "credentials_file"];

/// The longest text that is repeated in a message, in characters.
const BRIEF_CHARS_MAX: usize = 100;

/// As [`query`], and cut to what fits a line.
pub(super) fn brief(text: &str) -> String {
    let shown = query(text);
    if shown.chars().count() <= BRIEF_CHARS_MAX {
        return shown;
    }
    let start: String = shown.chars().take(BRIEF_CHARS_MAX).collect();
    format!("{start}...")
}

/// Hides the values of keys that name a credential in a `provider=...` string, also where the `=`
/// is missing or stands apart, and the user part of any URL; other texts stay as they are.
pub(super) fn query(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    // The last word was such a key, and the value is still to come.
    let mut is_due = false;
    while !rest.is_empty() {
        let blank = rest.find(|c: char| !c.is_whitespace());
        let (space, after) = cut(rest, blank);
        let (word, after) = cut(after, end_of_word(after));
        shown.push_str(space);
        match word.strip_prefix('=') {
            Some("") if is_due => shown.push('='),
            Some(_) if is_due => shown.extend(["=", HIDDEN]),
            None if is_due && !word.is_empty() => shown.push_str(HIDDEN),
            _ => shown.push_str(&hide(word)),
        }
        let key = word.strip_suffix('=').unwrap_or(word);
        is_due = (is_due && word == "=") || (!key.contains('=') && is_telling(key));
        rest = after;
    }
    shown
}

fn cut(text: &str, at: Option<usize>) -> (&str, &str) {
    text.split_at_checked(at.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// Where the first white space outside quotes stands; none up to the end.
fn end_of_word(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.find(|c: char| {
        let is_end = c.is_whitespace() && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })
}

fn hide(word: &str) -> String {
    match word.split_once('=') {
        Some((key, _)) if is_telling(key) => format!("{key}={HIDDEN}"),
        _ => hide_user(word),
    }
}

fn is_telling(key: &str) -> bool {
    let key = key.trim_matches('"').to_ascii_lowercase();
    !INNOCENT.contains(&key.as_str()) && TELLING.iter().any(|part| key.contains(part))
}

/// Hides `user:password@` after `://`.
fn hide_user(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let (host, path) = cut(rest, rest.find('/'));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{HIDDEN}@{host}{path}"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_query_are_hidden_and_the_rest_is_not() {
        let rows = [
            ("10.0.0.5:8301", "10.0.0.5:8301"),
            (
                "provider=aws tag_key=role tag_value=x secret_access_key=s3",
                "provider=aws tag_key=role tag_value=x secret_access_key=hidden",
            ),
            (
                "provider=x TOKEN=\"a b\" b=c",
                "provider=x TOKEN=hidden b=c",
            ),
            (
                "provider=x token=\"a \\\" b\" b=c",
                "provider=x token=hidden b=c",
            ),
            (
                "provider=x password=\"never closed",
                "provider=x password=hidden",
            ),
            (
                "provider=x endpoint=https://u:p@host/a@b",
                "provider=x endpoint=https://hidden@host/a@b",
            ),
            ("  a   b ", "  a   b "),
            (
                "provider=aws tag_key=a secret_access_key s3 b=c",
                "provider=aws tag_key=a secret_access_key hidden b=c",
            ),
            ("token = s3 b=c", "token = hidden b=c"),
            ("token =s3 b=c", "token =hidden b=c"),
            ("token= s3 b=c", "token=hidden hidden b=c"),
            ("tag_key a", "tag_key a"),
        ];
        for (text, shown) in rows {
            assert_eq!(query(text), shown, "{text}");
        }
    }
}
