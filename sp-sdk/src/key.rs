//! A key of the service: it proves who asks (`private_key_jwt`), to whom tokens belong (`DPoP`), and signs logout messages of SAML.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::{Entropy, Timestamp};
use jose::{Algorithm, Jwk, PublicKey, encode_base64url};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyFault {
    /// It is no P-256 key in PKCS#8.
    NotP256,
    /// A certificate cannot be read.
    NoCertificate,
    /// The provider did not sign or make a key.
    Provider,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotP256 => {
                "not a P-256 key in PKCS#8; make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
            }
            Self::NoCertificate => "its certificate cannot be read as PEM",
            Self::Provider => "the crypto provider refused",
        })
    }
}

impl std::error::Error for KeyFault {}

/// A P-256 key pair. Never printed.
pub struct ServiceKey {
    pair: EcdsaKeyPair,
    public: Jwk,
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKey({}, ***)", self.kid())
    }
}

impl ServiceKey {
    /// A key that lives as long as this process: good for `DPoP`.
    pub fn generate() -> Result<Self, KeyFault> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyFault::Provider)?;
        Self::of(pair)
    }

    /// From PKCS#8 in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, KeyFault> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyFault::NotP256)?;
        Self::from_pkcs8(der.secret_pkcs8_der())
    }

    /// From PKCS#8 in DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyFault> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| KeyFault::NotP256)?;
        Self::of(pair)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, KeyFault> {
        let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at_checked(32).ok_or(KeyFault::NotP256)?;
        let coordinate = |octets: &[u8]| <[u8; 32]>::try_from(octets).map_err(|_| KeyFault::NotP256);
        let key = PublicKey::P256 {
            x: coordinate(x)?,
            y: coordinate(y)?,
        };
        let kid = key.thumbprint();
        let public = Jwk::new(key, kid, Algorithm::Es256).map_err(|_| KeyFault::NotP256)?;
        Ok(Self { pair, public })
    }

    /// `kid`: the key's own thumbprint (RFC 7638), which is also its `jkt`.
    pub fn kid(&self) -> &str {
        self.public.kid().unwrap_or_default()
    }

    /// The public part as a JWK set, for the registration.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public.to_json()] })
    }

    #[cfg(test)]
    pub(crate) fn public_spki(&self) -> Vec<u8> {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// ECDSA over SHA-256, as `r || s`.
    pub fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), octets)
            .map_err(|_| KeyFault::Provider)?;
        Ok(signature.as_ref().to_vec())
    }

    /// A compact JWS named by this key's `kid`.
    pub(crate) fn jws(&self, typ: &str, claims: &Value) -> Result<String, KeyFault> {
        self.compact(&json!({"alg": "ES256", "kid": self.kid(), "typ": typ}), claims)
    }

    /// A client assertion for one platform (RFC 7523 section 3): a minute, once, for the issuer alone.
    pub(crate) fn client_assertion(
        &self,
        client_id: &str,
        issuer: &str,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<String, KeyFault> {
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": issuer, "jti": random_text(entropy),
            "iat": now.seconds(), "exp": now.plus_seconds(60).seconds(),
        });
        self.jws("JWT", &claims)
    }

    /// A proof of possession for one request (RFC 9449 section 4.2).
    pub fn dpop_proof(
        &self,
        (method, address): (&str, &str),
        access_token: Option<&str>,
        nonce: Option<&str>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<String, KeyFault> {
        let PublicKey::P256 { x, y } = self.public.key() else {
            return Err(KeyFault::NotP256);
        };
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {
            "kty": "EC", "crv": "P-256", "x": encode_base64url(x), "y": encode_base64url(y),
        }});
        let bare = address.split(['?', '#']).next().unwrap_or_default();
        let mut claims = json!({
            "jti": random_text(entropy), "htm": method, "htu": bare, "iat": now.seconds(),
        });
        if let Some(members) = claims.as_object_mut() {
            let hash = access_token.map(|token| encode_base64url(jose::digest::sha256(token.as_bytes())));
            members.extend(hash.map(|hash| ("ath".to_owned(), json!(hash))));
            members.extend(nonce.map(|nonce| ("nonce".to_owned(), json!(nonce))));
        }
        self.compact(&header, &claims)
    }

    fn compact(&self, header: &Value, claims: &Value) -> Result<String, KeyFault> {
        let part = |value: &Value| encode_base64url(value.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", encode_base64url(signature)))
    }
}

/// 256 bits as text: states, nonces, names of things that nobody may guess.
pub(crate) fn random_text(entropy: &dyn Entropy) -> String {
    encode_base64url(entropy.array::<32>())
}
