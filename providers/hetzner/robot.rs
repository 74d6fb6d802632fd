//! Dedicated servers, by the web service of Hetzner's Robot.
//!
//! The structs are pure. One list without pages, without labels, and without private addresses:
//! those of a vSwitch are set by hand on the machines.

use std::net::IpAddr;

use serde::Deserialize;

use super::keys::Wanted;
use crate::{Address, Instance, Kind, Lookup, Reply, ResolveError, Rest, Seen, judge_status};

const ENDPOINT: &str = "https://robot-ws.your-server.de";

const OPERATION: &str = "list dedicated servers";

#[derive(Debug, Deserialize)]
struct Entry {
    server: Server,
}

#[derive(Debug, Deserialize)]
struct Server {
    #[serde(rename = "server_number")]
    number: u64,
    #[serde(rename = "server_name")]
    name: Option<String>,
    #[serde(rename = "server_ip")]
    ip: Option<String>,
    dc: Option<String>,
    status: Option<String>,
    #[serde(default)]
    cancelled: bool,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Debug, Deserialize)]
struct Reason {
    code: String,
}

/// Adds the dedicated servers of an account.
pub(super) async fn read(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let rest = Rest::open(lookup, ENDPOINT).await?;
    let user = lookup.value("robot_user");
    let (Some(user), Some(password)) = (user, lookup.secret("robot_password").await?) else {
        let error = rest.error(Kind::Credentials, "log in");
        return Err(error.with("cause", "`robot_user` and `robot_password` are needed"));
    };
    let rest = rest.with_basic(&user, &password).with_judge(judge);
    let call = rest.get(OPERATION, "server");
    let reply = call.exchange().await?;
    // So the service says that an account has no server.
    if reply.status == 404 && code(&reply).as_deref() == Some("SERVER_NOT_FOUND") {
        return Ok(());
    }
    let list: Vec<Entry> = call.parse(&call.accept(reply)?)?;
    let wanted = Wanted::from_query(lookup.query);
    let servers = list.into_iter().map(|entry| entry.server);
    seen.instances
        .extend(servers.map(|server| server.instance(wanted)));
    Ok(())
}

/// The service throttles with the status of a denial.
fn judge(reply: &Reply) -> Option<Kind> {
    match code(reply).as_deref() {
        Some("RATE_LIMIT_EXCEEDED") => Some(Kind::Throttled),
        _ => judge_status(reply),
    }
}

/// The service's word for an error.
fn code(reply: &Reply) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(&reply.body).ok()?;
    Some(refusal.error.code)
}

impl Server {
    fn instance(self, wanted: Wanted<'_>) -> Instance {
        let name = self.name.unwrap_or_default();
        let dc = self.dc.unwrap_or_default().to_ascii_lowercase();
        // `FSN1-DC8` is a hall in the location `fsn1`.
        let location = dc.split('-').next().filter(|text| !text.is_empty());
        let status = self.status.unwrap_or_default();
        let dropped = wanted.refuses(&name, location).or_else(|| {
            let why = match status.as_str() {
                _ if self.cancelled => "is cancelled".to_owned(),
                "ready" => return None,
                other => format!("is {other}"),
            };
            Some(why)
        });
        let ip: Option<IpAddr> = self.ip.and_then(|ip| ip.parse().ok());
        Instance {
            id: Some(self.number.to_string()),
            zone: location.map(str::to_owned),
            name: Some(name),
            state: Some(status),
            addresses: ip.map(Address::public).into_iter().collect(),
            dropped,
            ..Instance::from_call(OPERATION)
        }
    }
}
