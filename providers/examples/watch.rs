//! Prints what comes and goes among the addresses that several config strings resolve to.
//!
//! ```text
//! cargo run -p quorate-providers --example watch -- 'provider=dns name=localhost' \
//!     'provider=static addrs=10.0.0.1,10.0.0.2'
//! ```

use std::error::Error;
use std::io::{self, Write as _};

use quorate_providers::watch::{Update, Watch};
use quorate_providers::{Contact, Io, Query};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut watch = Watch::new(Io::real());
    for text in std::env::args().skip(1) {
        watch = watch.with_query(Query::parse(&text)?);
    }
    // The last answers are there at the next start, should no API answer then.
    if let Some(folder) = std::env::var_os("WATCH_CACHE") {
        watch = watch.with_cache(folder);
    }
    let mut changes = watch.start();
    while let Some(update) = changes.next().await {
        print(&update)?;
    }
    Ok(())
}

fn print(update: &Update) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let age = if update.is_old() { " (old)" } else { "" };
    writeln!(out, "{}{age}", update.query)?;
    let mut list = |sign: char, contacts: &[Contact]| -> io::Result<()> {
        contacts
            .iter()
            .try_for_each(|contact| writeln!(out, "  {sign} {contact}"))
    };
    list('+', &update.added)?;
    list('-', &update.removed)?;
    for gap in &update.gaps {
        writeln!(out, "  missing: {}: {}", gap.part, gap.error)?;
    }
    if let Some(error) = &update.error {
        writeln!(out, "  {error}")?;
    }
    Ok(())
}
