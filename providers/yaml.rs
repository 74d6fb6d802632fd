//! YAML as far as configuration files use it, read into the values of JSON.
//!
//! Pure. Plain `null`, `true`, `false` and whole numbers become what they say, every other scalar
//! stays the text that it is. One document, texts as keys, aliases copied within a bound; no merge
//! keys. An error is a phrase with its line, and has no more of the text than one character: there
//! may be secrets in it.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Value};

/// Lists and maps within one another. Chosen: lists of hosts have three.
const DEPTH_MAX: usize = 32;

/// Values with those that aliases copy. Chosen: ten for each of 100,000 machines.
const VALUES_MAX: usize = 1_000_000;

/// Reads the one document of a text.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::default();
    for item in Parser::new_from_str(text) {
        let (event, span) = item.map_err(|error: ScanError| {
            let line = error.marker().line();
            format!("is no YAML: {} in line {line}", error.info())
        })?;
        let line = span.start.line();
        let taken = reader.take(event);
        taken.map_err(|why| format!("{why} in line {line}"))?;
    }
    reader.done.ok_or_else(|| "is empty".to_owned())
}

/// A list or map whose end is still to come.
#[derive(Debug)]
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

#[derive(Debug, Default)]
struct Reader {
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    done: Option<Value>,
    values: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::SequenceStart(anchor, _tag) => self.start(Open::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _tag) => self.start(Open::Map(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some((Open::List(list), anchor)) => self.add(Value::Array(list), anchor, 1),
                Some((Open::Map(map, _), anchor)) => self.add(Value::Object(map), anchor, 1),
                None => Err("ends what was never begun"),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = matches!(style, ScalarStyle::Plain) && tag.is_none();
                let value = if is_plain {
                    plain(&text)
                } else {
                    Value::String(text.into_owned())
                };
                self.add(value, anchor, 1)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((value, values)) => self.add(value, 0, values),
                None => Err("has an alias of nothing"),
            },
            Event::DocumentStart(_) if self.done.is_some() => Err("has a second document"),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn start(&mut self, open: Open, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= DEPTH_MAX {
            return Err("has too many lists and maps within one another");
        }
        self.open.push((open, anchor));
        Ok(())
    }

    /// Puts a value where it belongs: it is a key, or belongs to a key, a list, or to nothing.
    fn add(&mut self, value: Value, anchor: usize, values: usize) -> Result<(), &'static str> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES_MAX {
            return Err("has too many values");
        }
        if anchor > 0 {
            let size = size(&value);
            self.values = self.values.saturating_add(size);
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some((Open::List(list), _)) => list.push(value),
            Some((Open::Map(map, key), _)) => match (key.take(), value) {
                (Some(key), _) if map.contains_key(&key) => return Err("has a key twice"),
                (Some(key), value) => drop(map.insert(key, value)),
                (None, Value::String(text)) => *key = Some(text),
                (None, Value::Number(number)) => *key = Some(number.to_string()),
                (None, _) => return Err("has a key that is no text"),
            },
        }
        Ok(())
    }
}

/// The values in a value, itself among them; it is no deeper than the bound.
fn size(value: &Value) -> usize {
    let parts: usize = match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    };
    parts.saturating_add(1)
}

/// A scalar without quotes. `007` and `1e3` are no numbers here: they would not come out as written.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Value::from(number),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_what_json_would_say() {
        let rows = [
            ("- a\n- 'b c'\n- 7\n- \"7\"\n", r#"["a","b c",7,"7"]"#),
            ("[]", "[]"),
            (
                "- targets: ['10.0.0.1:9100', \"[fd00::1]:7\"] # why\n  labels:\n    dc: eu\n    rack: 007\n",
                r#"[{"targets":["10.0.0.1:9100","[fd00::1]:7"],"labels":{"dc":"eu","rack":"007"}}]"#,
            ),
            ("a: &x {k: v}\nb: *x\n", r#"{"a":{"k":"v"},"b":{"k":"v"}}"#),
            (
                "a: ~\nb: true\nc: !!str true\n",
                r#"{"a":null,"b":true,"c":"true"}"#,
            ),
            ("1: a", r#"{"1":"a"}"#),
        ];
        for (text, wanted) in rows {
            let wanted: Value = serde_json::from_str(wanted).unwrap();
            assert_eq!(parse(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_bounded_document_is_refused() {
        let deep = "[".repeat(DEPTH_MAX + 1) + &"]".repeat(DEPTH_MAX + 1);
        // Nine lists, each of ten times the one before.
        let mut laughs = "- &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for n in 1..9 {
            let parts = vec![format!("*a{}", n - 1); 10].join(",");
            laughs.extend([format!("- &a{n} [{parts}]\n")]);
        }
        let rows = [
            "",
            "# only this\n",
            "a: 1\n---\nb: 2\n",
            "a: 1\na: 2\n",
            "? [a]\n: b\n",
            "- *x\n",
            "a: [1, 2",
            "\"a",
            "a: b: c",
            &deep,
            &laughs,
        ];
        for text in rows {
            assert!(parse(text).is_err(), "{text:.80}");
        }
        let said = |text| parse(text).unwrap_err();
        assert!(
            said(&*deep).contains("within one another"),
            "{}",
            said(&*deep)
        );
        assert!(
            said(&*laughs).contains("too many values"),
            "{}",
            said(&*laughs)
        );
    }
}
