//! Texts are short, and read as they are written.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str = "RFC 7591 section 5 (what a client says of itself is shown to people who are to trust it); Unicode TR 36 section 2.5";

const MAX_NAME: usize = 60;
const MAX_TEXT: usize = 255;
const MAX_CONTACTS: usize = 8;

/// Names stand on pages: no control characters, nothing that turns the direction of what follows, nothing invisible.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let metadata = ask.metadata;
    for name in [
        &metadata.client_name,
        &metadata.client_name_ja,
        &metadata.client_name_en,
    ]
    .into_iter()
    .flatten()
    {
        let length = name.chars().count();
        if length == 0 || length > MAX_NAME || !reads_plainly(name) || name.trim() != name {
            return refuse("client_name", "1 to 60 visible characters");
        }
    }
    for (name, text) in [
        ("software_id", &metadata.software_id),
        ("software_version", &metadata.software_version),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > MAX_TEXT || !reads_plainly(text))
        {
            return refuse(name, "at most 255 octets, no control characters");
        }
    }
    let contacts = &metadata.contacts;
    let plain = |text: &String| text.len() <= MAX_TEXT && reads_plainly(text);
    if contacts.len() > MAX_CONTACTS || !contacts.iter().all(plain) {
        return refuse("contacts", "at most 8, of 255 octets");
    }
    Ok(())
}

fn reads_plainly(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn names_are_what_they_look_like() {
        for good in [
            json!({}),
            json!({"client_name": null}),
            json!({"client_name": "申請 Filing (2)"}),
            json!({"client_name#ja": "申請", "client_name#en": "Filing"}),
            json!({"contacts": ["dev@rp.example"], "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2.1"}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for (name, bad) in [
            ("client_name", json!({"client_name": ""})),
            ("client_name", json!({"client_name": "x".repeat(61)})),
            ("client_name", json!({"client_name": "a\nb"})),
            ("client_name", json!({"client_name": "a\u{202e}b"})),
            ("client_name", json!({"client_name#ja": "国税\u{200b}庁"})),
            ("client_name", json!({"client_name#en": " "})),
            ("software_id", json!({"software_id": "x".repeat(256)})),
            ("software_version", json!({"software_version": "\u{0}"})),
            ("contacts", json!({"contacts": vec!["x"; 9]})),
            ("contacts", json!({"contacts": ["x".repeat(256)]})),
        ] {
            let Err(MetadataFault::Member { name: member, .. }) = said(check, &bad) else {
                panic!("{bad} was taken")
            };
            assert_eq!(member, name, "{bad}");
        }
    }
}
