//! What the cryptography of a sign-in costs by itself: each operation that the server cannot do without, one by one, with the
//! provider and the functions that it uses, in processor time of one thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair, UnparsedPublicKey,
};
use aws_lc_rs::{hkdf, hmac};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use serde::Serialize;

use crate::Failure;
use crate::process::own_thread;
use crate::walk::{Handshakes, Protocol};

/// One measurement of an operation.
const BATCH: Duration = Duration::from_millis(200);
/// Its figure is the median of so many.
const BATCHES: usize = 5;
/// As long as what `CertificateVerify` and certificates are signed over, about.
const MESSAGE: &[u8] = &[0x20; 1024];

/// Microseconds of each operation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// `CertificateVerify` of the server, and an ES256 token.
    pub(crate) ecdsa_p256_sign: f64,
    /// The server's half of X25519MLKEM768, what today's browsers ask for first.
    pub(crate) key_exchange: f64,
    /// Everything that RFC 8446 section 7.1 derives in one handshake.
    pub(crate) key_schedule: f64,
    /// A certificate by its authority, or `CertificateVerify` of a card.
    pub(crate) rsa_2048_verify: f64,
    /// A SAML assertion.
    pub(crate) rsa_2048_sign: f64,
}

impl Floor {
    /// Measures.
    pub(crate) fn measure() -> Result<Self, Failure> {
        let chance = SystemRandom::new();
        let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &chance, MESSAGE, &mut signature)?;
        let public = rsa.public_key().as_ref().to_vec();
        let share = X25519MLKEM768.start()?.pub_key().to_vec();
        let mut room = signature.clone();
        Ok(Self {
            ecdsa_p256_sign: micros(|| {
                black_box(ecdsa.sign(&chance, MESSAGE)?);
                Ok(())
            })?,
            key_exchange: micros(|| {
                black_box(X25519MLKEM768.start_and_complete(&share)?);
                Ok(())
            })?,
            key_schedule: micros(key_schedule)?,
            rsa_2048_verify: micros(|| {
                // Parsed each time: every card has another key.
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
                Ok(key.verify(black_box(MESSAGE), &signature)?)
            })?,
            rsa_2048_sign: micros(|| {
                Ok(rsa.sign(&RSA_PKCS1_SHA256, &chance, MESSAGE, black_box(&mut room))?)
            })?,
        })
    }

    /// Every operation of one sign-in: what, how often, microseconds each.
    pub(crate) fn of(&self, protocol: Protocol, made: Handshakes) -> [(&'static str, u32, f64); 5] {
        let handshakes = made.front + made.door + made.service;
        [
            (
                "ECDSA P-256 signature of a handshake",
                handshakes,
                self.ecdsa_p256_sign,
            ),
            ("X25519MLKEM768, server's half", handshakes, self.key_exchange),
            ("key schedule", handshakes, self.key_schedule),
            (
                "RSA-2048 verification (certificate, CertificateVerify)",
                2,
                self.rsa_2048_verify,
            ),
            match protocol {
                Protocol::Oidc => ("ECDSA P-256 signature of the ID token", 1, self.ecdsa_p256_sign),
                Protocol::Saml => ("RSA-2048 signature of the assertion", 1, self.rsa_2048_sign),
            },
        ]
    }

    /// Their sum in milliseconds.
    pub(crate) fn millis(&self, protocol: Protocol, made: Handshakes) -> f64 {
        let operations = self.of(protocol, made);
        operations
            .iter()
            .map(|(_, times, micros)| f64::from(*times) * micros)
            .sum::<f64>()
            / 1000.0
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
