//! The strict reader of JSON from outside: one object, bounded in bytes, depth and nodes, no name twice.
//!
//! RFC 8259 leaves repeated names open, and two readers that choose differently are two truths about one signed text
//! (RFC 7515 section 4 and RFC 8725 section 2.4).

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What a text may be at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Nested objects and arrays, the outermost included.
    pub depth: usize,
    /// Values in all, at every level.
    pub nodes: usize,
}

impl Limits {
    /// Enough for headers, claims and key sets: 64 KiB, eight levels, 1024 values.
    pub const DEFAULT: Self = Self {
        bytes: 64 * 1024,
        depth: 8,
        nodes: 1024,
    };
}

/// Why a text is not the JSON that we read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JsonFault {
    /// More bytes than allowed.
    TooLong,
    /// Not JSON (RFC 8259), or something follows it.
    Syntax,
    /// JSON, but no object.
    NotAnObject,
    /// JSON, but no array.
    NotAnArray,
    /// A name occurs twice in one object.
    RepeatedName,
    /// Nested deeper than allowed.
    TooDeep,
    /// More values than allowed.
    TooMany,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "too long",
            Self::Syntax => "not JSON",
            Self::NotAnObject => "not a JSON object",
            Self::NotAnArray => "not a JSON array",
            Self::RepeatedName => "a name occurs twice",
            Self::TooDeep => "nested too deeply",
            Self::TooMany => "too many values",
        })
    }
}

impl std::error::Error for JsonFault {}

/// Reads one object and nothing after it.
pub fn read_object(text: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonFault> {
    match read_value(text, limits)? {
        Value::Object(map) => Ok(map),
        _ => Err(JsonFault::NotAnObject),
    }
}

/// Reads one array and nothing after it.
pub fn read_array(text: &[u8], limits: Limits) -> Result<Vec<Value>, JsonFault> {
    match read_value(text, limits)? {
        Value::Array(items) => Ok(items),
        _ => Err(JsonFault::NotAnArray),
    }
}

fn read_value(text: &[u8], limits: Limits) -> Result<Value, JsonFault> {
    if text.len() > limits.bytes {
        return Err(JsonFault::TooLong);
    }
    let state = State {
        fault: Cell::new(None),
        nodes_left: Cell::new(limits.nodes),
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Strict {
        state: &state,
        depth_left: limits.depth,
    };
    let value = seed.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    value.map_err(|_| state.fault.get().unwrap_or(JsonFault::Syntax))
}

struct State {
    fault: Cell<Option<JsonFault>>,
    nodes_left: Cell<usize>,
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    state: &'a State,
    depth_left: usize,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.state.fault.set(Some(fault));
        E::custom(fault)
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.refuse(JsonFault::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.state.nodes_left.get().checked_sub(1) {
            Some(left) => self.state.nodes_left.set(left),
            None => return Err(self.refuse(JsonFault::TooMany)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(JsonFault::Syntax))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if out.insert(name, value).is_some() {
                return Err(self.refuse(JsonFault::RepeatedName));
            }
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read() {
        let read = read_object(
            br#" {"a":[1,-2,0.5,null,true,{"b":"c"}],"d":{}} "#,
            Limits::DEFAULT,
        )
        .unwrap();
        assert_eq!(
            Value::Object(read),
            serde_json::json!({"a":[1,-2,0.5,null,true,{"b":"c"}],"d":{}})
        );
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let deep = format!("{}1{}", "{\"a\":".repeat(9), "}".repeat(9));
        let exactly = format!("{}1{}", "{\"a\":".repeat(8), "}".repeat(8));
        let many = format!("{{\"a\":[{}1]}}", "1,".repeat(1022));
        let fits = format!("{{\"a\":[{}1]}}", "1,".repeat(1021));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024));
        let bottomless = "[".repeat(60_000);
        for (text, fault) in [
            (r#"{"a":1,"a":1}"#, JsonFault::RepeatedName),
            (r#"{"a":{"b":1,"\u0062":2}}"#, JsonFault::RepeatedName),
            (r#"[{"a":1}]"#, JsonFault::NotAnObject),
            ("7", JsonFault::NotAnObject),
            ("", JsonFault::Syntax),
            (r#"{"a":1}x"#, JsonFault::Syntax),
            (r#"{"a":1}{"a":1}"#, JsonFault::Syntax),
            (r#"{"a":1,}"#, JsonFault::Syntax),
            (r#"{"a":NaN}"#, JsonFault::Syntax),
            (r#"{"a":1e999}"#, JsonFault::Syntax),
            (deep.as_str(), JsonFault::TooDeep),
            (many.as_str(), JsonFault::TooMany),
            (long.as_str(), JsonFault::TooLong),
            (bottomless.as_str(), JsonFault::TooDeep),
        ] {
            assert_eq!(
                read_object(text.as_bytes(), Limits::DEFAULT),
                Err(fault),
                "{}",
                text.get(..40).unwrap_or(text)
            );
        }
        assert_eq!(
            read_object(b"{\"a\":\"\xff\"}", Limits::DEFAULT),
            Err(JsonFault::Syntax)
        );
        assert!(read_object(exactly.as_bytes(), Limits::DEFAULT).is_ok());
        assert!(read_object(fits.as_bytes(), Limits::DEFAULT).is_ok());
    }
}
