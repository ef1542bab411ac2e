//! Short texts that strangers show: tokens, codes that are typed, preferences of a browser, durations.

use oidc::access_token::Limits;
use oidc::device_authorization::UserCode;
use oidc::grants::refresh_token::Presented;

/// The very file of the product, as in `forms.rs`.
#[path = "../../../../idp-server/src/web/preference.rs"]
#[allow(dead_code, unreachable_pub, reason = "the product's file, seen from here")]
mod preference;

/// Each reader by itself. What is typed in two ways is one code; weights are numbers between none and one.
pub(crate) fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = Limits::read(text);
    let _ = Presented::parse(text);
    if let Some(code) = UserCode::read(text) {
        assert_eq!(UserCode::read(&code.shown()).as_ref(), Some(&code));
        assert_eq!(UserCode::read(code.letters()).as_ref(), Some(&code));
    }
    let known = |name: &str| (name.len() < 3).then(|| name.to_owned());
    for (name, weight) in preference::weighted(text, known) {
        assert!(name.len() < 3 && (0.0..=1.0).contains(&weight), "{name} {weight}");
    }
    let _ = federation::seconds_of_duration(text);
}

pub(crate) fn samples() -> Vec<Vec<u8>> {
    let limits =
        jose::encode_base64url(r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I","scope":"openid"}"#);
    [
        format!("at_0123456789abcdef.{limits}"),
        format!(
            "{}.{}.{}",
            "1".repeat(32),
            jose::encode_base64url([7; 16]),
            jose::encode_base64url([8; 32])
        ),
        "BCDF-GHJK".to_owned(),
        "ja, en;q=0.5,*;q=0".to_owned(),
        "P1Y2M3DT4H5M6.7S".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}
