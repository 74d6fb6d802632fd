//! What is said of strings without a call: what they are read as, and whether they are valid.

use quorate_providers::{Query, QueryError, read_pairs, redact_value};
use serde_json::{Map, Value};

use super::{DONE, FAILED, World, refusal};

/// Prints each string's pairs as a JSON object of strings, or where it breaks the grammar.
pub(super) fn parse(texts: &[String], show_secrets: bool, world: &mut World) -> u8 {
    let mut code = DONE;
    for text in texts {
        match read_pairs(text) {
            Ok(pairs) => {
                let object = object(pairs, show_secrets);
                world.out.line(Value::Object(object).to_string());
            }
            Err(error) => {
                world
                    .out
                    .problem(refusal(text, &QueryError::Grammar(error)));
                code = FAILED;
            }
        }
    }
    code
}

fn object(pairs: Vec<(String, String)>, show_secrets: bool) -> Map<String, Value> {
    let named = pairs.iter().find(|(key, _)| key == "provider");
    let provider = named.map_or_else(String::new, |(_, name)| name.clone());
    let shown = |(key, value): (String, String)| {
        let value = if show_secrets {
            value
        } else {
            redact_value(&provider, &key, &value)
        };
        (key, Value::String(value))
    };
    pairs.into_iter().map(shown).collect()
}

/// Prints each valid string as it was understood, and what is wrong with the others.
pub(super) fn check(texts: &[String], world: &mut World) -> u8 {
    let mut code = DONE;
    for text in texts {
        match Query::parse(text) {
            Ok(query) => world.out.line(format!("valid: {query}")),
            Err(error) => {
                world.out.problem(refusal(text, &error));
                code = FAILED;
            }
        }
    }
    code
}
