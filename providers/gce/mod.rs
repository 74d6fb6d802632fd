//! Google Compute Engine instances, by network tag, label, filter or managed instance group.
//!
//! API: Compute Engine v1, `instances.aggregatedList`
//! (<https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList>, read 2026).
//! One call per page of 500 covers all zones; the vendor filters, and only the fields that are read
//! are asked for, since an instance's metadata may have half a mebibyte. Keys and filters are
//! go-discover's (provider reference, 3.5).
//!
//! - Credentials: `credentials_file` or `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's own file, the
//!   metadata server. Google's library signs and exchanges what the files hold; the metadata
//!   server is asked through our own door, which knows bounds and no proxy.
//! - Permissions: `compute.instances.list`; with `instance_group` also
//!   `compute.instanceGroupManagers.list` and `.get`. The scope `compute.readonly` is enough.
//! - Rate limits: list requests per project and minute; a lookup retries within its deadline.
//! - Address kinds: internal and external IPv4 and IPv6 of each interface; those of the second
//!   interface and beyond only by `network`.

mod credentials;
mod groups;
mod instances;
mod keys;
mod lists;
mod metadata;
mod sdk;
mod session;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, AddressKind, BoxFuture, HTTP_KEYS, Keys, Lookup, Provider, Query,
    QueryError, ResolveError, Seen,
};

use keys::Settings;
use session::Session;

/// The name of the provider.
const NAME: &str = "gce";

const ABOUT: About = About {
    finds: "running Compute Engine instances by network tag, label, filter or managed instance group, in all zones",
    credentials: "the file of `credentials_file` or `GOOGLE_APPLICATION_CREDENTIALS` (service account, user, workload identity, impersonation); gcloud's `application_default_credentials.json`; the metadata server",
    permissions: "`compute.instances.list`; with `instance_group` also `compute.instanceGroupManagers.list` and `compute.instanceGroupManagers.get`",
    link: "https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList",
};

/// The provider `gce`.
#[derive(Debug)]
pub(crate) struct Gce;

impl Provider for Gce {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[keys::KEYS, ADDRESS_KEYS, HTTP_KEYS]
    }

    fn order(&self, _query: &Query) -> &'static [AddressKind] {
        &[AddressKind::PrivateV4, AddressKind::PrivateV6]
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
    let mut session = Session::open(lookup).await?;
    let members = match &settings.group {
        Some(group) => Some(groups::members(&mut session, group, &settings, seen).await?),
        None => None,
    };
    if members.as_ref().is_some_and(groups::Members::is_empty) {
        return Ok(());
    }
    instances::read(&mut session, &settings, members.as_ref(), seen).await
}
