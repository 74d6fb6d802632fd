//! Virtual machines and scale sets, through Microsoft's crate: names, tags, zones, power.

use std::collections::HashMap;

use azure_mgmt_compute::package_2024_07_01::models;
use serde::Deserialize;
use serde_json::Value;

use crate::{Kind, ResolveError, Seen};

use super::door::Door;
use super::join::{Found, Machine};
use super::keys::{Settings, Wanted};
use super::transport::{self, Page};
use super::{NAME, nics};

const ALL: &str = "virtual machines, list all";
const IN_GROUP: &str = "virtual machines, list";
const IN_SET: &str = "virtual machines of a scale set, list";

const GET_SET: &str = "virtual machine scale sets, get";

/// The version that the crate asks for, for the one call that is ours.
const VERSION: &str = "2024-07-01";

/// Machines by their id in lower case: Azure's ids differ in case from list to list.
pub(super) type Machines = HashMap<String, Machine>;

impl Page for models::VirtualMachineListResult {
    fn next(&self) -> Option<&str> {
        self.next_link.as_deref()
    }
}

impl Page for models::VirtualMachineScaleSetVmListResult {
    fn next(&self) -> Option<&str> {
        self.next_link.as_deref()
    }
}

/// Says whether a failure is that a subscription has no such scale set, or no such group.
pub(super) fn is_absent(error: &ResolveError) -> bool {
    let mut context = error.context().iter();
    let is_unknown = context.any(|(name, text)| *name == "status" && text == "404");
    error.operation() == GET_SET && is_unknown
}

/// The error that no subscription has the scale set.
pub(super) fn absent(settings: &Settings) -> ResolveError {
    let set = match &settings.wanted {
        Wanted::Set { group, set } => format!("{group}/{set}"),
        Wanted::Tag { .. } => String::new(),
    };
    ResolveError::new(Kind::Answer, NAME, GET_SET)
        .with("cause", "there is no such scale set in the subscriptions")
        .with("vm_scale_set", &set)
}

/// All machines of a subscription. Azure tells tags and power in two lists.
pub(super) async fn all(door: &Door, subscription: &str) -> Result<Machines, ResolveError> {
    let client = transport::client(door, ALL)
        .await?
        .virtual_machines_client();
    let mut machines = Machines::new();
    let list = client.list_all(subscription).into_stream();
    transport::pages(door, ALL, list, |page| {
        machines.extend(page.value.into_iter().filter_map(machine));
        Ok(())
    })
    .await?;
    let power = client
        .list_all(subscription)
        .status_only("true")
        .into_stream();
    transport::pages(door, ALL, power, |page| {
        for (id, told) in page.value.into_iter().filter_map(machine) {
            if let Some(known) = machines.get_mut(&id) {
                known.state = told.state;
            }
        }
        Ok(())
    })
    .await?;
    Ok(machines)
}

