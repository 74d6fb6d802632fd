//! A list of the API, page by page.
//!
//! Paging: <https://kubernetes.io/docs/reference/using-api/api-concepts/>, section "Retrieving large
//! results sets in chunks", read 2026. A `continue` token lives for about five minutes of the
//! cluster's changes; behind an expired one the API says 410. Then the list begins anew, once: the
//! token that comes with a 410 would mix two states of the cluster.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Instance, Kind, Pages, ResolveError, Rest};

/// Items on a page: what the vendor's own client asks for.
const PAGE: &str = "500";

#[derive(Deserialize)]
struct Page<T> {
    metadata: Metadata,
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// What is listed.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) operation: &'static str,
    pub(super) path: String,
    pub(super) label_selector: Option<String>,
    pub(super) field_selector: Option<String>,
}

impl List {
    /// Adds each item of all pages to what was seen, which is emptied if the list begins anew.
    pub(super) async fn read<T: DeserializeOwned + Send>(
        &self,
        rest: &Rest<'_>,
        seen: &mut Vec<Instance>,
        mut add: impl FnMut(T, &mut Vec<Instance>) + Send,
    ) -> Result<(), ResolveError> {
        for _pass in 0..2 {
            seen.clear();
            if self.pass(rest, seen, &mut add).await? {
                return Ok(());
            }
        }
        let error = rest.error(Kind::Unavailable, self.operation);
        Err(error.with("reply", "the list expired twice while it was read"))
    }

    /// One pass over all pages; says whether it came to the end before the list expired.
    async fn pass<T: DeserializeOwned + Send>(
        &self,
        rest: &Rest<'_>,
        seen: &mut Vec<Instance>,
        add: &mut (impl FnMut(T, &mut Vec<Instance>) + Send),
    ) -> Result<bool, ResolveError> {
        let mut pages = Pages::new(rest, self.operation);
        let mut next: Option<String> = None;
        loop {
            let mut call = rest.get(self.operation, &self.path).query("limit", PAGE);
            let selectors = [
                ("labelSelector", &self.label_selector),
                ("fieldSelector", &self.field_selector),
                ("continue", &next),
            ];
            for (name, value) in selectors {
                if let Some(value) = value {
                    call = call.query(name, value);
                }
            }
            let reply = call.exchange().await?;
            if reply.status == 410 && next.is_some() {
                return Ok(false);
            }
            let page: Page<T> = call.parse(&call.accept(reply)?)?;
            page.items.into_iter().for_each(|item| add(item, seen));
            next = page.metadata.next.filter(|token| !token.is_empty());
            let Some(token) = &next else { return Ok(true) };
            pages.turn(token)?;
        }
    }
}
