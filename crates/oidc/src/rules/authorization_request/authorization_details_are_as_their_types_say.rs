//! `authorization_details`, if there, are of types that the platform defines and the client is registered for, and as those say.

use crate::authorization_details;
use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 9396 sections 2, 3 and 5";

/// What nobody defined could not be shown to the person, who must know what is agreed to.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The details in one spelling.
pub fn read(ask: &Ask<'_>) -> Result<Option<String>, Reason> {
    let text = ask.request.get("authorization_details");
    let types = &ask.provider.detail_types;
    text.map(|text| authorization_details::read(text, types, &ask.client.requests.detail_types))
        .transpose()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::Language;
    use serde_json::json;

    use super::*;
    use crate::authorization_details::{DetailTypes, problems_of_types, shown};
    use crate::sample::{client, provider, request};

    fn types() -> DetailTypes {
        let title = |ja: &str, en: &str| json!({ "ja": ja, "en": en });
        serde_json::from_value(json!({
            "tax_filing": {
                "title": title("税の申告", "Filing of a tax return"),
                "fields": {
                    "year": { "title": title("年", "Year"), "required": true, "kind": { "integer": { "min": 2000, "max": 2100 } } },
                    "taxes": { "title": title("税目", "Taxes"), "kind": { "list": { "max_items": 2, "of": {
                        "text": { "max_characters": 11, "allowed": ["income", "consumption"] } } } } },
                    "note": { "title": title("備考", "Note"), "kind": { "text": { "max_characters": 5 } } },
                    "draft": { "title": title("下書き", "Draft"), "kind": { "boolean": {} } },
                    "agent": { "title": title("代理人", "Agent"), "kind": { "object": { "fields": {
                        "name": { "title": title("名", "Name"), "required": true, "kind": { "text": { "max_characters": 20 } } } } } } },
                },
            },
            "other": { "title": title("他", "Other") },
        }))
        .unwrap()
    }

    fn with(text: &str) -> Result<Option<String>, Reason> {
        let (mut client, mut provider) = (client(), provider());
        provider.detail_types = Arc::new(types());
        client.requests.detail_types = vec!["tax_filing".to_owned(), "undefined".to_owned()];
        let request = request(&[("authorization_details", Some(text))]);
        read(&Ask {
            request: &request,
            client: &client,
            provider: &provider,
        })
    }

    #[test]
    fn as_the_type_says() {
        assert_eq!(with(""), Ok(None), "an empty parameter counts as omitted");
        for text in [
            r#"[{"type":"tax_filing","year":2026}]"#,
            r#"[{"type":"tax_filing","year":2026,"taxes":["income","consumption"],"note":"急ぎます","draft":false,"agent":{"name":"甲"}}]"#,
            r#" [ {"year": 2000, "type": "tax_filing"}, {"type":"tax_filing","year":2100} ] "#,
        ] {
            assert!(with(text).unwrap().is_some(), "{text}");
        }
        for (text, because) in [
            ("{}", "not a JSON array"),
            ("[", "not JSON"),
            ("[]", "there must be 1 to 8"),
            ("[1]", "each must be an object"),
            ("[{}]", "type is missing"),
            (r#"[{"type":7}]"#, "type is missing"),
            (
                r#"[{"type":"other"}]"#,
                "a type is not registered for this client",
            ),
            (
                r#"[{"type":"undefined"}]"#,
                "a type is not registered for this client",
            ),
            (r#"[{"type":"tax_filing"}]"#, "year is missing"),
            (
                r#"[{"type":"tax_filing","year":"2026"}]"#,
                "year is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":1999}]"#,
                "year is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026.5}]"#,
                "year is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"colour":1}]"#,
                "a member is not of its type",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"taxes":["income","income","income"]}]"#,
                "taxes is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"taxes":[]}]"#,
                "taxes is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"taxes":["wealth"]}]"#,
                "taxes is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"note":"六文字あります"}]"#,
                "note is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"note":"a\nb"}]"#,
                "note is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"draft":"no"}]"#,
                "draft is not as its type says",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"agent":{}}]"#,
                "name is missing",
            ),
            (
                r#"[{"type":"tax_filing","year":2026,"agent":{"name":"甲","type":"x"}}]"#,
                "a member is not of its type",
            ),
            (
                r#"[{"type":"tax_filing","type":"other","year":2026}]"#,
                "a name occurs twice",
            ),
        ] {
            assert_eq!(
                with(text),
                Err(Reason::AuthorizationDetails {
                    because: because.to_owned()
                }),
                "{text}"
            );
        }
        let nine = format!("[{}]", [r#"{"type":"tax_filing","year":2026}"#; 9].join(","));
        let huge = format!(
            r#"[{{"type":"tax_filing","year":2026,"note":"{}"}}]"#,
            "x".repeat(5000)
        );
        assert!(with(&nine).is_err() && with(&huge).is_err());
    }

    #[test]
    fn the_person_reads_every_member() {
        let text = with(
            r#"[{"type":"tax_filing","year":2026,"taxes":["income","consumption"],"agent":{"name":"甲"},"draft":true}]"#,
        );
        let shown = shown(&text.unwrap().unwrap(), &types(), Language::En);
        assert_eq!(shown[0].title, "Filing of a tax return");
        let lines: Vec<_> = shown[0]
            .members
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            lines,
            [
                "Agent › Name=甲",
                "Draft=✓",
                "Taxes=income, consumption",
                "Year=2026"
            ]
        );
    }

    #[test]
    fn definitions_that_cannot_be() {
        assert_eq!(problems_of_types(&types()), Vec::<String>::new());
        let title = json!({ "ja": "x", "en": "x" });
        let mut kind = json!({ "boolean": {} });
        for _ in 0..5 {
            kind = json!({ "list": { "max_items": 1, "of": kind } });
        }
        let bad: DetailTypes = serde_json::from_value(json!({
            "a b": { "title": title },
            "named": { "title": title, "fields": { "type": { "title": title, "kind": { "boolean": {} } } } },
            "deep": { "title": title, "fields": { "x": { "title": title, "kind": kind } } },
        }))
        .unwrap();
        assert_eq!(problems_of_types(&bad).len(), 3);
    }
}
