//! A provider of one's own: `provider=rack racks=a,b` finds what an inventory has in each rack.

use quorate_providers::{
    ADDRESS_KEYS, About, Address, BoxFuture, HTTP_KEYS, Instance, Io, Key, Keys, LOGIN_KEYS,
    Limits, Lookup, Provider, Registry, ResolveError, Rest, Seen, escape,
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
            credentials: "`bearer_token`",
            permissions: "",
            link: "",
        }
    }

    fn keys(&self) -> Keys {
        const KEYS: &[Key] = &[Key::filled("racks", "racks, separated by commas")];
        &[KEYS, ADDRESS_KEYS, HTTP_KEYS, LOGIN_KEYS]
    }

    fn read<'a>(&'a self, lookup: Lookup<'a>, seen: &'a mut Seen) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let rest = Rest::open(lookup, "https://inventory.example").await?;
            let rest = rest.with_login().await?;
            let machine = |ip| Instance::from_call("list a rack").with_address(Address::of(ip));
            for rack in lookup.query.value("racks").unwrap_or_default().split(',') {
                let call = rest.get("list a rack", &format!("racks/{}", escape(rack)));
                match call.json::<Vec<std::net::IpAddr>>().await {
                    Ok(ips) => seen.instances.extend(ips.into_iter().map(machine)),
                    Err(error) => seen.gap(format!("rack {rack}"), error),
                }
            }
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builtin().with(&Rack);
    let query = registry.parse(&std::env::args().skip(1).collect::<Vec<_>>().join(" "))?;
    let (io, limits) = (Io::real(), Limits::default());
    let answer = registry.resolve(&query, &io, &limits).await?;
    let text = format!("{answer:#?}\n");
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(())
}
