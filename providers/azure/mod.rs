//! Azure virtual machines, by tag or scale set.
//!
//! APIs: Resource Manager, `Microsoft.Compute` 2024-07-01 through Microsoft's generated crate
//! (<https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all>), and network interfaces,
//! which it does not have, by REST: `Microsoft.Network` 2024-03-01
//! (<https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-all>) and, for those
//! of uniform scale sets, 2018-10-01; all read 2026. Keys are go-discover's (provider reference, 3.3).
//!
//! - Credentials: a client secret of the query or of `ARM_...` and `AZURE_...` variables, a workload
//!   identity's token file, the machine's managed identity. Asked for through our own door, as is
//!   all that the crate sends.
//! - Permissions: the role Reader, or `Microsoft.Network/networkInterfaces/read` and
//!   `Microsoft.Compute/virtualMachines/read`; for scale sets theirs too.
//! - Rate limits: a token bucket per subscription; a lookup retries within its deadline.
//! - Address kinds: private IPv4 and IPv6 of each interface; public ones if they are asked for.

mod door;
mod join;
mod keys;
mod login;
mod machines;
mod nics;
#[cfg(test)]
mod tests;
mod transport;

use crate::{
    ADDRESS_KEYS, About, BoxFuture, HTTP_KEYS, Keys, Kind, Lookup, Provider, Query, QueryError,
    ResolveError, Seen,
};

use door::Door;
use keys::{Settings, Wanted};

/// The name of the provider.
const NAME: &str = "azure";

const ABOUT: About = About {
    finds: "running virtual machines by a tag of theirs or of their interfaces, or by their scale set, uniform or flexible",
    credentials: "`tenant_id`, `client_id` and `secret_access_key`, or their `ARM_...` and `AZURE_...` variables; the workload identity of `AZURE_FEDERATED_TOKEN_FILE`; the managed identity, by `client_id` if it is given",
    permissions: "`Microsoft.Network/networkInterfaces/read`, `Microsoft.Compute/virtualMachines/read`; for scale sets `Microsoft.Compute/virtualMachineScaleSets/read`, `.../virtualMachines/read` and `.../networkInterfaces/read`; for public addresses `Microsoft.Network/publicIPAddresses/read`",
    link: "https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all",
};

/// The provider `azure`.
#[derive(Debug)]
pub(crate) struct Azure;

impl Provider for Azure {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[keys::KEYS, ADDRESS_KEYS, HTTP_KEYS]
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        Settings::from_query(query).map(|_settings| ())
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(read(lookup, seen))
    }
}

async fn read(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let settings =
        Settings::from_query(lookup.query).map_err(|error| ResolveError::query(NAME, error))?;
    let subscriptions = Settings::subscriptions(lookup)?;
    let door = Door::open(lookup, settings.cloud);
    // Without credentials no subscription can be read, and one error says so.
    door.log_in().await?;
    if let [only] = subscriptions.as_slice() {
        return subscription(&door, &settings, only, seen).await;
    }
    let mut left = u32::try_from(subscriptions.len()).unwrap_or(u32::MAX);
    let mut is_absent = !subscriptions.is_empty();
    for name in &subscriptions {
        let part = door.share(left);
        left = left.saturating_sub(1);
        match subscription(&part, &settings, name, seen).await {
            Ok(()) => is_absent = false,
            Err(error) if machines::is_absent(&error) => {}
            Err(error) => {
                is_absent = false;
                seen.gap(format!("subscription {name}"), error);
            }
        }
    }
    if is_absent {
        return Err(machines::absent(&settings));
    }
    Ok(())
}

async fn subscription(
    door: &Door,
    settings: &Settings,
    name: &str,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let mut found = match &settings.wanted {
        Wanted::Tag { .. } => tagged(door, settings, name, seen).await?,
        Wanted::Set { group, set } => machines::of_set(door, name, group, set, seen).await?,
    };
    if settings.wants_public {
        let part = format!("public addresses of subscription {name}");
        match nics::public_addresses(door, &found.public_path).await {
            Ok(public) => found.public = public,
            Err(error) => seen.gap(part, error),
        }
    }
    join::add(found, settings, seen)
}

/// All interfaces and machines of a subscription. Who may read interfaces alone, as go-discover
/// asks for no more, still finds what is tagged there.
async fn tagged(
    door: &Door,
    settings: &Settings,
    name: &str,
    seen: &mut Seen,
) -> Result<join::Found, ResolveError> {
    let below = match &settings.group {
        Some(group) => format!("subscriptions/{name}/resourceGroups/{group}"),
        None => format!("subscriptions/{name}"),
    };
    let path = format!("{below}/providers/Microsoft.Network/networkInterfaces");
    let nics = nics::list(door, &path, nics::VERSION).await?;
    let public_path = format!("{below}/providers/Microsoft.Network/publicIPAddresses");
    let mut found = join::Found::new(nics, public_path);
    match machines::all(door, name).await {
        Ok(machines) => found.machines = machines,
        Err(error) if error.kind() == Kind::Denied => {
            seen.gap(format!("virtual machines of subscription {name}"), error);
        }
        Err(error) => return Err(error),
    }
    Ok(found)
}
