//! What the cryptography of a sign-in costs by itself: each operation that the server cannot do without, one by one, with the
//! provider and the functions that it uses, in processor time of one thread.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use aws_lc_rs::{hkdf, hmac};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use serde::Serialize;

use crate::Failure;
use crate::process::own_thread;

/// One measurement of an operation.
const BATCH: Duration = Duration::from_millis(200);
/// Its figure is the median of so many.
const BATCHES: usize = 5;
/// As long as what `CertificateVerify` and certificates are signed over, about.
const MESSAGE: &[u8] = &[0x20; 1024];

/// A cryptographic operation that the server cannot do without.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// `CertificateVerify` of the server, and an ES256 token.
    EcdsaSign,
    /// A client assertion, a proof of possession, an access token of ours, another server's certificate.
    EcdsaVerify,
    /// The server's half of X25519MLKEM768, what today's browsers ask for first.
    KeyExchange,
    /// The client's half, towards a service's server.
    ClientKeyExchange,
    /// Everything that RFC 8446 section 7.1 derives in one handshake.
    KeySchedule,
    /// A certificate by its authority, `CertificateVerify` of a card, a signed SAML request.
    RsaVerify,
    /// A SAML assertion or response.
    RsaSign,
    /// RSA-OAEP of an assertion's key.
    RsaEncrypt,
}

impl Part {
    pub(crate) const ALL: [Self; 8] = [
        Self::EcdsaSign,
        Self::EcdsaVerify,
        Self::KeyExchange,
        Self::ClientKeyExchange,
        Self::KeySchedule,
        Self::RsaVerify,
        Self::RsaSign,
        Self::RsaEncrypt,
    ];

    /// In the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EcdsaSign => "ECDSA P-256 signature",
            Self::EcdsaVerify => "ECDSA P-256 verification",
            Self::KeyExchange => "X25519MLKEM768, server's half",
            Self::ClientKeyExchange => "X25519MLKEM768, client's half",
            Self::KeySchedule => "key schedule (RFC 8446 section 7.1)",
            Self::RsaVerify => "RSA-2048 verification",
            Self::RsaSign => "RSA-2048 signature",
            Self::RsaEncrypt => "RSA-2048 OAEP encryption",
        }
    }
}

/// How often each part is done in one operation.
pub(crate) type Work = Vec<(Part, u32)>;

/// Handshakes as server, with that much beside them.
pub(crate) fn work(handshakes: u32, more: &[(Part, u32)]) -> Work {
    let mut work = vec![
        (Part::EcdsaSign, handshakes),
        (Part::KeyExchange, handshakes),
        (Part::KeySchedule, handshakes),
    ];
    for (part, times) in more {
        match work.iter_mut().find(|(known, _)| known == part) {
            Some((_, sum)) => *sum += times,
            None => work.push((*part, *times)),
        }
    }
    work
}

/// Microseconds of each part.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor(BTreeMap<Part, f64>);

impl Floor {
    /// Measures.
    pub(crate) fn measure() -> Result<Self, Failure> {
        let bench = Bench::new()?;
        let mut parts = BTreeMap::new();
        for part in Part::ALL {
            parts.insert(part, micros(|| bench.perform(part))?);
        }
        Ok(Self(parts))
    }

    /// Microseconds of one part.
    pub(crate) fn micros(&self, part: Part) -> f64 {
        self.0.get(&part).copied().unwrap_or(f64::NAN)
    }

    /// Milliseconds of all that one operation cannot do without.
    pub(crate) fn millis(&self, work: &[(Part, u32)]) -> f64 {
        let each = work
            .iter()
            .map(|(part, times)| f64::from(*times) * self.micros(*part));
        each.sum::<f64>() / 1000.0
    }
}

/// Keys and texts to do it with.
struct Bench {
    chance: SystemRandom,
    ecdsa: EcdsaKeyPair,
    ecdsa_signature: Vec<u8>,
    rsa: RsaKeyPair,
    rsa_public: Vec<u8>,
    rsa_spki: Vec<u8>,
    rsa_signature: Vec<u8>,
    share: Vec<u8>,
    answer: Vec<u8>,
}

