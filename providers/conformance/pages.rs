//! What a lookup survives, and what pages may not do.

use std::time::Duration;

use super::stage::{LIMITS, Part, Stage};
use super::{Bad, Fault, Subject};
use crate::{Kind, Limits};

/// The host to which no request may go.
pub(super) const ELSEWHERE: &str = "elsewhere.example";

/// Checks everything that needs a good answer.
pub(super) async fn check(subject: &Subject<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = good(subject).await.into_iter().collect();
    faults.extend(bad_minute(subject).await);
    let Some(next) = &subject.sample.next else {
        return faults;
    };
    let pages = &subject.sample.pages;
    let Some((_, page)) = pages.iter().find(|(_, body)| body.contains(next)) else {
        faults.push(Fault::new("a page of the sample names the next", next));
        return faults;
    };
    let circle = Part::Body(page.clone());
    faults.extend(refused(subject, circle, "pages in a circle are an error").await);
    let endless = Part::Numbered(page.clone(), next.clone());
    faults.extend(refused(subject, endless, "pages without end are an error").await);
    faults.extend(elsewhere(subject, page).await);
    faults.extend(last_page(subject).await);
    faults
}

async fn good(subject: &Subject<'_>) -> Option<Fault> {
    let rule = "the sample gives an answer with contacts";
    let stage = Stage::new(subject.sample, Part::Good);
    match subject.ask(&subject.text, &stage, LIMITS).await {
        Ok(answer) if !answer.contacts.is_empty() => None,
        other => Some(Fault::new(rule, format!("{other:?}"))),
    }
}

async fn bad_minute(subject: &Subject<'_>) -> Option<Fault> {
    let rule = "a lookup survives two throttled answers, a 5xx and a reset within 30 s";
    let bad = [Bad::TooMany, Bad::TooMany, Bad::Broken, Bad::Reset];
    let stage = Stage::new(subject.sample, Part::First(bad.to_vec()));
    let limits = Limits {
        deadline: Duration::from_secs(30),
        ..LIMITS
    };
    match subject.ask(&subject.text, &stage, limits).await {
        Ok(answer) if !answer.contacts.is_empty() => None,
        other => Some(Fault::new(rule, format!("{other:?}"))),
    }
}

/// Pages that are wrong together: an error, and no more requests than pages are allowed.
async fn refused(subject: &Subject<'_>, part: Part, rule: &'static str) -> Option<Fault> {
    let stage = Stage::new(subject.sample, part);
    let outcome = subject.ask(&subject.text, &stage, LIMITS).await;
    let asked = stage.asked();
    match outcome {
        Err(error) if error.kind() == Kind::Answer && asked <= LIMITS.pages => None,
        other => Some(Fault::new(rule, format!("{asked} requests: {other:?}"))),
    }
}

/// Every link of the page leads to another host.
async fn elsewhere(subject: &Subject<'_>, page: &str) -> Option<Fault> {
    let rule = "a link to another host is not followed";
    let mut parts = page.split("://");
    let mut body = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', '?', '"', '\\']).unwrap_or(part.len());
        let (_host, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        body = format!("{body}://{ELSEWHERE}{rest}");
    }
    let stage = Stage::new(subject.sample, Part::Body(body));
    let _outcome = subject.ask(&subject.text, &stage, LIMITS).await;
    let astray = stage.astray();
    (!astray.is_empty()).then(|| Fault::new(rule, astray.join(", ")))
}

/// The first page is good and all that follow are not.
async fn last_page(subject: &Subject<'_>) -> Option<Fault> {
    let rule = "a page that cannot be read is a gap or an error";
    let mut sample = subject.sample.clone();
    let next = sample.next.clone().unwrap_or_default();
    // What the sample has no page for is answered by 404.
    sample.pages.retain(|(_, body)| body.contains(&next));
    let stage = Stage::new(&sample, Part::Good);
    match subject.ask(&subject.text, &stage, LIMITS).await {
        Ok(answer) if answer.is_complete() => Some(Fault::new(rule, format!("{answer:?}"))),
        _ => None,
    }
}
