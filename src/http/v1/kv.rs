//! `/v1/kv/`: keys and their values (agent reference, 6.7).
//!
//! A key is the path as it was decoded: slashes, empty segments and any printable character stay.

use axum::http::Method;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::{Ask, Params};
use crate::http::endpoint::Behind;
use crate::http::node::{Consistency, Found};
use crate::http::reply::{Refusal, Reply};
use crate::http::shape::KvJson;
use crate::state::{Answer, Applied, Command, KvEntry, Query};

/// Serves the three methods of a key.
pub(in crate::http) fn serve(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    if ask.method == Method::PUT {
        put(behind, ask).boxed()
    } else if ask.method == Method::DELETE {
        delete(behind, ask).boxed()
    } else {
        get(behind, ask).boxed()
    }
}

async fn get(behind: Behind, ask: Ask) -> Result<Reply, Refusal> {
    let query = question(&ask)?;
    let read = ask.params.read(query, ask.draw)?;
    let consistency = read.consistency;
    let found = behind.read(read).await?;
    let is_root = ask.rest.is_empty();
    answer(found, consistency, &ask.params, is_root)
}

/// What a GET asks for: names if `?keys`, else all below if `?recurse`, else the key.
fn question(ask: &Ask) -> Result<Query, Refusal> {
    let key = ask.rest.clone();
    if ask.params.has("keys") {
        // Consul also takes a spelling of its early days.
        let separator = ask.params.value("separator");
        let separator = separator.or_else(|| ask.params.value("seperator"));
        let separator = separator.filter(|text| !text.is_empty());
        return Ok(Query::KvKeys {
            prefix: key,
            separator: separator.map(str::to_owned),
        });
    }
    if ask.params.has("recurse") {
        return Ok(Query::KvList { prefix: key });
    }
    Ok(Query::KvGet { key: named(key)? })
}

/// The answer in Consul's shape. Nothing found is 404 with an empty body, except that the names
/// below the root are an empty list.
fn answer(
    mut found: Found,
    consistency: Consistency,
    params: &Params,
    is_root: bool,
) -> Result<Reply, Refusal> {
    let reply = match &mut found.answer {
        Answer::Entry(None) => Reply::nothing(),
        Answer::Entries(entries) if entries.is_empty() => Reply::nothing(),
        Answer::Keys(keys) if keys.is_empty() && !is_root => Reply::nothing(),
        Answer::Entry(Some(entry)) if params.has("raw") => Reply::raw(entry.value.clone()),
        Answer::Entry(entry) => list(params, entry.take())?,
        Answer::Entries(entries) => list(params, entries.drain(..))?,
        Answer::Keys(keys) => Reply::json(params, keys)?,
        Answer::Nodes(_) | Answer::Autopilot(_) => return Err(Refusal::mismatch()),
    };
    Ok(reply.with_freshness(&found, consistency))
}

fn list(params: &Params, entries: impl IntoIterator<Item = KvEntry>) -> Result<Reply, Refusal> {
    let entries: Vec<KvJson> = entries.into_iter().map(KvJson::from).collect();
    Reply::json(params, &entries)
}

async fn put(behind: Behind, ask: Ask) -> Result<Reply, Refusal> {
    let key = named(ask.rest.clone())?;
    let cas = ask.params.number("cas")?;
    let flags = ask.params.number("flags")?.unwrap_or(0);
    let params = ask.params.clone();
    let command = Command::KvSet {
        key,
        value: ask.into_value().await?,
        flags,
        cas,
    };
    write(behind, command, &params).await
}

async fn delete(behind: Behind, ask: Ask) -> Result<Reply, Refusal> {
    let is_tree = ask.params.has("recurse");
    if is_tree && ask.params.has("cas") {
        let text = format!("Conflicting flags: {}", ask.params.sorted());
        return Err(Refusal::bad(text));
    }
    let command = if is_tree {
        Command::KvDeleteTree { prefix: ask.rest }
    } else {
        Command::KvDelete {
            cas: ask.params.number("cas")?,
            key: named(ask.rest)?,
        }
    };
    write(behind, command, &ask.params).await
}

/// Has the command written; `true` if its condition held, `false` if not.
async fn write(behind: Behind, command: Command, params: &Params) -> Result<Reply, Refusal> {
    let applied = behind.node.apply(command).await?;
    Reply::json(params, &(applied == Applied::Done))
}

fn named(key: String) -> Result<String, Refusal> {
    if key.is_empty() {
        return Err(Refusal::bad("Missing key name"));
    }
    Ok(key)
}
