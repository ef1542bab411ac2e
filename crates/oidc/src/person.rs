//! Claims about the person (OpenID Connect Core 1.0 section 5.1), from 基本4情報. The scopes are those of デジタル認証アプリ: `name`,
//! `address`, `birthdate`, `gender`; the claims come from the userinfo endpoint (section 5.4), and in the ID token where the request's
//! `claims` want them there (section 5.5).

use std::fmt;

use domain::ReleasedAttribute;
use serde_json::{Map, Value, json};

/// Which attribute a scope asks for; none for `openid`.
pub fn attribute_of_scope(scope: &str) -> Option<ReleasedAttribute> {
    match scope {
        "name" => Some(ReleasedAttribute::Name),
        "address" => Some(ReleasedAttribute::Address),
        "birthdate" => Some(ReleasedAttribute::BirthDate),
        "gender" => Some(ReleasedAttribute::Gender),
        _ => None,
    }
}

/// A text and a flag per character: `1` where the character stands for one that certificates cannot carry.
#[derive(Clone, Copy)]
pub struct FlaggedText<'a> {
    /// The text.
    pub text: &'a str,
    /// The flags.
    pub flags: &'a str,
}

/// What is shown of a person. `Debug` shows nothing.
#[derive(Clone, Copy, Default)]
pub struct PersonClaims<'a> {
    /// 氏名.
    pub name: Option<FlaggedText<'a>>,
    /// 住所.
    pub address: Option<FlaggedText<'a>>,
    /// 生年月日 as registered, `EYYYYMMDD`.
    pub birth_date: Option<&'a str>,
    /// 性別, `1`, `2` or `9` (JIS X 0303).
    pub sex: Option<&'a str>,
}

impl fmt::Debug for PersonClaims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonClaims(***)")
    }
}

impl PersonClaims<'_> {
    pub(crate) fn put_into(&self, claims: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        if let Some(name) = self.name {
            put("name", json!(name.text));
            put("name_substitution", json!(name.flags));
        }
        if let Some(address) = self.address {
            put("address", json!({ "formatted": address.text }));
            put("address_substitution", json!(address.flags));
        }
        if let Some(registered) = self.birth_date {
            if let Some(date) = birthdate(registered) {
                put("birthdate", json!(date));
            }
            put("birthdate_registered", json!(registered));
        }
        if let Some(sex) = self.sex {
            put("gender", json!(gender(sex)));
        }
    }
}

/// `YYYY-MM-DD`, `0000-MM-DD` where the year is not known, `YYYY` where no day is (section 5.1); nothing where nothing is.
pub fn birthdate(registered: &str) -> Option<String> {
    let (year, month, day) = (
        registered.get(1..5)?,
        registered.get(5..7)?,
        registered.get(7..9)?,
    );
    match (year, month, day) {
        ("0000", "00", _) | ("0000", _, "00") => None,
        (year, "00", _) | (year, _, "00") => Some(year.to_owned()),
        (year, month, day) => Some(format!("{year}-{month}-{day}")),
    }
}

/// `male` and `female` are the specification's; others are ours to choose (section 5.1).
pub fn gender(sex: &str) -> &'static str {
    match sex {
        "1" => "male",
        "2" => "female",
        _ => "not_applicable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_say_what_is_known() {
        for (registered, date) in [
            ("419900217", Some("1990-02-17")),
            ("319640000", Some("1964")),
            ("319640200", Some("1964")),
            ("300000217", Some("0000-02-17")),
            ("400000000", None),
            ("400000200", None),
            ("", None),
        ] {
            assert_eq!(birthdate(registered).as_deref(), date, "{registered}");
        }
    }

    #[test]
    fn only_what_is_there_is_claimed() {
        let mut claims = Map::new();
        PersonClaims::default().put_into(&mut claims);
        assert!(claims.is_empty());
        let all = PersonClaims {
            name: Some(FlaggedText {
                text: "公的　花子",
                flags: "01000",
            }),
            address: Some(FlaggedText {
                text: "東京都",
                flags: "000",
            }),
            birth_date: Some("400000000"),
            sex: Some("9"),
        };
        all.put_into(&mut claims);
        assert_eq!(
            Value::Object(claims),
            json!({
                "name": "公的　花子", "name_substitution": "01000",
                "address": { "formatted": "東京都" }, "address_substitution": "000",
                "birthdate_registered": "400000000", "gender": "not_applicable",
            })
        );
        assert_eq!(format!("{all:?}"), "PersonClaims(***)");
    }

    #[test]
    fn every_scope_beside_openid_has_its_attribute() {
        for scope in crate::discovery::SCOPES {
            assert_eq!(
                attribute_of_scope(scope).is_none(),
                ["openid", "offline_access"].contains(&scope)
            );
        }
    }
}
