//! Where clients look for servers, of every kind that can change while they run.

use std::path::PathBuf;

#[cfg(feature = "aws")]
use crate::support::ec2::{Instance, StandIn};
use crate::support::{Data, Listing, NameServer, World};

/// The time to live of every record, in seconds. Short, so that a test outlasts it.
const TTL: u32 = 1;

/// The kinds.
#[derive(Debug, Clone, Copy)]
pub(in crate::formation) enum Kind {
    /// An API over HTTP.
    Api,
    #[cfg(feature = "aws")]
    Ec2,
    /// A name with an address for each server.
    Name,
    /// A service with a host for each server.
    Service,
    File,
    /// Addresses in the configuration; they cannot change, so they name places old and new.
    List,
}

/// A source, and what it costs to ask it.
#[derive(Debug)]
pub(super) enum Source {
    Api(Listing),
    #[cfg(feature = "aws")]
    Ec2(StandIn),
    Name(NameServer),
    Service(NameServer),
    File(PathBuf),
    List(Vec<u8>),
}

impl Source {
    /// A source that names the servers at these places; a list, these and those to come.
    pub(super) async fn start(kind: Kind, world: &World, now: &[u8], later: &[u8]) -> Self {
        let source = match kind {
            Kind::Api => Self::Api(Listing::start().await),
            #[cfg(feature = "aws")]
            Kind::Ec2 => Self::Ec2(StandIn::start(Vec::new()).await.unwrap()),
            Kind::Name => Self::Name(NameServer::start(TTL).await),
            Kind::Service => Self::Service(NameServer::start(TTL).await),
            Kind::File => Self::File(world.path("servers")),
            Kind::List => Self::List([now, later].concat()),
        };
        source.set(world, now);
        source
    }

    /// Names the servers at these places from here on.
    pub(super) fn set(&self, world: &World, places: &[u8]) {
        let addrs = || places.iter().map(|n| world.addr(*n));
        let hosts = || addrs().map(|addr| format!("{addr}:8301"));
        match self {
            Self::Api(api) => api.set(hosts().collect()),
            #[cfg(feature = "aws")]
            Self::Ec2(cloud) => {
                let running = |addr| Instance::running(&format!("i-{addr}"), addr);
                let servers = addrs().map(|addr| running(addr).tag("role", "server"));
                cloud.set_instances(servers.collect());
            }
            Self::Name(names) => {
                let all = addrs().map(Data::Address).collect();
                names.set([("servers.example".to_owned(), all)]);
            }
            Self::Service(names) => {
                let host = |n: &u8| format!("host-{n}.example");
                let services = places.iter().map(|n| Data::Service(8301, host(n)));
                let service = ("_quorate._tcp.example".to_owned(), services.collect());
                let address = |n: &u8| (host(n), vec![Data::Address(world.addr(*n))]);
                names.set(places.iter().map(address).chain([service]));
            }
            Self::File(path) => {
                // Whole or not at all, as whoever writes such a file should.
                let text: Vec<String> = hosts().collect();
                let new = world.write("servers.new", &text.join("\n"));
                std::fs::rename(new, path).unwrap();
            }
            Self::List(_) => {}
        }
    }

    /// The flags of a client that looks there.
    pub(super) fn flags(&self, world: &World) -> Vec<String> {
        let query = match self {
            Self::List(places) => return world.list(places.iter().copied()),
            Self::Api(api) => format!("provider=http url={}", api.url()),
            #[cfg(feature = "aws")]
            Self::Ec2(cloud) => format!(
                "provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={} \
                 access_key_id=AKIDEXAMPLE secret_access_key=never-shown",
                cloud.url()
            ),
            Self::Name(names) => format!(
                "provider=dns name=servers.example. type=A resolver={}",
                names.addr()
            ),
            Self::Service(names) => format!(
                "provider=srv name=_quorate._tcp.example. type=A resolver={}",
                names.addr()
            ),
            Self::File(path) => format!("provider=file path={}", path.display()),
        };
        vec![format!("-retry-join={query}")]
    }

    /// How often it was asked: calls of an API, or lookups of the name. What costs nobody anything
    /// counts as nothing.
    pub(super) fn asked(&self) -> usize {
        match self {
            Self::Api(api) => api.calls(),
            #[cfg(feature = "aws")]
            Self::Ec2(cloud) => cloud.requests().len(),
            Self::Name(names) => names.asked().len(),
            Self::Service(names) => {
                let asked = names.asked();
                let of_service = asked.iter().filter(|one| one.contains("_quorate"));
                of_service.count()
            }
            Self::File(_) | Self::List(_) => 0,
        }
    }
}
