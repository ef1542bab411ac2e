//! What J-LIS answers, and the four items wherever they come from. Links have no target of their own here: they are read relative to a
//! question, and the list target and this one read the same kinds of names.

use jlis_http::answers;
use jpki::{CaKind, FourItems, ItemTexts};
use pki::SerialNumber;

/// What was read whole says the same again.
pub(crate) fn four_items_answer(bytes: &[u8]) {
    if let Ok(jlis::FourItemsAnswer::Current { items, .. }) = answers::four_items(bytes) {
        assert_eq!(items.birth_date.len(), 9);
        assert_eq!(items.name.chars().count(), items.name_substitution.len());
        let texts = ItemTexts {
            name: &items.name,
            name_substitution: &items.name_substitution,
            address: &items.address,
            address_substitution: &items.address_substitution,
            birth_date: &items.birth_date,
            sex: &items.sex,
        };
        read_again(texts);
    }
}

/// Six lines are the six texts.
pub(crate) fn four_items(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.splitn(6, '\n').chain(std::iter::repeat(""));
    let mut next = || lines.next().unwrap_or_default();
    read_again(ItemTexts {
        name: next(),
        name_substitution: next(),
        address: next(),
        address_substitution: next(),
        birth_date: next(),
        sex: next(),
    });
}

fn read_again(texts: ItemTexts<'_>) {
    if let Ok(read) = FourItems::read(texts) {
        assert_eq!(FourItems::read(read.texts()).as_ref(), Ok(&read));
    }
}

/// The certificate that is asked about is never its own relative.
pub(crate) fn links(bytes: &[u8]) {
    let of = jlis::CertificateName {
        ca_kind: CaKind::UserAuthentication,
        issuer_key_hash: "ab".repeat(32),
        serial: SerialNumber::from_bytes(&[9, 0x96]).unwrap(),
    };
    if let Ok(links) = answers::links(&of, bytes) {
        assert!(links.all().iter().all(|link| link.name != of));
    }
    if let Ok(Some(before)) = answers::predecessor(&of, bytes) {
        assert!(before != of && before.ca_kind == of.ca_kind);
    }
}

/// No name leaves the folder, and none is said twice.
pub(crate) fn manifest(bytes: &[u8]) {
    if let Ok(lists) = answers::manifest(bytes, 64) {
        assert!(lists.len() <= 64);
        for (place, list) in lists.iter().enumerate() {
            assert!(!list.name.contains(['/', '\\', '\0']) && !list.name.starts_with('.'));
            assert!(lists[..place].iter().all(|other| other.name != list.name));
        }
    }
}

pub(crate) fn answers_with_items() -> Vec<Vec<u8>> {
    let current = r#"{"status":"current","as_of":1795000000,"items":{"name":"番号花子","name_substitution":"0010",
        "address":"東京都千代田区一丁目","address_substitution":"0000000000","birth_date":"320000101","sex":"2"}}"#;
    vec![
        current.into(),
        current.replace("320000101", "400000000").into_bytes(),
        br#"{"status":"refused","reason":"certificate_revoked"}"#.to_vec(),
    ]
}

pub(crate) fn items() -> Vec<Vec<u8>> {
    vec![
        "番号花子\n0010\n東京都千代田区一丁目\n0000000000\n320000101\n2".into(),
        "a\n0\nb\n1\n400000000\n9".into(),
        "a\n0\nb\n1\n119261225\n1".into(),
    ]
}

pub(crate) fn relatives() -> Vec<Vec<u8>> {
    let hash = "ab".repeat(32);
    let name = |kind: &str, serial: &str| {
        format!(r#""ca_kind":"{kind}","issuer_key_hash":"{hash}","serial":"{serial}""#)
    };
    vec![
        format!(
            r#"{{"links":[{{"kind":"predecessor",{}}},{{"kind":"signing",{}}}]}}"#,
            name("user-authentication", "0995"),
            name("digital-signature", "01")
        )
        .into_bytes(),
        format!(r#"{{"predecessor":{{{}}}}}"#, name("user-authentication", "0995")).into_bytes(),
        br#"{"predecessor":null}"#.to_vec(),
        br#"{"links":[]}"#.to_vec(),
    ]
}

pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let list = |name: &str, kind: &str| {
        format!(
            r#"{{"name":"{name}","ca_kind":"{kind}","bytes":5,"sha256":"{}"}}"#,
            "00".repeat(32)
        )
    };
    vec![
        format!(
            r#"{{"lists":[{},{}]}}"#,
            list("auth-0001.crl", "user-authentication"),
            list("sign-0001.crl", "digital-signature")
        )
        .into_bytes(),
        br#"{"lists":[]}"#.to_vec(),
    ]
}
