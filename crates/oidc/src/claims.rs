//! The `claims` parameter (OpenID Connect Core 1.0 section 5.5), read strictly and bounded: what we know of it.

use domain::ReleasedAttribute;
use jose::json::{self, Limits};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Reason;

/// The longest parameter in bytes.
const LIMITS: Limits = Limits {
    bytes: 8 * 1024,
    depth: 6,
    nodes: 256,
};
const MAX_VALUES: usize = 8;
const MAX_TEXT: usize = 255;

/// What a request asks by name. Names that nobody knows are passed over (section 5.5: claims not understood must be ignored).
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestedClaims {
    /// Which of the 基本4情報 are asked for in the ID token.
    pub in_id_token: Vec<ReleasedAttribute>,
    /// Which of them are asked for from the userinfo endpoint.
    pub in_user_info: Vec<ReleasedAttribute>,
    /// `acr` of the ID token.
    pub acr: Option<RequestedAcr>,
    /// The one person about whom the client wants to hear (`sub` with a value): nobody else is answered about (section 5.5.1).
    pub subject: Option<String>,
    /// `auth_time` of the ID token is essential, which makes it part of the reply (section 2).
    pub auth_time_is_essential: bool,
}

/// `acr` by the `claims` parameter (section 5.5.1.1).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAcr {
    /// Values in order of preference; empty when any will do.
    pub values: Vec<String>,
    /// One of them must be reached, or the sign-in has failed.
    pub essential: bool,
}

impl std::fmt::Debug for RequestedClaims {
    /// Does not show whom the client asks about.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestedClaims")
            .field("acr", &self.acr)
            .finish_non_exhaustive()
    }
}

impl RequestedClaims {
    /// Whether an attribute is asked for anywhere.
    pub fn ask_for(&self, attribute: ReleasedAttribute) -> bool {
        self.in_id_token.contains(&attribute) || self.in_user_info.contains(&attribute)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Reason> {
        let malformed = || Reason::ParameterMalformed("claims");
        let object = json::read_object(text.as_bytes(), LIMITS).map_err(|_| malformed())?;
        let mut asked = Self::default();
        for (place, is_id_token) in [("id_token", true), ("userinfo", false)] {
            let members = match object.get(place) {
                None => continue,
                Some(Value::Object(members)) => members,
                Some(_) => return Err(malformed()),
            };
            for (name, wish) in members {
                let wish = Wish::read(wish).ok_or_else(malformed)?;
                asked.note(name, &wish, is_id_token)?;
            }
        }
        Ok(asked)
    }

    fn note(&mut self, name: &str, wish: &Wish, is_id_token: bool) -> Result<(), Reason> {
        match name {
            "sub" if !wish.values.is_empty() => {
                let [Value::String(subject)] = wish.values.as_slice() else {
                    return Err(Reason::ParameterMalformed("claims"));
                };
                // Two persons cannot sign in at once.
                match self.subject.replace(subject.clone()) {
                    Some(other) if other != *subject => return Err(Reason::ParameterMalformed("claims")),
                    _ => {}
                }
            }
            "acr" if is_id_token => {
                let text = |value: &Value| match value {
                    Value::String(text) if text.bytes().all(|b| b.is_ascii_graphic()) => Some(text.clone()),
                    _ => None,
                };
                let values: Option<Vec<String>> = wish.values.iter().map(text).collect();
                self.acr = Some(RequestedAcr {
                    values: values.ok_or(Reason::ParameterMalformed("claims"))?,
                    essential: wish.essential,
                });
            }
            "auth_time" if is_id_token => self.auth_time_is_essential = wish.essential,
            _ => {
                let list = if is_id_token {
                    &mut self.in_id_token
                } else {
                    &mut self.in_user_info
                };
                list.extend(attribute_of_claim(name).filter(|attribute| !list.contains(attribute)));
            }
        }
        Ok(())
    }
}

/// Which attribute a claim of ours comes from.
fn attribute_of_claim(name: &str) -> Option<ReleasedAttribute> {
    match name {
        "name" | "name_substitution" => Some(ReleasedAttribute::Name),
        "address" | "address_substitution" => Some(ReleasedAttribute::Address),
        "birthdate" | "birthdate_registered" => Some(ReleasedAttribute::BirthDate),
        "gender" => Some(ReleasedAttribute::Gender),
        _ => None,
    }
}

/// What is said of one claim (section 5.5.1).
struct Wish {
    essential: bool,
    values: Vec<Value>,
}

impl Wish {
    fn read(value: &Value) -> Option<Self> {
        let members = match value {
            Value::Null => &Map::new(),
            Value::Object(members) => members,
            _ => return None,
        };
        let essential = match members.get("essential") {
            None => false,
            Some(Value::Bool(essential)) => *essential,
            Some(_) => return None,
        };
        let mut values = Vec::new();
        values.extend(members.get("value").cloned());
        match members.get("values") {
            None => {}
            Some(Value::Array(several)) if !several.is_empty() => values.extend(several.iter().cloned()),
            Some(_) => return None,
        }
        let bounded = |value: &Value| match value {
            Value::String(text) => text.len() <= MAX_TEXT,
            Value::Array(_) | Value::Object(_) => false,
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        };
        (values.len() <= MAX_VALUES && values.iter().all(bounded)).then_some(Self { essential, values })
    }
}
