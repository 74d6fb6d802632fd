//! Turns one reply of `DescribeTasks` into instances.
//!
//! A task with a network interface of its own (mode `awsvpc`) has addresses; in the modes `bridge`
//! and `host` it shares its host's, which ECS does not tell, and cannot be reached by this.

use std::net::IpAddr;

use serde::Deserialize;

use crate::{Address, Instance, ResolveError, Seen};

use super::super::failure;
use super::super::settings::Settings;

/// The vendor's call.
pub(super) const OPERATION: &str = "DescribeTasks";

/// The state that a task must be wanted in.
pub(super) const RUNNING: &str = "RUNNING";

/// States before that one, in which a task may have no address yet.
const BEGINNING: [&str; 3] = ["PROVISIONING", "PENDING", "ACTIVATING"];

/// Why the API does not tell of a task that has ended since it was listed.
const ENDED: &str = "MISSING";

#[derive(Debug, Deserialize)]
pub(super) struct Told {
    tasks: Vec<Task>,
    #[serde(default)]
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    #[serde(default)]
    arn: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    #[serde(rename = "taskArn")]
    arn: String,
    desired_status: String,
    last_status: Option<String>,
    availability_zone: Option<String>,
    group: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    #[serde(default)]
    id: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

impl Attachment {
    fn detail(&self, name: &str) -> Option<&str> {
        let detail = self.details.iter().find(|detail| detail.name == name)?;
        Some(detail.value.as_str()).filter(|value| !value.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default)]
    network_interfaces: Vec<Interface>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interface {
    #[serde(default)]
    attachment_id: String,
    private_ipv4_address: Option<String>,
    ipv6_address: Option<String>,
}

/// Adds the tasks of a reply.
pub(super) fn add(told: Told, settings: &Settings, seen: &mut Seen) -> Result<(), ResolveError> {
    for task in told.tasks {
        seen.add(instance(task, settings)?);
    }
    for failure in told.failures {
        if failure.reason != ENDED {
            let error = failure::shape(OPERATION, "does not tell of a task that it listed");
            let error = error.with("reason", &failure.reason);
            seen.gap(format!("task {}", failure.arn), error);
        }
    }
    Ok(())
}

fn instance(task: Task, settings: &Settings) -> Result<Instance, ResolveError> {
    if task.arn.is_empty() {
        return Err(failure::shape(OPERATION, "a task without `taskArn`"));
    }
    let addresses = addresses(&task)?;
    let why = unwanted(&task, settings, addresses.is_empty());
    let mut instance = Instance::from_call(OPERATION).with_id(task.arn);
    instance.tags = task
        .tags
        .into_iter()
        .map(|tag| (tag.key, tag.value))
        .collect();
    instance.name = task.group.filter(|group| !group.is_empty());
    instance.zone = task.availability_zone;
    instance.state = task.last_status;
    instance.addresses = addresses;
    Ok(match why {
        Some(why) => instance.drop_because(why),
        None => instance,
    })
}

/// Why a task is left out; none if it is not.
fn unwanted(task: &Task, settings: &Settings, has_no_address: bool) -> Option<String> {
    let (key, value) = (&settings.tag_key, &settings.tag_value);
    if !task
        .tags
        .iter()
        .any(|tag| tag.key == *key && tag.value == *value)
    {
        return Some(format!("is not tagged {key}={value}"));
    }
    if task.desired_status != RUNNING {
        return Some(format!("is to be {}", task.desired_status));
    }
    let state = task.last_status.as_deref().unwrap_or_default();
    let begins = has_no_address && BEGINNING.contains(&state);
    begins.then(|| format!("is {state} and has no address yet"))
}

/// The addresses of the first interface; those of others only `network=` chooses. What the
/// containers know beyond the attachments is IPv6.
fn addresses(task: &Task) -> Result<Vec<Address>, ResolveError> {
    let of_attachments = task.attachments.iter().filter_map(|attachment| {
        let text = attachment.detail("privateIPv4Address")?;
        Some((attachment.id.as_str(), text))
    });
    let interfaces = task
        .containers
        .iter()
        .flat_map(|one| &one.network_interfaces);
    let of_containers = interfaces.flat_map(|interface| {
        let texts = [&interface.private_ipv4_address, &interface.ipv6_address];
        let given = texts.into_iter().flatten().filter(|text| !text.is_empty());
        given.map(|text| (interface.attachment_id.as_str(), text.as_str()))
    });
    let mut first = None;
    let mut found: Vec<Address> = Vec::new();
    for (attachment, text) in of_attachments.chain(of_containers) {
        let ip: IpAddr = text.parse().map_err(|_not_an_address| {
            failure::shape(OPERATION, "an address that is none")
                .with("task", &task.arn)
                .with("address", text)
        })?;
        // All of IPv6 in a subnet of Amazon's can be reached from outside.
        let address = if ip.is_ipv4() {
            Address::private(ip)
        } else {
            Address::public(ip)
        };
        let owner = task.attachments.iter().find(|one| one.id == attachment);
        let subnet = owner.and_then(|owner| owner.detail("subnetId"));
        let address = subnet.into_iter().fold(address, Address::in_network);
        let is_first = *first.get_or_insert(attachment) == attachment;
        if !found.iter().any(|known| known.host == address.host) {
            found.push(if is_first { address } else { address.spare() });
        }
    }
    Ok(found)
}
