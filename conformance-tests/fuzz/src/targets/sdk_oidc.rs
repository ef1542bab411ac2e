//! What a service reads that uses the SDK for OpenID Connect: the platform's documents and answers, and claims that the platform signed.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use domain::Timestamp;
use sp_sdk::SeenOnce;
use sp_sdk::guard::Guard;
use sp_sdk::http::{Answered, Fetch, FetchFault, Outgoing};
use sp_sdk::key::ServiceKey;
use sp_sdk::oidc::{Answer, OidcConfig, Provider, RelyingParty, SentRequest};
use sp_sdk::resource::{Believed, ResourceServer, TokenShown, Wanted};

use super::signed::{NOW as SECONDS, signed, signer};

const NOW: Timestamp = Timestamp::from_seconds(SECONDS);
const ISSUER: &str = "https://idp.example";
const RESOURCE: &str = "https://api.example/";

/// Which answer the octets are; everything else is good.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    Discovery,
    Keys,
    TokenAnswer,
    IdToken,
    LogoutToken,
    AccessToken,
    Introspection,
}

const PARTS: [Part; 7] = [
    Part::Discovery,
    Part::Keys,
    Part::TokenAnswer,
    Part::IdToken,
    Part::LogoutToken,
    Part::AccessToken,
    Part::Introspection,
];

/// A platform in this process.
struct Platform {
    part: Part,
    octets: Vec<u8>,
}

#[async_trait]
impl Fetch for Platform {
    async fn send(&self, request: Outgoing) -> Result<Answered, FetchFault> {
        let part = match request.url.rsplit('/').next().unwrap_or_default() {
            "openid-configuration" => Part::Discovery,
            "jwks" => Part::Keys,
            "introspection" => Part::Introspection,
            _ => Part::TokenAnswer,
        };
        let body = if part == self.part {
            self.octets.clone()
        } else if part == Part::TokenAnswer && self.part == Part::IdToken {
            token_answer(&self.octets)
        } else {
            good(part)
        };
        Ok(Answered {
            status: 200,
            dpop_nonce: None,
            body,
        })
    }
}

fn token_answer(claims: &[u8]) -> Vec<u8> {
    let id_token = signed(r#"{"alg":"ES256","typ":"JWT"}"#, claims);
    format!(r#"{{"access_token":"at","token_type":"Bearer","expires_in":60,"id_token":"{id_token}"}}"#)
        .into_bytes()
}

fn good(part: Part) -> Vec<u8> {
    let (at, end) = (SECONDS, SECONDS + 60);
    match part {
        Part::Discovery => format!(
            r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/authorize","token_endpoint":"{ISSUER}/token","jwks_uri":"{ISSUER}/jwks",
            "introspection_endpoint":"{ISSUER}/introspection","dpop_signing_alg_values_supported":["ES256"]}}"#
        ),
        Part::Keys => format!(r#"{{"keys":[{}]}}"#, signer().jwk),
        Part::TokenAnswer => return token_answer(&good(Part::IdToken)),
        Part::IdToken => format!(
            r#"{{"iss":"{ISSUER}","aud":"rp","sub":"p_1","exp":{end},"iat":{at},"nonce":"n","acr":"aal3","auth_time":{at},"amr":["sc"],"sid":"s"}}"#
        ),
        Part::LogoutToken => format!(
            r#"{{"iss":"{ISSUER}","aud":"rp","sub":"p_1","exp":{end},"iat":{at},"jti":"j","sid":"s",
            "events":{{"http://schemas.openid.net/event/backchannel-logout":{{}}}}}}"#
        ),
        Part::AccessToken | Part::Introspection => format!(
            r#"{{"active":true,"iss":"{ISSUER}","sub":"p_1","aud":"{RESOURCE}","client_id":"rp","exp":{end},"iat":{at},"jti":"j",
            "scope":"openid","acr":"aal3","auth_time":{at}}}"#
        ),
    }
    .into_bytes()
}

/// Nothing here waits: the platform is in this process.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits for nobody"),
    }
}

fn config() -> OidcConfig {
    let told = serde_json::json!({
        "issuer": ISSUER, "client_id": "rp", "redirect_uri": "https://rp.example/cb", "trusted_ca_pem": "", "dpop": false,
    });
    serde_json::from_value(told).unwrap()
}

