//! Types of `authorization_details` (RFC 9396): what a request may ask beyond scopes, as the platform's configuration defines it.
//!
//! A type is a small strict schema: named members, each a text, a whole number, a yes or no, a list or an object, with bounds. What is not
//! defined is refused. Every member has a name in both languages, because the person is shown what is asked before agreeing.

use std::collections::BTreeMap;

use domain::{Language, Localized};
use jose::json::{self, Limits};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Reason;

/// The longest parameter: it travels in access tokens, too.
const LIMITS: Limits = Limits {
    bytes: 4 * 1024,
    depth: 7,
    nodes: 256,
};
const MAX_DETAILS: usize = 8;
/// How deep a type may nest lists and objects.
const MAX_DEPTH: usize = 4;

/// The platform's types by their names.
pub type DetailTypes = BTreeMap<String, DetailType>;

/// One type.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DetailType {
    /// What is asked, as the person reads it.
    pub title: Localized,
    /// Its members besides `type`.
    #[serde(default)]
    pub fields: BTreeMap<String, DetailField>,
}

/// One member.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DetailField {
    /// What it is, as the person reads it.
    pub title: Localized,
    /// Whether it must be there.
    #[serde(default)]
    pub required: bool,
    /// What it may hold.
    pub kind: FieldKind,
}

/// What a member may hold.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FieldKind {
    /// Text without control characters.
    Text {
        /// At most so many characters.
        max_characters: u16,
        /// Only these, unless empty.
        #[serde(default)]
        allowed: Vec<String>,
    },
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Yes or no.
    Boolean {},
    /// Several of one kind.
    List {
        /// At most so many.
        max_items: u16,
        /// Of what.
        of: Box<FieldKind>,
    },
    /// An object with members of its own.
    Object {
        /// Its members.
        fields: BTreeMap<String, DetailField>,
    },
}

/// One detail as it is shown: what is asked, and each member with its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownDetail {
    /// What is asked.
    pub title: String,
    /// Members and values in the order of their names.
    pub members: Vec<(String, String)>,
}

fn refuse<T>(because: String) -> Result<T, Reason> {
    Err(Reason::AuthorizationDetails { because })
}

/// Reads the parameter; each detail is of a type that the platform defines and the client is registered for, and is as its type says. The
/// text that comes back has one spelling.
pub(crate) fn read(text: &str, types: &DetailTypes, registered: &[String]) -> Result<String, Reason> {
    let details = match json::read_array(text.as_bytes(), LIMITS) {
        Ok(details) if (1..=MAX_DETAILS).contains(&details.len()) => details,
        Ok(_) => return refuse(format!("there must be 1 to {MAX_DETAILS}")),
        Err(fault) => return refuse(fault.to_string()),
    };
    for detail in &details {
        let Some(members) = detail.as_object() else {
            return refuse("each must be an object".to_owned());
        };
        let Some(name) = members.get("type").and_then(Value::as_str) else {
            return refuse("type is missing".to_owned());
        };
        let known = types
            .get(name)
            .filter(|_| registered.iter().any(|one| one == name));
        let Some(kind) = known else {
            return refuse("a type is not registered for this client".to_owned());
        };
        members_fit(members, &kind.fields, true)?;
    }
    Ok(Value::Array(details).to_string())
}

/// What a token is for, of what was agreed to (RFC 9396 sections 6 and 7): all of it where the token request asks nothing, else the details
/// that it names. Each must be one that was agreed to, member by member: what would be less of a detail only its type's author could say.
pub fn narrowed(granted: Option<&str>, asked: Option<&str>) -> Result<Option<String>, Reason> {
    let Some(asked) = asked else {
        return Ok(granted.map(str::to_owned));
    };
    let asked = match json::read_array(asked.as_bytes(), LIMITS) {
        Ok(asked) if (1..=MAX_DETAILS).contains(&asked.len()) => asked,
        Ok(_) => return refuse(format!("there must be 1 to {MAX_DETAILS}")),
        Err(fault) => return refuse(fault.to_string()),
    };
    let mut granted = granted
        .and_then(|granted| json::read_array(granted.as_bytes(), LIMITS).ok())
        .unwrap_or_default();
    if !asked.iter().all(|detail| granted.contains(detail)) {
        return refuse("more than was agreed to".to_owned());
    }
    granted.retain(|detail| asked.contains(detail));
    Ok(Some(Value::Array(granted).to_string()))
}

fn members_fit(
    members: &Map<String, Value>,
    fields: &BTreeMap<String, DetailField>,
    outermost: bool,
) -> Result<(), Reason> {
    for (name, value) in members {
        match fields.get(name) {
            Some(field) => {
                if !fits(value, &field.kind)? {
                    return refuse(format!("{name} is not as its type says"));
                }
            }
            None if outermost && name == "type" => {}
            None => return refuse("a member is not of its type".to_owned()),
        }
    }
    match fields
        .iter()
        .find(|(name, field)| field.required && !members.contains_key(*name))
    {
        Some((name, _)) => refuse(format!("{name} is missing")),
        None => Ok(()),
    }
}

