//! TLS server certificates for the demo and for tests: one small certification authority of its own, ECDSA P-256.
//! It has nothing to do with the simulated JPKI; a browser or client must be told to trust it.

use domain::Timestamp;

use crate::SimError;
use crate::asn1;
use crate::certificate::{
    self, CRL_SIGN, DIGITAL_SIGNATURE, KEY_CERT_SIGN, Unsigned, extended_key_usage, extension, key_usage,
    oids, pem, subject_key_identifier,
};
use crate::keys::{KeyAlgorithm, KeyCache, PrivateKey, Seed};

/// The host names of the demo: the front and the two families of the certificate door.
pub const DEMO_NAMES: [&str; 3] = ["idp.localhost", "*.card.idp.localhost", "*.card12.idp.localhost"];

const YEAR_SECONDS: i64 = 365 * 86_400;

/// A certification authority of TLS servers.
#[derive(Clone, Debug)]
pub struct ServerAuthority {
    seed: Seed,
    key: PrivateKey,
    name: Vec<u8>,
    certificate: Vec<u8>,
    now: Timestamp,
}

/// A server's certificate and key.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// DER.
    pub certificate: Vec<u8>,
    /// DER of the authority that issued it.
    pub issuer: Vec<u8>,
    /// The server's key.
    pub key: PrivateKey,
}

impl ServerAuthority {
    /// Valid from a day before `now` for five years.
    pub fn generate(seed: &Seed, now: Timestamp) -> Result<Self, SimError> {
        let key = server_key(seed, "server authority")?;
        let name = certificate::name(&[
            (oids::COUNTRY, "JP"),
            (oids::ORGANIZATION, "SIMULATION"),
            (oids::COMMON_NAME, "Simulated TLS server CA"),
        ]);
        let identifier = key.key_identifier();
        let certificate = Unsigned {
            serial: vec![1],
            issuer: &name,
            subject: &name,
            not_before: now.plus_seconds(-86_400),
            not_after: now.plus_seconds(5 * YEAR_SECONDS),
            spki: &key.spki(),
            extensions: vec![
                certificate::authority_constraints(),
                key_usage(KEY_CERT_SIGN | CRL_SIGN),
                subject_key_identifier(&identifier),
            ],
        }
        .sign(&key)?;
        Ok(Self {
            seed: *seed,
            key,
            name,
            certificate,
            now,
        })
    }

    /// DER of the authority's own certificate: what clients must trust.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// PEM of the authority's own certificate.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A certificate for DNS names (wildcards included), valid from a day before the authority's `now` for a year.
    pub fn issue(&self, names: &[&str]) -> Result<ServerCertificate, SimError> {
        let Some(first) = names.first() else {
            return Err(SimError::Request("a server certificate needs a name".into()));
        };
        let all = names.join(" ");
        let key = server_key(&self.seed, &format!("server {all}"))?;
        let subject = certificate::name(&[(oids::COMMON_NAME, first)]);
        let alternatives: Vec<Vec<u8>> = names
            .iter()
            .map(|name| match name.parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(address)) => asn1::context_primitive(7, &address.octets()),
                Ok(std::net::IpAddr::V6(address)) => asn1::context_primitive(7, &address.octets()),
                Err(_) => asn1::context_primitive(2, name.as_bytes()),
            })
            .collect();
        let authority_identifier = asn1::sequence(&[asn1::context_primitive(0, &self.key.key_identifier())]);
        let serial = crate::keys::sha256(format!("{all} {}", self.now.millis()).as_bytes());
        let certificate = Unsigned {
            serial: serial.iter().copied().take(12).collect(),
            issuer: &self.name,
            subject: &subject,
            not_before: self.now.plus_seconds(-86_400),
            not_after: self.now.plus_seconds(YEAR_SECONDS),
            spki: &key.spki(),
            extensions: vec![
                key_usage(DIGITAL_SIGNATURE),
                extended_key_usage(oids::SERVER_AUTH),
                extension(oids::SUBJECT_ALT_NAME, false, &asn1::sequence(&alternatives)),
                extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &authority_identifier),
                subject_key_identifier(&key.key_identifier()),
            ],
        }
        .sign(&self.key)?;
        Ok(ServerCertificate {
            certificate,
            issuer: self.certificate.clone(),
            key,
        })
    }
}

impl ServerCertificate {
    /// PEM of the certificate followed by its authority's.
    pub fn chain_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate) + &pem("CERTIFICATE", &self.issuer)
    }

    /// PEM of the PKCS#8 key.
    pub fn key_pem(&self) -> Result<String, SimError> {
        Ok(pem("PRIVATE KEY", &self.key.pkcs8()?))
    }
}

/// EC keys need no search, so the cache's folder is never touched.
fn server_key(seed: &Seed, label: &str) -> Result<PrivateKey, SimError> {
    KeyCache::new("").key(seed, label, KeyAlgorithm::P256)
}
