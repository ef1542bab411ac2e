//! A responder of the tests: writes certificates and answers by hand, so that every field can be wrong.

#![allow(dead_code, reason = "shared by test binaries that each need a part")]
#![allow(clippy::unwrap_used, reason = "a test's own helpers")]
#![allow(clippy::doc_markdown, reason = "ASN.1 names its types in camel case")]

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::Timestamp;
use pki::{Oid, SerialNumber, TrustAnchor};

pub(crate) const OCSP_SIGNING: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.9");
pub(crate) const CLIENT_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.2");
pub(crate) const ANY_PURPOSE: Oid = Oid::new_unwrap("2.5.29.37.0");
pub(crate) const NO_CHECK: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.5");
pub(crate) const NONCE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.2");
pub(crate) const EXTENDED_REVOKE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.9");
pub(crate) const BASIC: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.1");
pub(crate) const SHA1: Oid = Oid::new_unwrap("1.3.14.3.2.26");
pub(crate) const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const LINKS: Oid = Oid::new_unwrap("1.2.392.200149.8.5.99.1");
const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
const ECDSA_SHA256: Oid = Oid::new_unwrap("1.2.840.10045.4.3.2");
const EC_PUBLIC_KEY: Oid = Oid::new_unwrap("1.2.840.10045.2.1");
const P256: Oid = Oid::new_unwrap("1.2.840.10045.3.1.7");

/// The moment of the tests: 2026-11-18.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=0x7f => out.push(u8::try_from(short).unwrap()),
        length => {
            let digits: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn oid(oid: Oid) -> Vec<u8> {
    tlv(6, oid.as_bytes())
}

pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(2, &content)
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(4, bytes)
}

pub(crate) fn generalized(at: Timestamp) -> Vec<u8> {
    let text: String = at
        .to_rfc3339()
        .unwrap()
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == 'Z')
        .collect();
    tlv(0x18, text.as_bytes())
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], bytes].concat())
}

pub(crate) fn extension(identifier: Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { tlv(1, &[0xff]) } else { Vec::new() };
    sequence(&[oid(identifier), flag, octets(value)])
}

pub(crate) fn name(common: &str) -> Vec<u8> {
    let attribute = sequence(&[oid(Oid::new_unwrap("2.5.4.3")), tlv(0x0c, common.as_bytes())]);
    sequence(&[tlv(0x31, &attribute)])
}

fn algorithm() -> Vec<u8> {
    sequence(&[oid(ECDSA_SHA256)])
}

/// A P-256 key.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    pub pkcs8: Vec<u8>,
}

impl Key {
    pub(crate) fn new() -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        Self {
            pair,
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }

    pub(crate) fn point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        let algorithm = sequence(&[oid(EC_PUBLIC_KEY), oid(P256)]);
        sequence(&[algorithm, bits(self.point())])
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair
            .sign(&SystemRandom::new(), message)
            .unwrap()
            .as_ref()
            .to_vec()
    }
}

/// What a certificate says.
pub(crate) struct Paper {
    pub(crate) serial: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Paper {
    /// A responder's, as it should be.
    pub(crate) fn responder(common: &str) -> Self {
        Self {
            serial: vec![77],
            subject: name(common),
            not_before: now().plus_seconds(-86_400),
            not_after: now().plus_seconds(30 * 86_400),
            extensions: vec![
                key_usage(0x80),
                purposes(&[OCSP_SIGNING]),
                extension(NO_CHECK, false, &[5, 0]),
            ],
        }
    }
}

/// keyUsage with the given bits of its first byte.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap();
    extension(KEY_USAGE, true, &tlv(3, &[unused, bits]))
}

pub(crate) fn purposes(all: &[Oid]) -> Vec<u8> {
    let list: Vec<_> = all.iter().copied().map(oid).collect();
    extension(EXTENDED_KEY_USAGE, false, &sequence(&list))
}

pub(crate) fn authority_constraints() -> Vec<u8> {
    extension(BASIC_CONSTRAINTS, true, &sequence(&[tlv(1, &[0xff])]))
}

/// A certification authority.
pub(crate) struct Ca {
    pub(crate) key: Key,
    pub(crate) name: Vec<u8>,
    pub(crate) anchor: TrustAnchor,
}

impl Ca {
    pub(crate) fn new(common: &str) -> Self {
        let days = |count: i64| now().plus_seconds(count * 86_400);
        Self::valid(common, days(-1000), days(1000))
    }

    pub(crate) fn valid(common: &str, not_before: Timestamp, not_after: Timestamp) -> Self {
        let key = Key::new();
        let name = name(common);
        let paper = Paper {
            serial: vec![1],
            subject: name.clone(),
            not_before,
            not_after,
            extensions: vec![key_usage(0x06), authority_constraints()],
        };
        let der = certificate(&paper, &key, &name, &key);
        let anchor = TrustAnchor::from_der(&der).unwrap();
        Self { key, name, anchor }
    }

    pub(crate) fn issue(&self, paper: &Paper, key: &Key) -> Vec<u8> {
        certificate(paper, key, &self.name, &self.key)
    }

    /// A responder with a key of its own and its certificate.
    pub(crate) fn responder(&self, paper: &Paper) -> (Key, Vec<u8>) {
        let key = Key::new();
        let der = self.issue(paper, &key);
        (key, der)
    }
}

