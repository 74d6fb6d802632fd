//! A cloud's API as it is seen from one computer: Hetzner's list of servers, which is one of the
//! simplest, with the servers that the network's view of that computer holds.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use quorate_providers::{BoxFuture, Http, HttpError, Reply, Request};
use rand::RngExt as _;
use tokio::time::sleep;

use crate::net::Net;

/// What an agent joins through this API.
pub const JOIN: &str = "provider=hetzner api_token=simulated";

/// How long the API thinks, in milliseconds.
const THINKS_MS: std::ops::RangeInclusive<u64> = 50..=500;

/// The API, asked from one address.
#[derive(Debug)]
pub struct Cloud {
    net: Net,
    ip: IpAddr,
}

impl Cloud {
    /// The API as an address sees it.
    pub fn new(net: Net, ip: IpAddr) -> Self {
        Self { net, ip }
    }
}

impl Http for Cloud {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        Box::pin(async move {
            let thinks = rand::rng().random_range(THINKS_MS);
            sleep(Duration::from_millis(thinks)).await;
            let (status, body) = if request.url.path() == "/v1/servers" {
                (200, page(&self.net.view(self.ip)))
            } else {
                (404, String::new())
            };
            Ok(Reply {
                status,
                headers: Default::default(),
                body: body.into_bytes(),
            })
        })
    }
}

/// The one page of all servers.
fn page(servers: &[IpAddr]) -> String {
    let mut list = String::new();
    for (id, ip) in (1..).zip(servers) {
        let comma = if id > 1 { "," } else { "" };
        write!(
            list,
            r#"{comma}{{"id":{id},"name":"s{id}","status":"running","private_net":[{{"network":1,"ip":"{ip}"}}]}}"#
        )
        .unwrap();
    }
    format!(r#"{{"servers":[{list}],"meta":{{"pagination":{{"next_page":null}}}}}}"#)
}
