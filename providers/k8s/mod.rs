//! Kubernetes: pods, the endpoints of a Service, or names that the cluster's DNS has.
//!
//! API `v1` and `discovery.k8s.io/v1`, <https://kubernetes.io/docs/reference/kubernetes-api/>, read
//! 2026, over REST alone. Credentials are a kubeconfig's or the pod's service account's; the right
//! needed is `list` on `pods` or `endpointslices` of the namespace. The API throttles by 429 with
//! `Retry-After`. Addresses are those of pods, or of their nodes with `host_network`; a pod of two
//! families has one of each, of which its first counts unless `addr` says otherwise. `ordinal` and
//! `service_dns` do not ask the API at all.

mod keys;
mod kubeconfig;
mod list;
mod login;
mod names;
mod plugin;
mod pods;
mod slices;
#[cfg(test)]
mod tests;

use list::List;

use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, HTTP_KEYS, Instance, Keys, Lookup, Provider, Query,
    QueryError, ResolveError, Seen, escape, place,
};

const NAME: &str = "k8s";

const ABOUT: About = About {
    finds: "running pods of Kubernetes by labels, endpoints of a Service, or pods of a StatefulSet",
    credentials: "`token`, `token_file`; else of `kubeconfig`, `KUBECONFIG`, `~/.kube/config`: token, client certificate, password or program; else the pod's service account",
    permissions: "`list` on `pods`; for `source=endpointslice` on `endpointslices` of `discovery.k8s.io`; for `source=service_dns` and `source=ordinal` none",
    link: "https://kubernetes.io/docs/reference/kubernetes-api/",
};

/// The provider `k8s`.
#[derive(Debug)]
pub(crate) struct Kubernetes;

impl Provider for Kubernetes {
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
        keys::check(query)
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            match lookup.query.value("source") {
                Some("ordinal") => names::ordinals(lookup, seen).await,
                Some("service_dns") => names::service(lookup, seen).await,
                Some("endpointslice") => endpoints(lookup, seen).await,
                _ => pods(lookup, seen).await,
            }
        })
    }
}

async fn pods(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let (rest, own) = login::open(lookup).await?;
    let wanted = keys::Wanted::from_query(lookup.query);
    let list = List {
        operation: pods::OPERATION,
        path: path("api/v1", lookup.query, &own, "pods"),
        label_selector: lookup.query.value("label_selector").map(str::to_owned),
        field_selector: lookup.query.value("field_selector").map(str::to_owned),
    };
    let add = |pod: pods::Pod, seen: &mut Vec<Instance>| seen.push(pod.instance(&wanted));
    list.read(&rest, &mut seen.instances, add).await
}

async fn endpoints(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let (rest, own) = login::open(lookup).await?;
    let wanted = keys::Wanted::from_query(lookup.query);
    let service = lookup.query.value("service").unwrap_or_default();
    let of_service = format!("{}={service}", slices::SERVICE);
    let list = List {
        operation: slices::OPERATION,
        path: path(
            "apis/discovery.k8s.io/v1",
            lookup.query,
            &own,
            "endpointslices",
        ),
        label_selector: Some(match lookup.query.value("label_selector") {
            Some(more) => format!("{of_service},{more}"),
            None => of_service,
        }),
        field_selector: None,
    };
    let mut merged = slices::Merged::default();
    let add = |slice: slices::Slice, seen: &mut Vec<Instance>| {
        merged.add(&slice, service, &wanted, seen);
    };
    list.read(&rest, &mut seen.instances, add).await
}

/// The path of a list in the wanted namespace.
fn path(group: &str, query: &Query, own: &str, kind: &str) -> String {
    match query.value("namespace").unwrap_or("default") {
        "*" => format!("{group}/{kind}"),
        "own" => format!("{group}/namespaces/{}/{kind}", escape(own)),
        name => format!("{group}/namespaces/{}/{kind}", escape(name)),
    }
}

/// A name that the cluster has said, if it can be one.
fn name(text: &str) -> Option<Address> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    place::is_name(bare).then(|| Address::name(text))
}
