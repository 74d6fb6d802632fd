//! Bad answers: none may become an answer.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::stage::{LIMITS, Part, Stage};
use super::{Fault, Subject, told};
use crate::{HttpError, Kind, Reply, Request};

/// A bad answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bad {
    /// Nothing.
    Hang,
    /// A body without end, a little at a time.
    Endless,
    /// A body beyond the limit.
    Oversize,
    /// The connection breaks before the answer.
    Reset,
    /// No connection.
    Refused,
    /// The connection breaks in the body.
    HalfBody,
    /// Status 200 and JSON that breaks off.
    HalfJson,
    /// Status 200 and no body.
    Empty,
    /// Status 200 and a page to log in.
    LoginPage,
    /// Status 200 and JSON of another API.
    OtherShape,
    /// Status 200 and `null`.
    Null,
    /// Status 200 and bytes that are no text.
    Garbage,
    /// A redirect to another host.
    Elsewhere,
    /// A redirect to itself.
    Circle,
    /// Status 500.
    Broken,
    /// Status 503 that asks for a pause of an hour.
    Busy,
    /// Status 401.
    Unknown,
    /// Status 403.
    Forbidden,
    /// Status 404 and a web page.
    Absent,
    /// Status 429.
    TooMany,
    /// Status 429 that asks for a pause of an hour.
    TooManyWait,
}

impl Bad {
    /// Each of them.
    pub const ALL: [Self; 21] = [
        Self::Hang,
        Self::Endless,
        Self::Oversize,
        Self::Reset,
        Self::Refused,
        Self::HalfBody,
        Self::HalfJson,
        Self::Empty,
        Self::LoginPage,
        Self::OtherShape,
        Self::Null,
        Self::Garbage,
        Self::Elsewhere,
        Self::Circle,
        Self::Broken,
        Self::Busy,
        Self::Unknown,
        Self::Forbidden,
        Self::Absent,
        Self::TooMany,
        Self::TooManyWait,
    ];

    /// The kinds of error that it may become.
    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Hang | Self::Endless => &[Kind::Timeout],
            Self::Reset | Self::Refused | Self::Broken => &[Kind::Unavailable],
            Self::Busy | Self::TooMany | Self::TooManyWait => &[Kind::Throttled],
            Self::Unknown => &[Kind::Credentials],
            Self::Forbidden => &[Kind::Denied],
            Self::Oversize
            | Self::HalfBody
            | Self::HalfJson
            | Self::Empty
            | Self::LoginPage
            | Self::OtherShape
            | Self::Null
            | Self::Garbage
            | Self::Elsewhere
            | Self::Circle
            | Self::Absent => &[Kind::Answer],
        }
    }

    /// The reply; none if it never comes.
    pub(super) fn reply(self, request: &Request) -> Option<Result<Reply, HttpError>> {
        let cause = || "as the suite plays it".to_owned();
        Some(match self {
            Self::Hang | Self::Endless => return None,
            Self::Oversize => Err(HttpError::TooLarge {
                bytes_max: request.body_bytes_max,
            }),
            Self::Reset => Err(HttpError::Broken { cause: cause() }),
            Self::Refused => Err(HttpError::Connect { cause: cause() }),
            Self::HalfBody => Err(HttpError::Cut { cause: cause() }),
            other => Ok(other.whole(request)),
        })
    }

    fn whole(self, request: &Request) -> Reply {
        let html = ("content-type", "text/html");
        let hour = ("retry-after", "3600");
        let itself = request.url.as_str();
        match self {
            Self::HalfJson => reply(200, &[], b"[{\"a\":"),
            Self::Empty => reply(200, &[], b""),
            Self::LoginPage => reply(200, &[html], b"<html>Log in</html>"),
            Self::Null => reply(200, &[], b"null"),
            Self::Garbage => reply(200, &[], b"\xff\x00\xfe{"),
            Self::Elsewhere => reply(302, &[("location", "https://evil.example/list")], b""),
            Self::Circle => reply(302, &[("location", itself)], b""),
            Self::Broken => reply(500, &[], b"{\"message\":\"oops\"}"),
            Self::Busy => reply(503, &[hour], b""),
            Self::Unknown => reply(401, &[], b"{\"message\":\"who are you\"}"),
            Self::Forbidden => reply(403, &[], b"{\"message\":\"not you\"}"),
            Self::Absent => reply(404, &[html], b"<html>not here</html>"),
            Self::TooMany => reply(429, &[], b"{\"message\":\"slow down\"}"),
            Self::TooManyWait => reply(429, &[hour], b"{\"message\":\"slow down\"}"),
            _ => reply(200, &[], b"{\"hello\":\"world\"}"),
        }
    }
}

fn reply(status: u16, more: &[(&'static str, &str)], body: &[u8]) -> Reply {
    let mut headers = HeaderMap::new();
    let json = ("content-type", "application/json");
    for (name, value) in std::iter::once(&json).chain(more) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Reply {
        status,
        headers,
        body: body.to_vec(),
    }
}

/// The time that a lookup may take by the real clock beyond its deadline, on a busy machine.
const SLACK: std::time::Duration = std::time::Duration::from_mins(1);

/// Plays each bad answer to every request.
pub(super) async fn check(subject: &Subject<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for bad in Bad::ALL {
        let stage = Stage::new(subject.sample, Part::Always(bad));
        let lookup = subject.ask(&subject.text, &stage, LIMITS);
        let Ok(outcome) = tokio::time::timeout(LIMITS.deadline + SLACK, lookup).await else {
            let rule = "a lookup ends at its deadline";
            faults.push(Fault::new(rule, format!("{bad:?}")));
            continue;
        };
        if stage.asked() == 0 {
            let seen = outcome.map_or_else(|error| told(&error), |_answer| String::new());
            let rule = "a lookup asks the endpoint through the door for HTTP";
            faults.push(Fault::new(rule, seen));
            return faults;
        }
        let wrong = match &outcome {
            Ok(answer) => format!("{bad:?}: {} contacts", answer.contacts.len()),
            Err(error) if bad.kinds().contains(&error.kind()) => continue,
            Err(error) => format!("{bad:?}: {error}"),
        };
        let rule = "a bad answer is an error of the right kind";
        faults.push(Fault::new(rule, wrong));
    }
    faults
}
