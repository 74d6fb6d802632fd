//! The parts of a shown value that must not be seen: the user of a URL and the values of its
//! query, and what stands behind the name of a secret.
//!
//! Pure. Where a reading is in doubt, more is hidden.

use std::ops::Range;

/// What URLs in a text take up, and the parts of them that are hidden.
#[derive(Debug, Default)]
pub(super) struct Urls {
    /// From the `://` of each to its end.
    pub(super) spans: Vec<Range<usize>>,
    /// User and password, the values of the query without their names, the fragment.
    pub(super) masks: Vec<Range<usize>>,
}

impl Urls {
    /// Finds the URLs of a text. One without a scheme counts if it is all there is.
    pub(super) fn of(text: &str) -> Self {
        let mut urls = Self::default();
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")) {
            let start = from + at + "://".len();
            let rest = text.get(start..).unwrap_or_default();
            let is_end = |c: char| c.is_whitespace() || c == '"' || c == '\'';
            let end = start + rest.find(is_end).unwrap_or(rest.len());
            urls.spans.push(from + at..end);
            urls.take(text, start..end, true);
            from = end;
        }
        if urls.spans.is_empty() {
            urls.take(text, 0..text.len(), false);
        }
        urls
    }

    fn take(&mut self, text: &str, span: Range<usize>, has_scheme: bool) {
        let url = text.get(span.clone()).unwrap_or_default();
        let user = user(url, has_scheme);
        if user > 0 {
            self.masks.push(span.start..span.start + user);
        }
        let rest = url.get(user..).unwrap_or_default();
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) if has_scheme => (rest, fragment),
            _ => (rest, ""),
        };
        if !fragment.is_empty() {
            self.masks.push(span.end - fragment.len()..span.end);
        }
        let Some((before, query)) = rest.split_once('?') else {
            return;
        };
        let mut at = span.start + user + before.len() + 1;
        for pair in query.split(['&', ';']) {
            let name = match pair.split_once('=') {
                Some((name, _)) => name.len() + 1,
                None if has_scheme => 0,
                None => pair.len(),
            };
            self.masks.push(at + name..at + pair.len());
            at += pair.len() + 1;
        }
    }
}

/// How many bytes of a URL, from behind its scheme, are user and password (RFC 3986, section 3.2.1).
/// A password may hold what should be escaped: what looks like a port and is none tells of one.
fn user(url: &str, has_scheme: bool) -> usize {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let authority = url.get(..end).unwrap_or_default();
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let is_port = port.bytes().all(|c| c.is_ascii_digit()) || authority.ends_with(']');
    let place = match authority.rfind('@') {
        Some(at) => Some(at).filter(|_| has_scheme || authority.contains(':')),
        None => url.rfind('@').filter(|_| !is_port),
    };
    place.unwrap_or(0)
}

/// Where the text behind the first name of a secret begins: `token=...`, `token: ...` and
/// `--token ...`. Names in URLs do not count.
pub(super) fn behind_secret(
    text: &str,
    urls: &Urls,
    is_secret: impl Fn(&str) -> bool,
) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if is_part(c) {
            continue;
        }
        let word = text.get(start..at).unwrap_or_default();
        let is_sign = matches!(c, '=' | ':') || (c.is_whitespace() && word.starts_with('-'));
        let is_in_url = urls.spans.iter().any(|span| span.contains(&at));
        let name = word.trim_start_matches('-').replace('-', "_");
        if is_sign && !is_in_url && is_secret(&name) {
            return Some(at + c.len_utf8());
        }
        start = at + c.len_utf8();
    }
    None
}

/// Puts ranges in order, and makes those one that overlap; empty ones go.
pub(super) fn merged(mut masks: Vec<Range<usize>>) -> Vec<Range<usize>> {
    masks.retain(|mask| !mask.is_empty());
    masks.sort_by_key(|mask| mask.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(masks.len());
    for mask in masks {
        match apart.last_mut() {
            Some(last) if mask.start < last.end => last.end = last.end.max(mask.end),
            _ => apart.push(mask),
        }
    }
    apart
}

/// A text with another in place of each range; the ranges are in order and apart.
pub(super) fn replaced(text: &str, masks: &[Range<usize>], mask: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in masks {
        shown.push_str(text.get(from..range.start).unwrap_or_default());
        shown.push_str(mask);
        from = range.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

/// A word without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').unwrap_or(text);
    inner.strip_suffix('"').unwrap_or(inner)
}

/// Where the words of a text stand: what is between spaces and equals signs.
pub(super) fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_gap = |c: char| c == '=' || c.is_whitespace();
    text.split(is_gap)
        .scan(0, |next, word| {
            let start = *next;
            // Behind the word stands one character that is none.
            let gap = text
                .get(start + word.len()..)
                .and_then(|rest| rest.chars().next());
            *next = start + word.len() + gap.map_or(0, char::len_utf8);
            Some(start..start + word.len())
        })
        .filter(|word| !word.is_empty())
}
