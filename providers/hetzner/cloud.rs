//! The servers of a cloud project.
//!
//! The structs are pure. A server's place was `datacenter.location` until July 2026 and is
//! `location` since; both are read. What stands under `public_net.ipv6` is a network, of which
//! nobody says which address the server took, so it is no address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::keys::Wanted;
use crate::{Address, Instance, Kind, Lookup, Pages, ResolveError, Rest, Seen};

const ENDPOINT: &str = "https://api.hetzner.cloud";

const SERVERS: &str = "list servers";

const NETWORKS: &str = "find the network";

/// Servers on a page: the most that the API gives.
const PAGE: &str = "50";

#[derive(Debug, Deserialize)]
struct Page {
    servers: Vec<Server>,
    meta: Meta,
}

#[derive(Debug, Deserialize)]
struct Meta {
    pagination: Pagination,
}

#[derive(Debug, Deserialize)]
struct Pagination {
    next_page: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Server {
    id: u64,
    name: String,
    status: String,
    labels: Option<BTreeMap<String, String>>,
    location: Option<Place>,
    datacenter: Option<Datacenter>,
    private_net: Option<Vec<PrivateNet>>,
    public_net: Option<PublicNet>,
}

#[derive(Debug, Deserialize)]
struct Place {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Datacenter {
    location: Option<Place>,
}

#[derive(Debug, Deserialize)]
struct PrivateNet {
    network: u64,
    ip: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PublicNet {
    ipv4: Option<PublicV4>,
}

#[derive(Debug, Deserialize)]
struct PublicV4 {
    ip: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Networks {
    networks: Vec<Network>,
}

#[derive(Debug, Deserialize)]
struct Network {
    id: u64,
    name: String,
}

/// Adds the servers of the project that the token belongs to.
pub(super) async fn read(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let rest = Rest::open(lookup, ENDPOINT).await?;
    let token = lookup.secret("api_token").await?.ok_or_else(|| {
        let error = rest.error(Kind::Credentials, "find the token");
        error.with("cause", "no `api_token`, `api_token_file` or HCLOUD_TOKEN")
    })?;
    let rest = rest.with_bearer(&token);
    let named = named_network(&rest).await?;
    let wanted = Wanted::from_query(lookup.query);
    let mut pages = Pages::new(&rest, SERVERS);
    let mut number: Option<String> = None;
    loop {
        let mut call = rest.get(SERVERS, "v1/servers").query("per_page", PAGE);
        if let Some(selector) = lookup.query.value("label_selector") {
            call = call.query("label_selector", selector);
        }
        if let Some(number) = &number {
            call = call.query("page", number);
        }
        let page: Page = call.json().await?;
        let servers = page.servers.into_iter();
        seen.instances
            .extend(servers.map(|server| server.instance(wanted, named.as_ref())));
        let Some(next) = page.meta.pagination.next_page else {
            return Ok(());
        };
        let next = next.to_string();
        pages.turn(&next)?;
        number = Some(next);
    }
}

/// The network that `network=` names, if it is a name: servers know the ids of theirs alone.
async fn named_network(rest: &Rest<'_>) -> Result<Option<Network>, ResolveError> {
    let wanted = rest.lookup().query.value("network");
    // An id needs no call, and a range is compared with the addresses.
    let is_name = |text: &&str| text.parse::<u64>().is_err() && !text.contains('/');
    let Some(name) = wanted.filter(is_name) else {
        return Ok(None);
    };
    let call = rest.get(NETWORKS, "v1/networks").query("name", name);
    let found: Networks = call.json().await?;
    let mut networks = found.networks.into_iter();
    match networks.find(|network| network.name == name) {
        Some(network) => Ok(Some(network)),
        // It may be about to be made; an empty list in its place would hide a misspelt name.
        None => Err(rest
            .error(Kind::Answer, NETWORKS)
            .with("network", name)
            .with("reply", "the project has no network of this name")),
    }
}

impl Server {
    fn instance(self, wanted: Wanted<'_>, named: Option<&Network>) -> Instance {
        let old = self.datacenter.and_then(|datacenter| datacenter.location);
        let zone = self.location.or(old).map(|place| place.name);
        let dropped = wanted
            .refuses(&self.name, zone.as_deref())
            .or_else(|| wanted.refuses_state(&self.status));
        let private = self.private_net.into_iter().flatten().enumerate();
        let private = private.filter_map(|(index, net)| net.address(index > 0, named));
        let public = self.public_net.and_then(|net| net.ipv4?.ip?.parse().ok());
        Instance {
            id: Some(self.id.to_string()),
            zone,
            name: Some(self.name),
            state: Some(self.status),
            tags: self.labels.unwrap_or_default(),
            addresses: private.chain(public.map(Address::public)).collect(),
            dropped,
            ..Instance::from_call(SERVERS)
        }
    }
}

impl PrivateNet {
    fn address(self, is_second: bool, named: Option<&Network>) -> Option<Address> {
        let ip: IpAddr = self.ip?.parse().ok()?;
        let mut address = Address::private(ip).in_network(self.network.to_string());
        if let Some(network) = named.filter(|network| network.id == self.network) {
            address = address.in_network(&network.name);
        }
        Some(if is_second { address.spare() } else { address })
    }
}
