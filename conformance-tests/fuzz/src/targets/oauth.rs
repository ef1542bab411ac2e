//! Requests of OpenID Connect and OAuth.

use oidc::{ClientMetadata, RegistrationTerms, UncheckedLogoutRequest, UncheckedTokenRequest};

/// A registration that passes every rule names only hosts that were granted.
pub(crate) fn registration(bytes: &[u8]) {
    let terms = RegistrationTerms {
        hosts: vec!["rp.example".to_owned()],
        profile: domain::SecurityProfile::Standard,
    };
    let service: domain::ServiceId = format!("svc_{}", "1".repeat(32)).parse().unwrap();
    let Ok(members) = ClientMetadata::read(bytes) else {
        return;
    };
    let Ok(metadata) = ClientMetadata::of(&members) else {
        return;
    };
    if metadata.check(&terms).is_ok() {
        for uri in &metadata.redirect_uris {
            // Hosts are the same in capitals (RFC 3986 section 3.2.2).
            let uri = uri.to_ascii_lowercase();
            let host = uri
                .strip_prefix("https://rp.example")
                .expect("a host that was granted");
            assert!(host.is_empty() || host.starts_with(['/', ':', '?']), "{uri}");
        }
        let settings = metadata.settings("fuzz", &terms, None, &"0".repeat(64));
        let _ = oidc::ClientFacts::from_settings(&service, &settings);
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

pub(crate) fn registrations() -> Vec<Vec<u8>> {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    vec![
        br#"{"redirect_uris":["https://rp.example/cb"],"client_name#ja":"\u3042","contacts":["a@rp.example"],"default_max_age":60}"#.to_vec(),
        format!(
            r#"{{"redirect_uris":["https://rp.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":{{"keys":[{jwk}]}},
            "grant_types":["authorization_code","refresh_token"],"id_token_signed_response_alg":"ES256","dpop_bound_access_tokens":true,
            "backchannel_logout_uri":"https://rp.example/out","request_uris":["https://rp.example/o"],"subject_type":"pairwise"}}"#
        )
        .into_bytes(),
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