impl Bench {
    fn new() -> Result<Self, Failure> {
        let chance = SystemRandom::new();
        let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let mut rsa_signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &chance, MESSAGE, &mut rsa_signature)?;
        let share = X25519MLKEM768.start()?.pub_key().to_vec();
        let answer = X25519MLKEM768.start_and_complete(&share)?.pub_key;
        Ok(Self {
            ecdsa_signature: ecdsa.sign(&chance, MESSAGE)?.as_ref().to_vec(),
            rsa_public: rsa.public_key().as_ref().to_vec(),
            rsa_spki: AsDer::<PublicKeyX509Der<'_>>::as_der(rsa.public_key())?
                .as_ref()
                .to_vec(),
            share,
            answer,
            chance,
            ecdsa,
            rsa,
            rsa_signature,
        })
    }

    fn perform(&self, part: Part) -> Result<(), Failure> {
        match part {
            Part::EcdsaSign => drop(black_box(self.ecdsa.sign(&self.chance, MESSAGE)?)),
            Part::EcdsaVerify => {
                let public = self.ecdsa.public_key().as_ref();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
                key.verify(black_box(MESSAGE), &self.ecdsa_signature)?;
            }
            Part::KeyExchange => drop(black_box(X25519MLKEM768.start_and_complete(&self.share)?)),
            Part::ClientKeyExchange => {
                let begun = X25519MLKEM768.start()?;
                // Complete against a share of the right shape; decapsulation of foreign bytes costs the same (implicit rejection).
                drop(black_box(begun.complete(&self.answer)?));
            }
            Part::KeySchedule => key_schedule()?,
            Part::RsaVerify => {
                // Parsed each time: every card has another key.
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.rsa_public);
                key.verify(black_box(MESSAGE), &self.rsa_signature)?;
            }
            Part::RsaSign => {
                let mut room = vec![0; self.rsa_signature.len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &self.chance, MESSAGE, black_box(&mut room))?;
            }
            Part::RsaEncrypt => {
                let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&self.rsa_spki)?)?;
                let mut room = vec![0; key.ciphertext_size()];
                key.encrypt(&OAEP_SHA256_MGF1SHA256, &[0x20; 32], &mut room, None)?;
                black_box(room);
            }
        }
        Ok(())
    }
}

/// Processor time of one call.
fn micros(mut operation: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let (before, begun) = (own_thread()?, Instant::now());
        let mut calls = 0_u32;
        while begun.elapsed() < BATCH {
            for _ in 0..16 {
                operation()?;
            }
            calls += 16;
        }
        batches.push((own_thread()?.saturating_sub(before)).as_secs_f64() * 1e6 / f64::from(calls));
    }
    batches.sort_by(f64::total_cmp);
    batches
        .get(BATCHES / 2)
        .copied()
        .ok_or_else(|| "nothing measured".into())
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// RFC 8446 section 7.1 with SHA-256, as a server without resumption runs through it: three extractions, the traffic, exporter and
/// resumption secrets, key and IV of four directions, both `Finished`.
fn key_schedule() -> Result<(), Failure> {
    const ZERO: [u8; 32] = [0; 32];
    const TRANSCRIPT: [u8; 32] = [7; 32];
    let salt = |bytes: &[u8]| hkdf::Salt::new(hkdf::HKDF_SHA256, bytes);
    let early = salt(&ZERO).extract(&ZERO);
    let handshake = salt(&expand(&early, b"derived", 32)?).extract(&TRANSCRIPT);
    let client = expand(&handshake, b"c hs traffic", 32)?;
    let server = expand(&handshake, b"s hs traffic", 32)?;
    let master = salt(&expand(&handshake, b"derived", 32)?).extract(&ZERO);
    let mut directions = vec![client.clone(), server.clone()];
    for label in [&b"c ap traffic"[..], b"s ap traffic"] {
        directions.push(expand(&master, label, 32)?);
    }
    for label in [&b"exp master"[..], b"res master"] {
        black_box(expand(&master, label, 32)?);
    }
    for direction in directions {
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &direction);
        black_box(expand(&secret, b"key", 16)?);
        black_box(expand(&secret, b"iv", 12)?);
    }
    for side in [client, server] {
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &side);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &expand(&secret, b"finished", 32)?);
        black_box(hmac::sign(&key, &TRANSCRIPT));
    }
    Ok(())
}

/// `HKDF-Expand-Label` over a transcript hash.
fn expand(secret: &hkdf::Prk, label: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0; length];
    secret
        .expand(
            &[&[0, 32], b"\x12tls13 ", label, b"\x20", &[7; 32]],
            Length(length),
        )?
        .fill(&mut out)?;
    Ok(out)
}
