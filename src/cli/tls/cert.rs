//! `tls cert create`: the certificate of one agent.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{check_word, save};
use crate::cli::{Failure, World};
use crate::tls::make::Wish;

/// What stands for the domain in the names of the CA's files.
const DOMAIN: &str = "#DOMAIN#";
/// How many files are looked at for one that is free. Chosen: nobody keeps so many in a directory.
const NUMBERS: u32 = 100_000;

/// Makes a certificate: DC-server-DOMAIN-N.pem or DC-client-DOMAIN-N.pem, and its key
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// For a server
    #[arg(long)]
    server: bool,

    /// For a client
    #[arg(long)]
    client: bool,

    /// Certificate of the CA
    #[arg(long, value_name = "FILE", default_value = "#DOMAIN#-agent-ca.pem")]
    ca: String,

    /// Key of the CA
    #[arg(long, value_name = "FILE", default_value = "#DOMAIN#-agent-ca-key.pem")]
    key: String,

    /// Datacenter
    #[arg(long = "dc", value_name = "DC", default_value = "dc1")]
    datacenter: String,

    /// Domain; agents of quorate ask for names in the domain consul
    #[arg(long, value_name = "DOMAIN", default_value = "consul")]
    domain: String,

    /// How long it is valid, in days
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    days: u32,

    /// With -server: also for the name NODE.server.DC.DOMAIN
    #[arg(long, value_name = "NODE")]
    node: Option<String>,

    /// Another DNS name; may be repeated
    #[arg(long = "additional-dnsname", value_name = "NAME")]
    dns_names: Vec<String>,

    /// Another address; may be repeated
    #[arg(long = "additional-ipaddress", value_name = "IP")]
    addresses: Vec<IpAddr>,
}

impl Create {
    pub(super) fn run(self, world: &mut World) -> Result<(), Failure> {
        let role = match (self.server, self.client) {
            (true, false) => "server",
            (false, true) => "client",
            _ => return Err(Failure::misuse("Please provide either -server or -client")),
        };
        check_word("domain", &self.domain)?;
        check_word("dc", &self.datacenter)?;
        if self.node.is_some() && !self.server {
            return Err(Failure::new("-node requires -server"));
        }
        let (dc, domain) = (&self.datacenter, &self.domain);
        let name = format!("{role}.{dc}.{domain}");
        let mut dns_names = self.dns_names;
        dns_names.extend(self.node.map(|node| format!("{node}.{name}")));
        let wish = Wish {
            name,
            days: self.days,
            dns_names,
            addresses: self.addresses,
        };
        let file = |name: &str| PathBuf::from(name.replace(DOMAIN, domain));
        let (ca, ca_key) = (file(&self.ca), file(&self.key));
        if self.server {
            world.out.problem(
                "==> WARNING: who has the key of a server's certificate can become a server and read \
                 and change all state; give it to that server alone",
            );
        }
        world.out.line(format!(
            "==> Using {} and {}",
            ca.display(),
            ca_key.display()
        ));
        let made = wish.make(&ca, &ca_key);
        let made = made.map_err(|error| Failure::new(error.to_string()))?;
        let (certificate, key) = free(&format!("{dc}-{role}-{domain}"))?;
        save(&made, &certificate, &key, world)
    }
}

/// The names of the first number that is not taken.
fn free(prefix: &str) -> Result<(String, String), Failure> {
    let names = |number| {
        (
            format!("{prefix}-{number}.pem"),
            format!("{prefix}-{number}-key.pem"),
        )
    };
    let is_free =
        |(one, other): &(String, String)| !Path::new(one).exists() && !Path::new(other).exists();
    let found = (0..NUMBERS).map(names).find(is_free);
    found.ok_or_else(|| Failure::new(format!("all names {prefix}-N.pem are taken")))
}
