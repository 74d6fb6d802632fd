//! Network interfaces and public addresses, by REST: Microsoft's crate for them weighs more than all
//! else together, for two lists.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Pages, ResolveError};

use super::door::Door;

const INTERFACES: &str = "network interfaces, list";
const PUBLIC: &str = "public addresses, list";

/// The API's version for what is a resource of its own.
pub(super) const VERSION: &str = "2024-03-01";

/// The only version that has the interfaces of uniform scale sets.
pub(super) const SET_VERSION: &str = "2018-10-01";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    value: Vec<T>,
    next_link: Option<String>,
}

/// A reference to another resource.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Id {
    #[serde(default)]
    pub(super) id: String,
}

/// An interface.
#[derive(Debug, Deserialize)]
pub(super) struct Nic {
    pub(super) id: String,
    #[serde(default)]
    pub(super) tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) properties: NicProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NicProperties {
    /// Absent while its machine is deallocated.
    pub(super) primary: Option<bool>,
    pub(super) virtual_machine: Option<Id>,
    pub(super) ip_configurations: Vec<Config>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) properties: ConfigProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ConfigProperties {
    #[serde(rename = "privateIPAddress")]
    pub(super) private_ip: Option<String>,
    pub(super) subnet: Option<Id>,
}

#[derive(Debug, Deserialize)]
struct Public {
    #[serde(default)]
    properties: PublicProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PublicProperties {
    /// Absent while it is not assigned.
    ip_address: Option<String>,
    ip_configuration: Option<Id>,
}

/// Public addresses by the id, in lower case, of the configuration that has them.
pub(super) type PublicAddresses = HashMap<String, Vec<IpAddr>>;

/// Reads every page of interfaces.
pub(super) async fn list(door: &Door, path: &str, version: &str) -> Result<Vec<Nic>, ResolveError> {
    read(door, INTERFACES, path, version).await
}

/// Reads every page of public addresses.
pub(super) async fn public_addresses(
    door: &Door,
    path: &str,
) -> Result<PublicAddresses, ResolveError> {
    let is_of_set = path.ends_with("publicipaddresses");
    let version = if is_of_set { SET_VERSION } else { VERSION };
    let list: Vec<Public> = read(door, PUBLIC, path, version).await?;
    let mut found = PublicAddresses::new();
    for one in list {
        let ip = one.properties.ip_address.and_then(|text| text.parse().ok());
        let config = one.properties.ip_configuration;
        if let Some((ip, config)) = ip.zip(config) {
            found
                .entry(config.id.to_ascii_lowercase())
                .or_default()
                .push(ip);
        }
    }
    Ok(found)
}

async fn read<T: DeserializeOwned>(
    door: &Door,
    operation: &'static str,
    path: &str,
    version: &str,
) -> Result<Vec<T>, ResolveError> {
    let rest = door.rest().await?;
    let mut pages = Pages::new(&rest, operation);
    let mut url = door.url(path, &[("api-version", version)]).await?;
    let mut all = Vec::new();
    loop {
        let page: List<T> = door.json(operation, &url).await?;
        all.extend(page.value);
        match page.next_link.filter(|next| !next.is_empty()) {
            Some(next) => url = pages.follow(&next)?.url().clone(),
            None => return Ok(all),
        }
    }
}
