//! Claims that come to the platform behind a good signature: the octets are the claims, the first of them says of what.

use std::sync::OnceLock;

use domain::Timestamp;
use jose::JwkSet;
use oidc::access_token::AccessTokenClaims;
use oidc::client_authentication::authenticate;
use oidc::software_statement::{self, StatementIssuer};
use oidc::{UncheckedLogoutRequest, UncheckedTokenRequest};

use super::signed::{NOW, client, provider, signed, signer};

const VENDOR: &str = "https://vendors.example";
const IDP: &str = "https://idp.example";

fn keys() -> &'static JwkSet {
    static KEYS: OnceLock<JwkSet> = OnceLock::new();
    KEYS.get_or_init(|| JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, signer().jwk)).unwrap())
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(if text.is_empty() { "" } else { "&" });
        text.push_str(name);
        text.push('=');
        text.push_str(&value.replace(':', "%3A"));
    }
    text.into_bytes()
}

/// What is believed names its issuer, its audience and a time that has not passed.
pub(crate) fn claims(bytes: &[u8]) {
    let Some((kind, claims)) = bytes.split_first() else {
        return;
    };
    let said = || serde_json::from_slice::<serde_json::Value>(claims).unwrap_or_default();
    let now = Timestamp::from_seconds(NOW);
    match kind % 4 {
        0 => {
            let assertion = signed(r#"{"alg":"ES256"}"#, claims);
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let body = form(&[
                ("grant_type", "client_credentials"),
                ("client_assertion_type", kind),
                ("client_assertion", &assertion),
            ]);
            let Ok(request) = UncheckedTokenRequest::parse(&body, None) else {
                return;
            };
            if authenticate(&request, client(), provider(), now).is_ok() {
                assert_eq!((&said()["iss"], &said()["sub"]), (&"rp".into(), &"rp".into()));
                let later = Timestamp::from_seconds(NOW + 86_400);
                assert!(authenticate(&request, client(), provider(), later).is_err());
            }
        }
        1 => {
            let statement = signed(r#"{"alg":"ES256","typ":"JWT"}"#, claims);
            let issuers = [StatementIssuer {
                issuer: VENDOR.to_owned(),
                keys: keys().clone(),
            }];
            if let Ok(members) = software_statement::read(&statement, &issuers, IDP, now) {
                assert_eq!(said()["iss"], VENDOR);
                assert!(!members.contains_key("iss") && !members.contains_key("exp"));
            }
        }
        2 => {
            let hint = signed(r#"{"alg":"ES256","typ":"JWT"}"#, claims);
            let Ok(request) = UncheckedLogoutRequest::parse(&form(&[("id_token_hint", &hint)])) else {
                return;
            };
            let named = request.client_id().filter(|id| *id == "rp").map(|_| client());
            if let Ok(good) = request.check(named, keys(), provider())
                && good.hint.is_some()
            {
                assert_eq!((&said()["iss"], &said()["aud"]), (&IDP.into(), &"rp".into()));
            }
        }
        _ => {
            let token = signed(r#"{"alg":"ES256","typ":"at+jwt"}"#, claims);
            if let Ok(read) = AccessTokenClaims::read(&token, keys(), provider()) {
                assert_eq!(read.iss, IDP);
            }
        }
    }
}

pub(crate) fn samples() -> Vec<Vec<u8>> {
    let (at, end) = (NOW, NOW + 60);
    [
        format!(r#"{{"iss":"rp","sub":"rp","aud":"{IDP}","exp":{end},"iat":{at},"jti":"one"}}"#),
        format!(r#"{{"iss":"{VENDOR}","aud":["{IDP}"],"exp":{end},"client_name":"x","redirect_uris":["https://rp.example/cb"]}}"#),
        format!(r#"{{"iss":"{IDP}","aud":"rp","sub":"p_1","sid":"s","iat":{at},"exp":{end}}}"#),
        format!(
            r#"{{"iss":"{IDP}","sub":"p_1","aud":"https://api.example/","client_id":"rp","exp":{end},"iat":{at},"jti":"j",
            "scope":"openid","acr":"aal3","auth_time":{at},"cnf":{{"jkt":"x"}}}}"#
        ),
    ]
    .iter()
    .zip(0_u8..)
    .map(|(claims, kind)| [&[kind], claims.as_bytes()].concat())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds get past the rules, or the search would stay in front of them.
    #[test]
    fn good_seeds_are_good() {
        let seeds = samples();
        let now = Timestamp::from_seconds(NOW);
        let assertion = signed(r#"{"alg":"ES256"}"#, &seeds[0][1..]);
        let body = form(&[
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ]);
        let request = UncheckedTokenRequest::parse(&body, None).unwrap();
        assert!(authenticate(&request, client(), provider(), now).is_ok());
        let issuers = [StatementIssuer {
            issuer: VENDOR.to_owned(),
            keys: keys().clone(),
        }];
        let statement = signed(r#"{"alg":"ES256","typ":"JWT"}"#, &seeds[1][1..]);
        assert!(software_statement::read(&statement, &issuers, IDP, now).is_ok());
        let hint = signed(r#"{"alg":"ES256","typ":"JWT"}"#, &seeds[2][1..]);
        let request = UncheckedLogoutRequest::parse(&form(&[("id_token_hint", &hint)])).unwrap();
        assert!(
            request
                .check(Some(client()), keys(), provider())
                .unwrap()
                .hint
                .is_some()
        );
        let token = signed(r#"{"alg":"ES256","typ":"at+jwt"}"#, &seeds[3][1..]);
        assert!(AccessTokenClaims::read(&token, keys(), provider()).is_ok());
    }
}