fn certificate(paper: &Paper, key: &Key, issuer: &[u8], issuer_key: &Key) -> Vec<u8> {
    let tbs = sequence(&[
        tlv(0xa0, &integer(&[2])),
        integer(&paper.serial),
        algorithm(),
        issuer.to_vec(),
        sequence(&[utc(paper.not_before), utc(paper.not_after)]),
        paper.subject.clone(),
        key.spki(),
        tlv(0xa3, &sequence(&paper.extensions)),
    ]);
    let signature = issuer_key.sign(&tbs);
    sequence(&[tbs, algorithm(), bits(&signature)])
}

fn utc(at: Timestamp) -> Vec<u8> {
    let long = generalized(at);
    tlv(0x17, &long[4..])
}

/// What is said about one certificate.
#[derive(Clone)]
pub(crate) struct Single {
    pub(crate) cert_id: Vec<u8>,
    /// DER of CertStatus.
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: Vec<u8>,
    pub(crate) next_update: Option<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) fn good() -> Vec<u8> {
    tlv(0x80, &[])
}

pub(crate) fn unknown() -> Vec<u8> {
    tlv(0x82, &[])
}

pub(crate) fn revoked(at: Timestamp, reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map_or_else(Vec::new, |code| tlv(0xa0, &tlv(10, &[code])));
    tlv(0xa1, &[generalized(at), reason].concat())
}

/// The CertID of a certificate.
pub(crate) fn cert_id(hash: Oid, issuer_name: &[u8], issuer_point: &[u8], serial: &[u8]) -> Vec<u8> {
    let digest = |bytes: &[u8]| {
        let algorithm = if hash == SHA1 {
            &digest::SHA1_FOR_LEGACY_USE_ONLY
        } else {
            &digest::SHA256
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    };
    sequence(&[
        sequence(&[oid(hash), vec![5, 0]]),
        octets(&digest(issuer_name)),
        octets(&digest(issuer_point)),
        integer(serial),
    ])
}

pub(crate) fn by_key(key: &Key) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.point());
    tlv(0xa2, &octets(hash.as_ref()))
}

pub(crate) fn by_name(name: &[u8]) -> Vec<u8> {
    tlv(0xa1, name)
}

pub(crate) fn nonce(bytes: &[u8]) -> Vec<u8> {
    extension(NONCE, false, &octets(bytes))
}

/// An answer before it is signed.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) version: Vec<u8>,
    pub(crate) responder: Vec<u8>,
    pub(crate) produced_at: Vec<u8>,
    pub(crate) singles: Vec<Single>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Answer {
    /// "Good", made now, for ten minutes.
    pub(crate) fn about(cert_id: Vec<u8>, responder: Vec<u8>, certificates: Vec<Vec<u8>>) -> Self {
        Self {
            version: Vec::new(),
            responder,
            produced_at: generalized(now()),
            singles: vec![Single {
                cert_id,
                status: good(),
                this_update: generalized(now()),
                next_update: Some(generalized(now().plus_seconds(600))),
                extensions: Vec::new(),
            }],
            extensions: Vec::new(),
            certificates,
        }
    }

    pub(crate) fn data(&self) -> Vec<u8> {
        let singles: Vec<Vec<u8>> = self
            .singles
            .iter()
            .map(|single| {
                sequence(&[
                    single.cert_id.clone(),
                    single.status.clone(),
                    single.this_update.clone(),
                    single
                        .next_update
                        .as_ref()
                        .map_or_else(Vec::new, |next| tlv(0xa0, next)),
                    extensions(&single.extensions),
                ])
            })
            .collect();
        sequence(&[
            self.version.clone(),
            self.responder.clone(),
            self.produced_at.clone(),
            sequence(&singles),
            extensions(&self.extensions),
        ])
    }

    pub(crate) fn sign(&self, key: &Key) -> Vec<u8> {
        let data = self.data();
        let signature = key.sign(&data);
        self.with_signature(&signature)
    }

    pub(crate) fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        self.enclose(self.data(), signature)
    }

    fn enclose(&self, data: Vec<u8>, signature: &[u8]) -> Vec<u8> {
        let certificates = if self.certificates.is_empty() {
            Vec::new()
        } else {
            tlv(0xa0, &sequence(&self.certificates))
        };
        whole(
            BASIC,
            &sequence(&[data, algorithm(), bits(signature), certificates]),
        )
    }
}

/// Any bytes in the place of ResponseData, properly signed.
pub(crate) fn signed_data(answer: &Answer, data: &[u8], key: &Key) -> Vec<u8> {
    answer.enclose(data.to_vec(), &key.sign(data))
}

/// OCSPResponse around a response of some type.
pub(crate) fn whole(kind: Oid, response: &[u8]) -> Vec<u8> {
    let bytes = sequence(&[oid(kind), octets(response)]);
    sequence(&[tlv(10, &[0]), tlv(0xa0, &bytes)])
}

fn extensions(all: &[Vec<u8>]) -> Vec<u8> {
    if all.is_empty() {
        Vec::new()
    } else {
        tlv(0xa1, &sequence(all))
    }
}

pub(crate) fn serial(number: u32) -> SerialNumber {
    SerialNumber::from_bytes(&number.to_be_bytes()).unwrap()
}