#[derive(Debug, Deserialize)]
struct Set {
    properties: SetProperties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetProperties {
    /// Absent from sets that are older than the choice: those are uniform.
    orchestration_mode: Option<String>,
}

/// Interfaces and machines of a scale set. Those of a flexible one are machines like others, and
/// its own list of interfaces is empty.
pub(super) async fn of_set(
    door: &Door,
    subscription: &str,
    group: &str,
    set: &str,
    seen: &mut Seen,
) -> Result<Found, ResolveError> {
    let below = format!("subscriptions/{subscription}/resourceGroups/{group}/providers");
    let path = format!("{below}/Microsoft.Compute/virtualMachineScaleSets/{set}");
    let url = door.url(&path, &[("api-version", VERSION)]).await?;
    let mode = match door.json::<Set>(GET_SET, &url).await {
        Ok(set) => Some(set.properties.orchestration_mode.unwrap_or_default()),
        // go-discover needs the right to read interfaces and no other.
        Err(error) if error.kind() == Kind::Denied => {
            seen.gap(format!("virtual machines of scale set {set}"), error);
            None
        }
        Err(error) => return Err(error),
    };
    if mode.as_deref() == Some("Flexible") {
        let nics = format!("{below}/Microsoft.Network/networkInterfaces");
        let nics = nics::list(door, &nics, nics::VERSION).await?;
        let public = format!("{below}/Microsoft.Network/publicIPAddresses");
        let mut found = Found::new(nics, public);
        found.machines = of_flexible(door, subscription, group, &path).await?;
        found.is_of_machines = true;
        return Ok(found);
    }
    let nics = nics::list(
        door,
        &format!("{path}/networkInterfaces"),
        nics::SET_VERSION,
    )
    .await?;
    let mut found = Found::new(nics, format!("{path}/publicipaddresses"));
    if mode.is_some() {
        found.machines = of_uniform(door, subscription, group, set).await?;
    }
    Ok(found)
}

async fn of_flexible(
    door: &Door,
    subscription: &str,
    group: &str,
    path: &str,
) -> Result<Machines, ResolveError> {
    let id = format!("/{path}");
    let client = transport::client(door, IN_GROUP).await?;
    let list = client
        .virtual_machines_client()
        .list(group, subscription)
        .filter(format!("'virtualMachineScaleSet/id' eq '{id}'"))
        .expand("instanceView")
        .into_stream();
    let mut machines = Machines::new();
    transport::pages(door, IN_GROUP, list, |page| {
        // A look-alike may ignore the filter.
        let is_member = |machine: &models::VirtualMachine| {
            let properties = machine.properties.as_ref();
            let set = properties.and_then(|all| all.virtual_machine_scale_set.as_ref());
            let set = set.and_then(|set| set.id.as_deref());
            set.is_some_and(|set| set.eq_ignore_ascii_case(&id))
        };
        let members = page.value.into_iter().filter(is_member);
        machines.extend(members.filter_map(machine));
        Ok(())
    })
    .await?;
    Ok(machines)
}

async fn of_uniform(
    door: &Door,
    subscription: &str,
    group: &str,
    set: &str,
) -> Result<Machines, ResolveError> {
    let client = transport::client(door, IN_SET).await?;
    let list = client
        .virtual_machine_scale_set_v_ms_client()
        .list(group, set, subscription)
        .expand("instanceView")
        .into_stream();
    let mut machines = Machines::new();
    transport::pages(door, IN_SET, list, |page| {
        machines.extend(page.value.into_iter().filter_map(|one| {
            let view = one.properties.and_then(|all| all.instance_view);
            let statuses = view.map(|view| view.statuses).unwrap_or_default();
            known(one.resource, &one.zones, &statuses)
        }));
        Ok(())
    })
    .await?;
    Ok(machines)
}

fn machine(one: models::VirtualMachine) -> Option<(String, Machine)> {
    let view = one.properties.and_then(|all| all.instance_view);
    let statuses = view.map(|view| view.statuses).unwrap_or_default();
    known(one.resource, &one.zones, &statuses)
}

fn known(
    resource: models::Resource,
    zones: &[String],
    statuses: &[models::InstanceViewStatus],
) -> Option<(String, Machine)> {
    let id = resource.id?;
    let zone = match zones.first() {
        Some(zone) => format!("{}-{zone}", resource.location),
        None => resource.location,
    };
    let mut codes = statuses.iter().filter_map(|status| status.code.as_deref());
    let state = codes.find_map(|code| code.strip_prefix("PowerState/"));
    let pairs = match resource.tags {
        Some(Value::Object(pairs)) => pairs,
        _ => serde_json::Map::new(),
    };
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    let machine = Machine {
        id: Some(id.clone()),
        name: resource.name,
        zone: Some(zone),
        state: state.map(str::to_owned),
        tags: pairs.into_iter().filter_map(text).collect(),
    };
    Some((id.to_ascii_lowercase(), machine))
}