/// The service's own key.
fn key() -> ServiceKey {
    static PEM: OnceLock<String> = OnceLock::new();
    let pem = PEM.get_or_init(|| {
        let key =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let text = xml::encode_base64(key.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    });
    ServiceKey::from_pem(pem).unwrap()
}

/// What the octets come to as this part: whom they sign in, out, or let in.
fn judged(part: Part, octets: &[u8]) -> Option<String> {
    let platform = Arc::new(Platform {
        part,
        octets: octets.to_vec(),
    });
    let server = |believed: Believed, token: &str| {
        let provider = now(Provider::discover(ISSUER, platform.clone(), NOW)).ok()?;
        let server = ResourceServer::new(
            RESOURCE,
            Arc::new(provider),
            believed,
            Arc::new(SeenOnce::default()),
        );
        let authorization = format!("Bearer {token}");
        let shown = TokenShown {
            method: "GET",
            address: RESOURCE,
            query: None,
            authorization: Some(&authorization),
            proofs: &[],
            certificate: None,
        };
        let wanted = Wanted::new(&["openid"], Guard::aal(domain::Aal::Three)).unwrap();
        let holder = now(server.admit(&shown, &wanted, NOW)).ok()?;
        Some(holder.subject().to_owned())
    };
    match part {
        Part::Discovery | Part::Keys | Part::TokenAnswer | Part::IdToken => {
            let party = now(RelyingParty::discover_by(config(), platform, NOW)).ok()?;
            let sent: SentRequest = serde_json::from_value(serde_json::json!({
                "state": "s", "nonce": "n", "verifier": "v", "sent_at": NOW, "max_age_seconds": null, "levels": [],
            }))
            .unwrap();
            let answer = Answer {
                code: Some("c".to_owned()),
                state: Some("s".to_owned()),
                iss: Some(ISSUER.to_owned()),
                error: None,
            };
            let person = now(party.finish(answer, sent, NOW)).ok()?;
            Some(person.subject().to_owned())
        }
        Part::LogoutToken => {
            let party = now(RelyingParty::discover_by(config(), platform, NOW)).ok()?;
            let token = signed(r#"{"alg":"ES256","typ":"logout+jwt"}"#, octets);
            let heard = now(party.hear_logout(&token, &SeenOnce::default(), NOW)).ok()?;
            Some(format!("{:?}", heard.signed_out()))
        }
        Part::AccessToken => server(
            Believed::BySignature,
            &signed(r#"{"alg":"ES256","typ":"at+jwt"}"#, octets),
        ),
        Part::Introspection => {
            let believed = Believed::ByIntrospection {
                client_id: "rs".to_owned(),
                key: Box::new(key()),
            };
            server(believed, &jose::encode_base64url([7; 32]))
        }
    }
}

/// The first octet says which answer the rest is. Whoever is signed in is one whom the platform signed, for us, now.
pub(crate) fn answers(bytes: &[u8]) {
    let Some((kind, octets)) = bytes.split_first() else {
        return;
    };
    let part = PARTS[usize::from(*kind) % PARTS.len()];
    let Some(person) = judged(part, octets) else {
        return;
    };
    // Members that nobody reads may hold what is no text.
    let Ok(said) = serde_json::from_slice::<serde_json::Value>(octets) else {
        return;
    };
    let said = || &said;
    match part {
        Part::Discovery => assert_eq!(said()["issuer"], ISSUER),
        Part::Keys | Part::TokenAnswer => assert_eq!(person, "p_1"),
        Part::IdToken => {
            assert_eq!(
                (&said()["iss"], &said()["nonce"], &said()["sub"]),
                (&ISSUER.into(), &"n".into(), &person.into())
            );
        }
        Part::LogoutToken => assert!(said()["events"].is_object() && said().get("nonce").is_none()),
        Part::AccessToken => assert_eq!(said()["iss"], ISSUER),
        Part::Introspection => assert_eq!(said()["active"], true),
    }
}

pub(crate) fn samples() -> Vec<Vec<u8>> {
    let seed = |(kind, part): (u8, Part)| [vec![kind], good(part)].concat();
    (0_u8..).zip(PARTS).map(seed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds get through, or the search would stay in front of them.
    #[test]
    fn good_seeds_are_good() {
        for (place, part) in PARTS.into_iter().enumerate() {
            assert!(judged(part, &good(part)).is_some(), "{place}");
        }
    }
}
