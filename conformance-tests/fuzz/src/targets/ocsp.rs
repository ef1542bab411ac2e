//! OCSP responses: as they come, and as a responder gone mad would sign them.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use domain::Timestamp;
use pki::ocsp::{
    CertIdHash, MAX_LINKS, NonceRule, OcspAnswer, OcspPolicy, OcspReason, OcspRequest, OcspStatus, verify,
};
use pki::{Oid, PublicKey, SerialNumber, TrustAnchor};
use sim::keys::{KeyAlgorithm, KeyCache, Seed};

const LINKS: &str = "1.2.392.200149.8.5.99.1";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";
const NONCE: [u8; 32] = [0x5a; 32];

struct World {
    anchor: TrustAnchor,
    request: OcspRequest,
    policy: OcspPolicy,
    signer: EcdsaKeyPair,
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_219_200)
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let anchor = TrustAnchor::from_der(super::x509::anchor_der()).unwrap();
        let serial = SerialNumber::from_bytes(&[0x0a]).unwrap();
        let key = KeyCache::shared()
            .key(&Seed::from_text("fuzz"), "pinned responder", KeyAlgorithm::P256)
            .unwrap();
        World {
            request: OcspRequest::new(&anchor, &serial, CertIdHash::Sha256, Some(&NONCE)),
            anchor,
            policy: OcspPolicy {
                nonce: NonceRule::Optional,
                pinned_responders: vec![PublicKey::from_spki(&key.spki()).unwrap()],
                link_extension: Some(LINKS.parse().unwrap()),
                ..OcspPolicy::default()
            },
            signer: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.pkcs8().unwrap()).unwrap(),
        }
    })
}

fn judge(bytes: &[u8]) -> Result<OcspAnswer, OcspReason> {
    let world = world();
    verify(bytes, &world.request, &[&world.anchor], &world.policy, now())
}

/// What is believed is within its bounds and its dates.
fn holds(answer: &OcspAnswer) {
    let skew = 300;
    assert!(answer.links().len() <= MAX_LINKS);
    assert!(answer.this_update() <= now().plus_seconds(skew));
    assert!(answer.produced_at() <= now().plus_seconds(skew));
    assert!(answer.valid_until() >= now().plus_seconds(-skew));
    assert!(
        answer
            .next_update()
            .is_none_or(|next| answer.valid_until() <= next)
    );
}

/// The bytes of an application/ocsp-response. Nobody but the responder can make one that is believed: only the seeds are.
pub(crate) fn response(bytes: &[u8]) {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    match judge(bytes) {
        Err(reason) => assert!(!reason.check().as_str().is_empty()),
        Ok(answer) => {
            holds(&answer);
            let seeds = SEEDS.get_or_init(responses);
            // Certificates are outside what is signed; a pinned responder needs none.
            let signed = |seed: &Vec<u8>| {
                let data = data_of(seed);
                bytes.windows(data.len()).any(|window| window == data)
            };
            assert!(seeds.iter().any(signed), "an altered answer is believed");
        }
    }
}

/// Bytes in the place of `ResponseData`, signed as they are: whatever a responder signs is judged whole.
pub(crate) fn signed_data(bytes: &[u8]) {
    if let Ok(answer) = judge(&signed(bytes)) {
        holds(&answer);
        if answer.status() == OcspStatus::Good {
            // Good is a single tag, which must be there.
            assert!(bytes.windows(2).any(|window| window == [0x80, 0]));
        }
    }
}

pub(crate) fn responses() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = datas().iter().map(|data| signed(data)).collect();
    all.push(vec![0x30, 3, 10, 1, 3]);
    all
}

pub(crate) fn datas() -> Vec<Vec<u8>> {
    // SEQUENCE { SEQUENCE { SEQUENCE { SEQUENCE { CertID } } … } }
    let tbs = content(content(world().request.der()).0).0;
    let cert_id = content(content(tbs).0).0.to_vec();
    let time = |text: &str| tlv(0x18, text.as_bytes());
    let at = || time("20261121000000Z");
    let next = || tlv(0xa0, &time("20261121001000Z"));
    let revoked = tlv(0xa1, &[at(), tlv(0xa0, &tlv(10, &[6]))].concat());
    let link = sequence(&[
        tlv(10, &[0]),
        tlv(10, &[1]),
        tlv(4, &[0xcd; 32]),
        tlv(2, &[0, 0xd0]),
    ]);
    let links = tlv(0xa1, &sequence(&[extension(LINKS, &sequence(&[link]))]));
    let nonce = tlv(
        0xa1,
        &sequence(&[extension("1.3.6.1.5.5.7.48.1.2", &tlv(4, &NONCE))]),
    );
    let responder = tlv(0xa1, &sequence(&[]));
    [
        (tlv(0x80, &[]), links, nonce),
        (revoked, Vec::new(), Vec::new()),
        (tlv(0x82, &[]), Vec::new(), Vec::new()),
    ]
    .into_iter()
    .map(|(status, single_extensions, extensions)| {
        let single = sequence(&[cert_id.clone(), status, at(), next(), single_extensions]);
        sequence(&[responder.clone(), at(), sequence(&[single]), extensions])
    })
    .collect()
}

fn signed(data: &[u8]) -> Vec<u8> {
    let signature = world().signer.sign(&SystemRandom::new(), data).unwrap();
    let basic = sequence(&[
        data.to_vec(),
        sequence(&[oid(ECDSA_SHA256)]),
        tlv(3, &[&[0], signature.as_ref()].concat()),
    ]);
    let bytes = sequence(&[oid(BASIC), tlv(4, &basic)]);
    sequence(&[tlv(10, &[0]), tlv(0xa0, &bytes)])
}

/// `ResponseData` of a response that [`signed`] made; the whole of any other.
fn data_of(response: &[u8]) -> Vec<u8> {
    datas()
        .into_iter()
        .find(|data| {
            response
                .windows(data.len())
                .any(|window| window == data.as_slice())
        })
        .unwrap_or_else(|| response.to_vec())
}

fn header_length(bytes: &[u8]) -> usize {
    match bytes[1] {
        0..=0x7f => 2,
        0x81 => 3,
        _ => 4,
    }
}

/// The content of the first element, and what follows it.
fn content(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = match bytes[1] {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(bytes[2]),
        _ => usize::from(bytes[2]) << 8 | usize::from(bytes[3]),
    };
    bytes[header_length(bytes)..].split_at(length)
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=0x7f => out.push(short as u8),
        length @ 0x80..=0xff => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn oid(text: &str) -> Vec<u8> {
    tlv(6, text.parse::<Oid>().unwrap().as_bytes())
}

fn extension(identifier: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[oid(identifier), tlv(4, value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_believed_so_that_mutation_starts_deep() {
        let statuses: Vec<_> = datas()
            .iter()
            .map(|data| {
                judge(&signed(data)).map(|answer| (answer.status() == OcspStatus::Good, answer.links().len()))
            })
            .collect();
        assert_eq!(statuses, [Ok((true, 1)), Ok((false, 0)), Ok((false, 0))]);
    }
}