fn fits(value: &Value, kind: &FieldKind) -> Result<bool, Reason> {
    Ok(match (kind, value) {
        (
            FieldKind::Text {
                max_characters,
                allowed,
            },
            Value::String(text),
        ) => {
            !text.is_empty()
                && text.chars().count() <= usize::from(*max_characters)
                && !text.chars().any(char::is_control)
                && (allowed.is_empty() || allowed.contains(text))
        }
        (FieldKind::Integer { min, max }, Value::Number(number)) => number
            .as_i64()
            .is_some_and(|number| (*min..=*max).contains(&number)),
        (FieldKind::Boolean {}, Value::Bool(_)) => true,
        (FieldKind::List { max_items, of }, Value::Array(items)) => {
            let mut good = !items.is_empty() && items.len() <= usize::from(*max_items);
            for item in items {
                good = good && fits(item, of)?;
            }
            good
        }
        (FieldKind::Object { fields }, Value::Object(members)) => {
            members_fit(members, fields, false)?;
            true
        }
        _ => false,
    })
}

/// What is wrong with the platform's own definitions, for the check of its configuration.
pub fn problems_of_types(types: &DetailTypes) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, kind) in types {
        if !(1..=128).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            problems.push(format!(
                "{name:?}: 1 to 128 printable ASCII characters without space"
            ));
        }
        if kind.fields.contains_key("type") {
            problems.push(format!("{name}: type is no field, it names the type"));
        }
        if kind.fields.values().any(|field| depth(&field.kind) > MAX_DEPTH) {
            problems.push(format!("{name}: nested deeper than {MAX_DEPTH}"));
        }
    }
    problems
}

fn depth(kind: &FieldKind) -> usize {
    match kind {
        FieldKind::List { of, .. } => 1 + depth(of),
        FieldKind::Object { fields } => {
            1 + fields.values().map(|field| depth(&field.kind)).max().unwrap_or(0)
        }
        FieldKind::Text { .. } | FieldKind::Integer { .. } | FieldKind::Boolean {} => 0,
    }
}

/// What a person reads of checked details. A type that the configuration no longer defines is shown by its name and its bare members.
pub fn shown(text: &str, types: &DetailTypes, language: Language) -> Vec<ShownDetail> {
    let details = json::read_array(text.as_bytes(), LIMITS).unwrap_or_default();
    let one = |detail: &Value| {
        let members = detail.as_object().cloned().unwrap_or_default();
        let name = members.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind = types.get(name);
        let mut lines = Vec::new();
        for (member, value) in members.iter().filter(|(member, _)| *member != "type") {
            let field = kind.and_then(|kind| kind.fields.get(member));
            lines_of(member, value, field, language, &mut lines);
        }
        ShownDetail {
            title: kind.map_or_else(|| name.to_owned(), |kind| kind.title.get(language).to_owned()),
            members: lines,
        }
    };
    details.iter().map(one).collect()
}

fn lines_of(
    name: &str,
    value: &Value,
    field: Option<&DetailField>,
    language: Language,
    lines: &mut Vec<(String, String)>,
) {
    let title = field.map_or(name, |field| field.title.get(language)).to_owned();
    match (value, field.map(|field| &field.kind)) {
        (Value::Object(members), Some(FieldKind::Object { fields })) => {
            for (member, value) in members {
                let mut inner = Vec::new();
                lines_of(member, value, fields.get(member), language, &mut inner);
                lines.extend(
                    inner
                        .into_iter()
                        .map(|(name, value)| (format!("{title} › {name}"), value)),
                );
            }
        }
        (value, _) => lines.push((title, plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "✓".to_owned(),
        Value::Bool(false) => "–".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANTED: &str = r#"[{"type":"a","year":1},{"type":"a","year":2},{"type":"b"}]"#;

    #[test]
    fn a_token_request_gets_what_it_names_of_what_was_agreed_to() {
        for (asked, gets) in [
            (None, GRANTED),
            (Some(GRANTED), GRANTED),
            (Some(r#"[{"type":"b"}]"#), r#"[{"type":"b"}]"#),
            // In whatever order and spelling, and once.
            (
                Some(r#" [ {"type":"b"}, {"year":1, "type":"a"}, {"type":"b"} ]"#),
                r#"[{"type":"a","year":1},{"type":"b"}]"#,
            ),
        ] {
            let gets: Value = serde_json::from_str(gets).unwrap();
            let got = narrowed(Some(GRANTED), asked).unwrap().unwrap();
            assert_eq!(serde_json::from_str::<Value>(&got).unwrap(), gets, "{asked:?}");
        }
        for asked in [
            r#"[{"type":"c"}]"#,
            r#"[{"type":"a"}]"#,
            r#"[{"type":"a","year":1,"more":true}]"#,
            r#"[{"type":"b"},{"type":"a","year":3}]"#,
            "[]",
            "{}",
            "[1]",
            "[",
            "",
        ] {
            for granted in [Some(GRANTED), None] {
                let refused = narrowed(granted, Some(asked));
                assert!(
                    matches!(refused, Err(Reason::AuthorizationDetails { .. })),
                    "{asked}: {refused:?}"
                );
            }
        }
        assert_eq!(narrowed(None, None), Ok(None));
    }
}
