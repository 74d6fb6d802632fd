//! Weak decoding: turns what was written into the shape that a setting takes
//! (agent reference, 5.2; Consul decodes by mapstructure with `WeaklyTypedInput`).
//!
//! Narrower than mapstructure where it guesses: a switch is no text and no number, and an empty
//! text is neither a number nor false.

use figment::value::{Dict, Value};

use super::mask;
use super::place::Place;
use super::setting::Kind;
use super::syntax::{self, Entry, Tree};

/// The longest text that is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 100;

/// A value of another shape than wanted.
pub(super) struct ShapeError {
    /// Where it stands.
    pub(super) place: Place,
    /// What it is.
    pub(super) found: String,
}

/// Turns a value into layers: one for a scalar, one for each element of a list and each pair of a
/// map, none for `null`.
pub(super) fn decode(
    kind: Kind,
    tree: Tree,
    place: &Place,
) -> Result<Vec<(Value, Place)>, ShapeError> {
    match (kind, tree) {
        (_, Tree::Null) => Ok(Vec::new()),
        (Kind::List, tree) => decode_list(tree, place),
        (Kind::Map, Tree::Text(pair)) if matches!(place, Place::Flag(_)) => {
            decode_pair(&pair, place)
        }
        (Kind::Map, tree) => decode_map(tree, place),
        (kind, tree) => {
            let scalar = match kind {
                Kind::Switch => to_switch(&tree).map(Value::from),
                Kind::Integer => to_integer(&tree).map(Value::from),
                Kind::Text | Kind::Duration | Kind::List | Kind::Map => {
                    to_text(&tree).map(Value::from)
                }
            };
            let value = scalar.ok_or_else(|| shape(&tree, place))?;
            Ok(vec![(value, place.clone())])
        }
    }
}

fn decode_list(tree: Tree, place: &Place) -> Result<Vec<(Value, Place)>, ShapeError> {
    let items = match tree {
        Tree::Text(text) if text.is_empty() => return Ok(Vec::new()),
        Tree::List(items) => items.into_iter().map(|(spot, item)| (item, place.at(spot))),
        other => return Ok(vec![(element(&other, place)?, place.clone())]),
    };
    items
        .map(|(item, place)| Ok((element(&item, &place)?, place)))
        .collect()
}

fn element(tree: &Tree, place: &Place) -> Result<Value, ShapeError> {
    let text = to_text(tree).ok_or_else(|| shape(tree, place))?;
    Ok(Value::from(vec![text]))
}

fn decode_map(tree: Tree, place: &Place) -> Result<Vec<(Value, Place)>, ShapeError> {
    match tree {
        Tree::Block(entries) => {
            let pair = |entry: Entry| {
                let place = place.at(entry.spot);
                let text = to_text(&entry.value).ok_or_else(|| shape(&entry.value, &place))?;
                Ok((one_pair(entry.key, text), place))
            };
            entries.into_iter().map(pair).collect()
        }
        Tree::List(items) => {
            let blocks = items.into_iter();
            let decoded = blocks.map(|(spot, item)| decode_map(item, &place.at(spot)));
            Ok(decoded.collect::<Result<Vec<_>, _>>()?.concat())
        }
        other => Err(shape(&other, place)),
    }
}

/// Cuts `name:value`; the value may have more colons, and may be left out.
fn decode_pair(pair: &str, place: &Place) -> Result<Vec<(Value, Place)>, ShapeError> {
    let (name, value) = pair.split_once(':').unwrap_or((pair, ""));
    let value = one_pair(name.to_owned(), value.to_owned());
    Ok(vec![(value, place.clone())])
}

fn one_pair(name: String, value: String) -> Value {
    let mut dict = Dict::new();
    dict.insert(name, Value::from(value));
    Value::from(dict)
}

fn shape(tree: &Tree, place: &Place) -> ShapeError {
    ShapeError {
        place: place.clone(),
        found: show(tree),
    }
}

/// What a value is, for a message; credentials are hidden.
pub(super) fn show(tree: &Tree) -> String {
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(value) => value.to_string(),
        Tree::Integer(value) => value.to_string(),
        Tree::Float(value) => value.to_string(),
        Tree::Text(text) => {
            let shown: String = mask::query(text).chars().take(SHOWN_CHARS_MAX).collect();
            format!("{shown:?}")
        }
        Tree::List(_) => "a list".to_owned(),
        Tree::Block(_) => "a block".to_owned(),
    }
}

/// Reads the words of Go's `strconv.ParseBool`; none for any other.
pub fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn to_switch(tree: &Tree) -> Option<bool> {
    match tree {
        Tree::Bool(value) => Some(*value),
        Tree::Integer(value) => Some(*value != 0),
        Tree::Text(text) => parse_switch(text),
        Tree::Null | Tree::Float(_) | Tree::List(_) | Tree::Block(_) => None,
    }
}

fn to_integer(tree: &Tree) -> Option<i64> {
    match tree {
        Tree::Integer(value) => Some(*value),
        Tree::Float(value) if value.fract() == 0.0 => format!("{value:.0}").parse().ok(),
        Tree::Text(text) => syntax::parse_integer(text.trim()),
        Tree::Null | Tree::Bool(_) | Tree::Float(_) | Tree::List(_) | Tree::Block(_) => None,
    }
}

fn to_text(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Text(text) => Some(text.clone()),
        Tree::Integer(value) => Some(value.to_string()),
        Tree::Float(value) => Some(value.to_string()),
        Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Block(_) => None,
    }
}
