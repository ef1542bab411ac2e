//! Requests of OpenID Connect and OAuth.

use oidc::{UncheckedAuthorizationRequest, UncheckedLogoutRequest, UncheckedTokenRequest};

pub(crate) fn authorization(bytes: &[u8]) {
    if let Ok(request) = UncheckedAuthorizationRequest::parse(bytes) {
        assert!(!request.client_id().is_empty());
    }
}

/// The first line is the `Authorization` field, the rest is the body.
pub(crate) fn token(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let header = parts.next().and_then(|line| std::str::from_utf8(line).ok());
    let body = parts.next().unwrap_or_default();
    if let Ok(request) = UncheckedTokenRequest::parse(body, header.filter(|line| !line.is_empty())) {
        let _ = request.client_id();
        let _ = request.grant();
    }
}

pub(crate) fn logout(bytes: &[u8]) {
    if let Ok(request) = UncheckedLogoutRequest::parse(bytes) {
        let _ = request.client_id();
    }
}

/// The first line is the `Authorization` field, the second the query.
pub(crate) fn bearer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (header, query) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(shown) = oidc::bearer::read(Some(header), Some(query)) {
        let _ = format!("{shown:?}");
    }
}

pub(crate) fn bearers() -> Vec<Vec<u8>> {
    vec![
        b"Bearer at_0123456789abcdef\n".to_vec(),
        b"DPoP a.b.c\nx=y".to_vec(),
        b"bearer  x\naccess_token=y".to_vec(),
    ]
}

pub(crate) fn authorizations() -> Vec<Vec<u8>> {
    vec![
        concat!(
            "response_type=code&client_id=c&redirect_uri=https%3A%2F%2Frp.example%2Fcb&scope=openid&state=s&nonce=n",
            "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
            "&prompt=login+consent&max_age=60&acr_values=aal3+crl&ui_locales=ja+en"
        )
        .into(),
        b"client_id=c&client_id=d".to_vec(),
    ]
}

pub(crate) fn tokens() -> Vec<Vec<u8>> {
    let body = "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Frp.example%2Fcb&code_verifier=\
                dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    vec![
        format!("Basic Yzpz\n{body}").into_bytes(),
        format!("\n{body}&client_id=c").into_bytes(),
    ]
}

pub(crate) fn logouts() -> Vec<Vec<u8>> {
    vec![
        b"client_id=c&post_logout_redirect_uri=https%3A%2F%2Frp.example%2F&state=s&id_token_hint=a.b.c"
            .to_vec(),
    ]
}
