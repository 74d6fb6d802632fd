//! Help for each provider, made of its tables: what is said here is what a query is checked by.

use quorate_providers::{Key, Need, PROVIDERS, Provider, Query};

use super::{Failure, World};
use crate::cli::table::columns;

/// Prints a line for each provider.
pub(super) fn list(world: &mut World) {
    let row = |provider: &&dyn Provider| {
        vec![
            provider.name().to_owned(),
            provider.about().finds.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = PROVIDERS.iter().map(row).collect();
    for line in columns(&rows) {
        world.out.line(line);
    }
}

/// Prints what there is to know of a provider.
///
/// # Errors
///
/// If there is no such provider; it names those that may have been meant.
pub(super) fn one(name: &str, world: &mut World) -> Result<(), Failure> {
    let Some(provider) = PROVIDERS.iter().find(|provider| provider.name() == name) else {
        // The words are those for a string that names it.
        let quoted = name.replace(['"', '\\'], "");
        let refused = Query::parse(&format!("provider=\"{quoted}\""));
        let why = refused.map_or_else(|error| error.to_string(), |query| query.to_string());
        return Err(Failure::new(why));
    };
    let about = provider.about();
    world.out.line(format!("provider={name}: {}", about.finds));
    for (title, text) in [
        ("Credentials", about.credentials),
        ("Permissions", about.permissions),
        ("Link", about.link),
    ] {
        if !text.is_empty() {
            world.out.line(format!("\n{title}: {text}"));
        }
    }
    world.out.line("\nKeys:");
    let rows: Vec<Vec<String>> = provider.keys().iter().copied().flatten().map(row).collect();
    for line in columns(&rows) {
        world.out.line(format!("  {line}"));
    }
    Ok(())
}

fn row(key: &Key) -> Vec<String> {
    let need = match key.need {
        Need::Required | Need::Filled => "required",
        Need::Optional => "optional",
    };
    let secret = if key.secret { "secret" } else { "" };
    let mut doc = key.doc.to_owned();
    if !key.choices.is_empty() {
        doc = format!("{doc}; one of {}", key.choices.join(", "));
    }
    if let Some(variable) = key.variable {
        doc = format!("{doc}; else the variable {variable}");
    }
    vec![key.name.to_owned(), need.to_owned(), secret.to_owned(), doc]
}
