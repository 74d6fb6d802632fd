//! A page of droplets, and the instances in it.
//!
//! Pure. A droplet may lack its region or its networks for a moment while it is made or moved.

use std::net::IpAddr;

use serde::Deserialize;

use super::OPERATION;
use super::keys::Wanted;
use crate::{Address, Instance};

/// One page of the list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) droplets: Vec<Droplet>,
    links: Option<Links>,
}

#[derive(Debug, Deserialize)]
struct Links {
    pages: Option<Neighbours>,
}

#[derive(Debug, Deserialize)]
struct Neighbours {
    next: Option<String>,
}

/// One machine.
#[derive(Debug, Deserialize)]
pub(super) struct Droplet {
    id: u64,
    name: Option<String>,
    status: Option<String>,
    region: Option<Region>,
    networks: Option<Networks>,
    tags: Option<Vec<String>>,
    vpc_uuid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Region {
    slug: String,
}

#[derive(Debug, Deserialize)]
struct Networks {
    v4: Option<Vec<Network>>,
    v6: Option<Vec<Network>>,
}

#[derive(Debug, Deserialize)]
struct Network {
    ip_address: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Page {
    /// The link to the next page; none on the last.
    pub(super) fn next(&self) -> Option<&str> {
        let next = self.links.as_ref()?.pages.as_ref()?.next.as_deref();
        next.filter(|link| !link.is_empty())
    }
}

impl Droplet {
    /// The droplet as an instance, dropped if it is not wanted.
    pub(super) fn instance(self, wanted: Wanted<'_>) -> Instance {
        let region = self.region.map(|region| region.slug);
        let status = self
            .status
            .unwrap_or_else(|| "of no known state".to_owned());
        let dropped = wanted.refuses(region.as_deref(), &status);
        let networks = self.networks.into_iter();
        let all = networks
            .flat_map(|both| [both.v4, both.v6])
            .flatten()
            .flatten();
        let vpc = self.vpc_uuid.as_deref();
        Instance {
            id: Some(self.id.to_string()),
            zone: region,
            name: self.name,
            state: Some(status),
            // A tag is one word; those with a colon in it are a custom, not a pair.
            tags: self
                .tags
                .into_iter()
                .flatten()
                .map(|tag| (tag, String::new()))
                .collect(),
            addresses: all.filter_map(|network| network.address(vpc)).collect(),
            dropped,
            ..Instance::from_call(OPERATION)
        }
    }
}

impl Network {
    /// Its address; private ones are in the droplet's VPC.
    fn address(&self, vpc: Option<&str>) -> Option<Address> {
        let ip: IpAddr = self.ip_address.as_ref()?.parse().ok()?;
        if self.kind.as_deref() != Some("private") {
            return Some(Address::public(ip));
        }
        let address = Address::private(ip);
        Some(match vpc {
            Some(vpc) => address.in_network(vpc),
            None => address,
        })
    }
}
