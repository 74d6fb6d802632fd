//! Pages: one after another, each once, not too many, and all from one server.

use std::collections::HashSet;

use reqwest::{Method, Url};

use super::{Call, Rest};
use crate::{Kind, ResolveError};

/// The pages of one list.
#[derive(Debug)]
pub struct Pages<'r> {
    rest: &'r Rest<'r>,
    operation: &'static str,
    seen: HashSet<String>,
}

impl<'r> Pages<'r> {
    /// No page yet.
    pub fn new(rest: &'r Rest<'r>, operation: &'static str) -> Self {
        Self {
            rest,
            operation,
            seen: HashSet::new(),
        }
    }

    /// Takes note of the next page's token, number or link before it is asked for.
    ///
    /// # Errors
    ///
    /// [`Kind::Answer`] if the vendor has named it before, or there are more pages than the limit.
    pub fn turn(&mut self, cursor: &str) -> Result<(), ResolveError> {
        let error = || self.rest.error(Kind::Answer, self.operation);
        if !self.seen.insert(cursor.to_owned()) {
            return Err(error().with("reply", "a page names one before it as the next"));
        }
        // The first page has no cursor.
        let pages_max = self.rest.lookup().limits.pages;
        if self.seen.len() >= pages_max {
            let error = error().with("reply", "more pages than the limit");
            return Err(error.with("limit", &pages_max.to_string()));
        }
        Ok(())
    }

    /// The call for the next page by its link, absolute or relative.
    ///
    /// # Errors
    ///
    /// As [`Pages::turn`]; [`Kind::Answer`] if the link leads to another server, which must not see
    /// the credentials.
    pub fn follow(&mut self, link: &str) -> Result<Call<'r>, ResolveError> {
        let url = self.rest.base().join(link).ok();
        let url = url.filter(|url| is_same_server(url, self.rest.base()));
        let Some(url) = url else {
            let error = self.rest.error(Kind::Answer, self.operation);
            return Err(error.with("reply", "the link to the next page leads to another server"));
        };
        self.turn(url.as_str())?;
        Ok(Call::new(self.rest, Method::GET, self.operation, url))
    }
}

/// Says whether two addresses share scheme, host and port, and neither holds a user.
pub(super) fn is_same_server(a: &Url, b: &Url) -> bool {
    let place = |url: &Url| {
        let host = url.host_str().map(str::to_owned);
        (url.scheme().to_owned(), host, url.port_or_known_default())
    };
    place(a) == place(b) && a.username().is_empty() && a.password().is_none()
}
