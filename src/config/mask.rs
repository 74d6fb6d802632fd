//! Hides credentials in what people write, so that it can be shown.

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "hidden";

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

/// Hides what may be a credential, in a `provider=...` string or any other text.
pub(super) fn query(text: &str) -> String {
    quorate_providers::redact_as(text, HIDDEN)
}

/// A phrase about a value without what is hidden of the value.
pub(super) fn phrase(why: &str, value: &str) -> String {
    let shown = query(value);
    if shown == value || value.is_empty() {
        return why.to_owned();
    }
    let quoted = |text: &str| format!("{text:?}").trim_matches('"').to_owned();
    why.replace(value, &shown)
        .replace(&quoted(value), &quoted(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_hidden_and_the_rest_is_not() {
        let rows = [
            ("10.0.0.5:8301", "10.0.0.5:8301"),
            ("[2001:db8::1]:8301", "[2001:db8::1]:8301"),
            (
                "provider=static addrs=10.0.0.5 port=8301",
                "provider=static addrs=10.0.0.5 port=8301",
            ),
            (
                "provider=nobody TOKEN=\"a b\" b=c",
                "provider=nobody TOKEN=hidden hidden=hidden",
            ),
            (
                "provider=http bearer_token=\"never closed",
                "provider=http bearer_token=hidden hidden",
            ),
            ("https://u:p@host/a@b", "https://hidden@host/a@b"),
            ("a/b: c-d (e) token", "a/b: c-d (e) token"),
            (
                "secret_access_key s3 b=c",
                "secret_access_key hidden hidden=hidden",
            ),
            (
                "providr=http bearer_token=s3",
                "providr=hidden bearer_token=hidden",
            ),
            ("tag_key a", "tag_key a"),
        ];
        for (text, shown) in rows {
            assert_eq!(query(text), shown, "{text}");
        }
    }

    #[test]
    fn a_phrase_repeats_no_value_that_is_hidden() {
        let value = "a\tprovider=x token=s3";
        let why = format!("{value:?} is no name, and {value} is none");
        assert!(!phrase(&why, value).contains("s3"));
        assert_eq!(phrase("\"a b\" is no name", "a b"), "\"a b\" is no name");
    }
}
