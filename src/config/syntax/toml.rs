//! TOML 1.0, read by the crate `toml`; here only the spots are kept.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use super::{Entry, Spot, SyntaxError, Tree};

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let lines = Lines::new(text);
    match toml::from_str(text) {
        Ok(Item::Table(pairs)) => Ok(pairs.into_iter().map(|p| p.locate(&lines)).collect()),
        Ok(Item::Plain(_) | Item::Array(_)) => Ok(Vec::new()),
        Err(error) => Err(SyntaxError {
            spot: lines.spot(error.span().unwrap_or_default().start),
            why: one_line(error.message()),
        }),
    }
}

/// Finds the line and column of a byte.
struct Lines<'a> {
    text: &'a str,
    is_ascii: bool,
    /// Byte offsets at which lines begin, the first line's zero left out.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            is_ascii: text.is_ascii(),
            starts: text.match_indices('\n').map(|(at, _)| at + 1).collect(),
        }
    }

    fn spot(&self, offset: usize) -> Spot {
        let before = self.starts.partition_point(|start| *start <= offset);
        let last = before.checked_sub(1).and_then(|at| self.starts.get(at));
        let start = last.copied().unwrap_or_default();
        let bytes = offset.saturating_sub(start);
        let chars = match self.text.get(start..offset) {
            Some(line) if !self.is_ascii => line.chars().count(),
            _ => bytes,
        };
        Spot {
            line: before + 1,
            column: chars + 1,
        }
    }
}

/// The crate's message without its line ends.
fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}

/// A value as the crate gives it, with byte offsets.
enum Item {
    Plain(Tree),
    Array(Vec<Spanned<Item>>),
    Table(Vec<Pair>),
}

struct Pair {
    key: Spanned<String>,
    item: Item,
}

impl Pair {
    fn locate(self, lines: &Lines<'_>) -> Entry {
        Entry {
            spot: lines.spot(self.key.span().start),
            key: self.key.into_inner(),
            value: self.item.locate(lines),
        }
    }
}

impl Item {
    fn locate(self, lines: &Lines<'_>) -> Tree {
        match self {
            Self::Plain(tree) => tree,
            Self::Table(pairs) => Tree::Block(pairs.into_iter().map(|p| p.locate(lines)).collect()),
            Self::Array(items) => {
                let locate = |item: Spanned<Self>| {
                    let spot = lines.spot(item.span().start);
                    (spot, item.into_inner().locate(lines))
                };
                Tree::List(items.into_iter().map(locate).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Item, E> {
        Ok(Item::Plain(Tree::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Item, E> {
        Ok(Item::Plain(Tree::Integer(value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Item, E> {
        if value.is_finite() {
            return Ok(Item::Plain(Tree::Float(value)));
        }
        Err(E::custom("a setting takes no infinite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Item, E> {
        Ok(Item::Plain(Tree::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Item::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let item = map.next_value()?;
            pairs.push(Pair { key, item });
        }
        Ok(Item::Table(pairs))
    }
}
