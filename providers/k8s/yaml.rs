//! YAML, as far as a kubeconfig goes: the first document, as JSON would say it.
//!
//! Pure. Plain `true`, `false` and `null` are what they say, every other scalar is a text: a token
//! may look like a number. JSON is YAML, so a kubeconfig in JSON is read too. Aliases are refused,
//! which nobody writes there and which let a short text grow without end. No error holds a piece of
//! the text, which has secrets in it.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The deepest nesting. Chosen: a kubeconfig has six levels.
const DEPTH_MAX: usize = 32;

/// A list or a map whose end has not come yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads the first document. The error is a phrase that follows the file.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| no_yaml(error.marker().line()))?;
        let line = span.start.line();
        let done = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::close),
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::Alias(_) => {
                return Err(format!("has an alias in line {line}, which is not read"));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => None,
        };
        if open.len() > DEPTH_MAX {
            return Err(format!("is nested too deep in line {line}"));
        }
        match (done, open.last_mut()) {
            (Some(value), None) => return Ok(value),
            (Some(value), Some(parent)) => parent.take(value).ok_or_else(|| no_yaml(line))?,
            (None, _) => {}
        }
    }
    Err("is empty".to_owned())
}

fn no_yaml(line: usize) -> String {
    format!("is no YAML in line {line}")
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match text {
        _ if style != ScalarStyle::Plain => Value::String(text.to_owned()),
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => Value::String(other.to_owned()),
    }
}

impl Open {
    fn close(self) -> Value {
        match self {
            Self::List(items) => Value::Array(items),
            Self::Map(pairs, _key) => Value::Object(pairs),
        }
    }

    /// Takes an item, a key, or the value of the key before it; none if it can be no key.
    fn take(&mut self, value: Value) -> Option<()> {
        match self {
            Self::List(items) => items.push(value),
            Self::Map(pairs, key) => match key.take() {
                Some(name) => {
                    pairs.insert(name, value);
                }
                None => *key = Some(value.as_str()?.to_owned()),
            },
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_texts_unless_they_say_what_they_are() {
        let text = "a: 1\nb: true\nc: 'true'\nd:\ne: [x, \"y\"]\nf: {g: ~}\nh: |\n  one\n  two\n";
        let wanted = json!({
            "a": "1", "b": true, "c": "true", "d": null, "e": ["x", "y"], "f": {"g": null},
            "h": "one\ntwo\n",
        });
        assert_eq!(parse(text), Ok(wanted));
        assert_eq!(parse(r#"{"a": ["b"]}"#), Ok(json!({"a": ["b"]})));
    }

    #[test]
    fn what_is_no_yaml_is_told_by_its_line_alone() {
        let rows = [
            ("", "is empty"),
            (
                "a: &x hush\nb: *x",
                "has an alias in line 2, which is not read",
            ),
            ("a: b\n: hush: [", "is no YAML in line 2"),
            ("[a]: b", "is no YAML in line 1"),
        ];
        for (text, wanted) in rows {
            let found = parse(text).unwrap_err();
            assert_eq!(found, wanted, "{text}");
        }
        let deep = parse(&"[".repeat(100));
        assert_eq!(deep, Err("is nested too deep in line 1".to_owned()));
    }
}
