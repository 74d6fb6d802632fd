//! A recorded request with its answer.

use super::Hostile;

/// One expected request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
    pub(super) answer: Play,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) enum Play {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Hostile(Hostile),
}

impl Take {
    /// A GET of exactly this path and query; the answer is an empty JSON object until said.
    pub(crate) fn get(target: &str) -> Self {
        Self::of("GET", target)
    }

    /// A POST to exactly this path and query.
    pub(crate) fn post(target: &str) -> Self {
        Self::of("POST", target)
    }

    /// Any method.
    pub(crate) fn of(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
            answer: Play::Reply {
                status: 200,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: "{}".to_owned(),
            },
        }
    }

    /// The request must have this header; name in lower case.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request must have this body.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Answers 200 with this JSON.
    pub(crate) fn json(mut self, json: &str) -> Self {
        if let Play::Reply { body, .. } = &mut self.answer {
            json.clone_into(body);
        }
        self
    }

    /// Answers with this status.
    pub(crate) fn status(mut self, code: u16) -> Self {
        if let Play::Reply { status, .. } = &mut self.answer {
            *status = code;
        }
        self
    }

    /// Answers with this header.
    pub(crate) fn reply_header(mut self, name: &str, value: &str) -> Self {
        if let Play::Reply { headers, .. } = &mut self.answer {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Answers badly.
    pub(crate) fn hostile(mut self, hostile: Hostile) -> Self {
        self.answer = Play::Hostile(hostile);
        self
    }
}
