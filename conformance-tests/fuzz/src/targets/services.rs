//! What a service reads that uses the SDK: the platform's answer, and its metadata.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::{Entropy, NameIdFormat, Timestamp};
use saml::IdpFacts;
use saml::metadata::IdpMetadata;
use saml::reply::{AssertionContent, AssertionDraft, Issuance, NameId, ReplyTo, ResponseDraft, Signing};
use sim::keys::Seed;
use sim::server_certificate::ServerAuthority;
use sp_sdk::saml::{
    IdentityProvider, MetadataTrust, SamlReason, SeenAssertions, SentRequest, ServiceProvider,
};
use xml::dsig::SignatureAlgorithm;

/// 2026-11-21T00:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);
const IDP: &str = "https://idp.example/saml/metadata";
const SP: &str = "https://sp.example/metadata";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";
const PSEUDONYM: &str = "pseudonym";
const SIGNING: Signing<'static> = Signing {
    algorithm: SignatureAlgorithm::EcdsaSha256,
    certificate: None,
};

/// Identifiers by number: no two alike.
struct Counted;

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        buffer.fill(NEXT.fetch_add(1, Ordering::Relaxed));
    }
}

struct Platform {
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
    facts: IdpFacts,
}

fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let issued = ServerAuthority::generate(&Seed::from_text("fuzz"), NOW)
            .unwrap()
            .issue(&["idp.example"])
            .unwrap();
        let key = xml::decode_base64(&body(&issued.key_pem().unwrap())).unwrap();
        let chain = issued.chain_pem();
        let first = chain.split("-----END").next().unwrap().to_owned() + "-----END";
        Platform {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key).unwrap(),
            certificate: xml::decode_base64(&body(&first)).unwrap(),
            facts: IdpFacts {
                entity_id: IDP.to_owned(),
                sso_redirect: "https://idp.example/saml/sso".to_owned(),
                sso_post: "https://idp.example/saml/sso".to_owned(),
                slo: "https://idp.example/saml/slo".to_owned(),
                slo_soap: "https://idp.example/saml/slo/soap".to_owned(),
                artifact_resolution: "https://idp.example/saml/artifact".to_owned(),
                attribute_query: "https://idp.example/saml/attributes".to_owned(),
                scope: "idp.example".to_owned(),
                clock_skew_seconds: 180,
                request_max_age_seconds: 300,
                authn_contexts: vec!["urn:example:aal3".to_owned()],
            },
        }
    })
}

/// What stands between the first two marks of a PEM text.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn sign(message: &[u8]) -> Vec<u8> {
    assert!(!platform().key.public_key().as_ref().is_empty());
    let signature = platform().key.sign(&SystemRandom::new(), message).unwrap();
    signature.as_ref().to_vec()
}

fn service() -> &'static ServiceProvider {
    static SERVICE: OnceLock<ServiceProvider> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let metadata = metadata_documents().remove(0);
        let idp = IdentityProvider::from_metadata(&metadata, IDP, &MetadataTrust::AsGiven, NOW).unwrap();
        ServiceProvider::new(SP, ACS, idp)
    })
}

fn sent() -> SentRequest {
    let kept = serde_json::json!({"id": REQUEST, "sent_at": NOW, "force_authn": false, "levels": []});
    serde_json::from_value(kept).unwrap()
}

fn judged(message: &[u8]) -> Result<String, SamlReason> {
    let seen = SeenAssertions::default();
    let answer = service().verify(&xml::encode_base64(message), sent(), &seen, NOW)?;
    Ok(answer.pseudonym().to_owned())
}

/// Whatever is accepted says of whom the platform signed it.
pub(crate) fn response(bytes: &[u8]) {
    if let Ok(person) = judged(bytes) {
        assert_eq!(person, PSEUDONYM);
    }
}

/// What is accepted is of this platform, and is the same when it is read again.
pub(crate) fn metadata(bytes: &[u8]) {
    let read = || IdentityProvider::from_metadata(bytes, IDP, &MetadataTrust::AsGiven, NOW);
    if let Ok(provider) = read() {
        assert!(!provider.is_expired(NOW));
        assert!(read().is_ok());
    }
}

pub(crate) fn responses() -> Vec<Vec<u8>> {
    let kept =
        serde_json::json!({"service": SP, "location": ACS, "in_response_to": REQUEST, "relay_state": null});
    let reply_to: ReplyTo = serde_json::from_value(kept).unwrap();
    let issuance = Issuance {
        idp: &platform().facts,
        reply_to: &reply_to,
        now: NOW,
    };
    let content = AssertionContent {
        name_id: NameId {
            format: NameIdFormat::Persistent,
            value: PSEUDONYM.to_owned(),
        },
        authn_instant: NOW,
        session_index: "_s".to_owned(),
        session_not_on_or_after: None,
        authn_context_class: "urn:example:aal3".to_owned(),
        attributes: vec![],
        lifetime_seconds: 300,
    };
    let draft = AssertionDraft::compose(&issuance, &content, SIGNING, &Counted).unwrap();
    let signature = sign(draft.signing_input());
    let assertion = draft.attach(&signature).unwrap();
    let response = || ResponseDraft::success(&issuance, &assertion, &Counted).unwrap();
    let plain = response().unsigned().unwrap();
    let signed = response().to_be_signed(SIGNING).unwrap();
    let signature = sign(signed.signing_input());
    let signed = signed.attach(&signature).unwrap();
    vec![plain.xml().to_vec(), signed.xml().to_vec()]
}

pub(crate) fn metadata_documents() -> Vec<Vec<u8>> {
    let draft = IdpMetadata {
        idp: &platform().facts,
        signing_certificates: std::slice::from_ref(&platform().certificate),
        name_id_formats: &[NameIdFormat::Persistent],
        want_authn_requests_signed: false,
        display_name: None,
        error_url: None,
        valid_until: NOW.plus_seconds(86_400),
        cache_duration_seconds: 3_600,
    }
    .to_be_signed(SIGNING, &Counted)
    .unwrap();
    let signature = sign(draft.signing_input());
    vec![draft.attach(&signature).unwrap()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds get past the signature, or the search would stay in front of it; another person in them does not.
    #[test]
    fn good_seeds_are_good_and_forged_ones_are_not() {
        for seed in responses() {
            assert_eq!(judged(&seed).as_deref(), Ok(PSEUDONYM));
            let forged = String::from_utf8(seed).unwrap().replace(PSEUDONYM, "another");
            assert!(judged(forged.as_bytes()).is_err());
        }
    }
}
