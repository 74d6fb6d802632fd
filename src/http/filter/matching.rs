//! Whether an object meets an expression.

use serde_json::Value;

use super::{Expression, FilterError, Match, Test};

impl Expression {
    pub(super) fn takes(&self, object: &Value) -> Result<bool, FilterError> {
        match self {
            Self::All(parts) => {
                // Every part is looked at: a selector that is none shows whatever the others say.
                let taken: Result<Vec<bool>, _> = parts.iter().map(|p| p.takes(object)).collect();
                Ok(taken?.into_iter().all(|is_so| is_so))
            }
            Self::Any(parts) => {
                let taken: Result<Vec<bool>, _> = parts.iter().map(|p| p.takes(object)).collect();
                Ok(taken?.into_iter().any(|is_so| is_so))
            }
            Self::Not(part) => Ok(!part.takes(object)?),
            Self::Match(part) => Ok(part.holds(object)? != part.is_negated),
        }
    }
}

impl Match {
    fn holds(&self, object: &Value) -> Result<bool, FilterError> {
        let Some(value) = self.find(object)? else {
            // A key that the map has not: nothing equals it, and it is empty.
            return Ok(matches!(self.test, Test::IsEmpty));
        };
        match (&self.test, value) {
            (Test::Equals(text), Value::String(own)) => Ok(own == text),
            (Test::Equals(text), Value::Bool(own)) => Ok(own.to_string() == *text),
            (Test::Equals(text), Value::Number(own)) => self.equals(own, text),
            (Test::Contains(text), Value::String(own)) => Ok(own.contains(text)),
            (Test::Contains(text), Value::Object(own)) => Ok(own.contains_key(text)),
            (Test::Contains(text), Value::Array(own)) => {
                Ok(own.iter().any(|item| item.as_str() == Some(text)))
            }
            (Test::IsEmpty, Value::String(own)) => Ok(own.is_empty()),
            (Test::IsEmpty, Value::Object(own)) => Ok(own.is_empty()),
            (Test::IsEmpty, Value::Array(own)) => Ok(own.is_empty()),
            (Test::Matches(pattern), Value::String(own)) => Ok(pattern.is_match(own)),
            (_, other) => Err(FilterError::Kind {
                selector: self.shown(),
                operator: self.test.name(),
                kind: kind(other),
            }),
        }
    }

    /// The field; none if a map has not the key. An object itself has all its fields.
    fn find<'a>(&self, object: &'a Value) -> Result<Option<&'a Value>, FilterError> {
        let invalid = || FilterError::Selector(self.shown());
        let (first, keys) = self.selector.split_first().ok_or_else(invalid)?;
        let mut value = object.get(first).ok_or_else(invalid)?;
        for key in keys {
            let Value::Object(map) = value else {
                return Err(invalid());
            };
            match map.get(key) {
                Some(inner) => value = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    fn equals(&self, own: &serde_json::Number, text: &str) -> Result<bool, FilterError> {
        let number: serde_json::Number = text.parse().map_err(|_none| FilterError::Number {
            selector: self.shown(),
            value: text.to_owned(),
        })?;
        Ok(*own == number)
    }

    fn shown(&self) -> String {
        self.selector.join(".")
    }
}

impl Test {
    const fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "`==`",
            Self::Contains(_) => "`contains`",
            Self::IsEmpty => "`is empty`",
            Self::Matches(_) => "`matches`",
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
