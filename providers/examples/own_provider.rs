//! A provider of one's own: `provider=rack racks=a,b` finds what an inventory has in each rack.

use std::net::IpAddr;

use quorate_providers::{
    ADDRESS_KEYS, About, Address, BoxFuture, HTTP_KEYS, Instance, Io, Key, Keys, Limits, Lookup,
    Provider, Registry, ResolveError, Rest, Seen, escape,
};

type Found = Result<(), ResolveError>;

#[derive(Debug)]
struct Rack;

impl Provider for Rack {
    fn name(&self) -> &'static str {
        "rack"
    }

    fn about(&self) -> &'static About {
        &About {
            finds: "the machines in some racks",
            credentials: "`token`",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        const RACKS: Key = Key::required("racks", "names of racks, separated by commas");
        const KEYS: &[Key] = &[RACKS, Key::secret("token", "token of the inventory")];
        &[KEYS, ADDRESS_KEYS, HTTP_KEYS]
    }

    fn read<'a>(&'a self, lookup: Lookup<'a>, seen: &'a mut Seen) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let mut rest = Rest::open(lookup, "https://inventory.example").await?;
            if let Some(token) = lookup.secret("token").await? {
                rest = rest.with_bearer(&token);
            }
            for rack in lookup.query.value("racks").unwrap_or_default().split(',') {
                let call = rest.get("list a rack", &format!("racks/{}", escape(rack)));
                match call.json::<Vec<IpAddr>>().await {
                    Ok(ips) => ips.into_iter().for_each(|ip| seen.add(machine(ip))),
                    Err(error) => seen.gap(format!("rack {rack}"), error),
                }
            }
            Ok(())
        })
    }
}

fn machine(ip: IpAddr) -> Instance {
    Instance::from_call("list a rack").with_address(Address::of(ip))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builtin().with(&Rack);
    let text = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let answer = registry
        .resolve(&registry.parse(&text)?, &Io::real(), &Limits::default())
        .await?;
    println!("{answer:#?}");
    Ok(())
}
