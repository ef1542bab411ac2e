use super::*;
use crate::sample::{provider, read_with};

fn address(changes: &[(&str, Option<&str>)]) -> ReturnAddress {
    read_with(changes, ReturnAddress::of).unwrap()
}

fn location(response: AuthorizationResponse) -> String {
    match response {
        AuthorizationResponse::Redirect { location } => location,
        AuthorizationResponse::FormPost { .. } => panic!("a redirect"),
    }
}

#[test]
fn the_code_goes_back_with_state_and_issuer() {
    let provider = provider();
    assert_eq!(
        location(address(&[]).with_code("c+o/d=e", &provider)),
        "https://rp.example/cb?code=c%2Bo%2Fd%3De&state=af0ifjsldkj&iss=https%3A%2F%2Fidp.example"
    );
    assert_eq!(
        location(
            address(&[
                ("redirect_uri", Some("https://rp.example/cb?tenant=1")),
                ("state", None)
            ])
            .with_code("c", &provider)
        ),
        "https://rp.example/cb?tenant=1&code=c&iss=https%3A%2F%2Fidp.example"
    );
}

#[test]
fn every_error_carries_the_issuer_too() {
    let provider = provider();
    assert_eq!(
        location(address(&[]).with_error(ErrorCode::LoginRequired, "", &provider)),
        "https://rp.example/cb?error=login_required&state=af0ifjsldkj&iss=https%3A%2F%2Fidp.example"
    );
    let described = address(&[]).with_error(
        ErrorCode::AccessDenied,
        "a \"quoted\" \\ \r\n省 reason",
        &provider,
    );
    assert!(
        location(described).contains("error_description=a+quoted+++reason&"),
        "only what RFC 6749 allows"
    );
}

#[test]
fn form_post_carries_the_same_fields() {
    let response = address(&[("response_mode", Some("form_post"))]).with_code("c", &provider());
    assert_eq!(
        response,
        AuthorizationResponse::FormPost {
            action: "https://rp.example/cb".to_owned(),
            fields: vec![
                ("code", "c".to_owned()),
                ("state", "af0ifjsldkj".to_owned()),
                ("iss", "https://idp.example".to_owned()),
            ],
        }
    );
    assert!(
        !format!("{response:?}").contains("af0"),
        "neither code nor state is printed"
    );
}

#[test]
fn an_existing_query_is_kept_octet_by_octet() {
    let fields = [("a", "b c".to_owned())];
    for (address, expected) in [
        ("https://x/cb", "https://x/cb?a=b+c"),
        ("https://x/cb?", "https://x/cb?a=b+c"),
        ("https://x/cb?q=%C3%A4+%2f", "https://x/cb?q=%C3%A4+%2f&a=b+c"),
        ("https://x/cb?q&", "https://x/cb?q&a=b+c"),
        ("https://x/cb?q?r=", "https://x/cb?q?r=&a=b+c"),
    ] {
        assert_eq!(with_query(address, &fields), expected);
    }
}
