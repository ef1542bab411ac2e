//! The files of a simulation: what each holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SimError;
use crate::authority::{CaKind, Hierarchy};
use crate::card::{Card, CardSigning, SecretKind};
use crate::crl::RevocationReason;
use crate::fault::Fault;
use crate::keys::{KeyAlgorithm, PrivateKey};
use crate::person::Medium;
use crate::profile::Municipality;

/// Bytes as base64 text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// `simulation.json`: counters and the seed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counters {
    /// The text of the seed.
    pub seed: String,
    /// Cards made so far.
    pub cards: u64,
    /// The next serial number of the 利用者証明用 authority, across its generations.
    pub next_authentication_serial: u64,
    /// The next serial number of the 署名用 authority.
    pub next_signature_serial: u64,
    /// The last cRLNumber given out.
    pub crl_number: u64,
    /// Persons so far.
    #[serde(default)]
    pub persons: u64,
    /// Grows with every change, so that another process learns that it must read again.
    #[serde(default)]
    pub revision: u64,
}

/// `cards/<id>.json`: one card with everything about it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CardRecord {
    /// `card-1`, `sign-2`, `phone-3`, `phone-sign-4`, …
    pub id: String,
    /// Whose it is; none in folders of older versions.
    #[serde(default)]
    pub person: Option<String>,
    /// What it lives in.
    #[serde(default)]
    pub medium: Medium,
    /// Which authority issued the certificate.
    pub ca_kind: CaKind,
    /// Under which roof.
    pub hierarchy: Hierarchy,
    /// Which key generation signed it.
    pub generation: u8,
    /// Hexadecimal SHA-256 of that key's SPKI.
    pub issuer_key_hash: String,
    /// Serial number.
    pub serial: u64,
    /// The CN.
    pub common_name: String,
    /// Which kind of key.
    pub algorithm: KeyAlgorithm,
    /// How its middleware signs.
    pub signing: CardSigning,
    /// What guards the key.
    #[serde(default)]
    pub secret_kind: SecretKind,
    /// The PIN or the password.
    pub pin: String,
    /// Wrong ones until the lock.
    pub tries_left: u8,
    /// Where it was issued.
    pub municipality: Municipality,
    /// Month and day of the holder's birthday.
    pub birthday: (u8, u8),
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// DER.
    pub certificate: Base64,
    /// DER of the issuer's certificate.
    pub issuer: Base64,
    /// PKCS#8.
    pub key: Base64,
    /// The certificate that this one replaced.
    pub predecessor: Option<String>,
}

impl CardRecord {
    /// The card itself.
    pub fn card(&self) -> Result<Card, SimError> {
        let key = PrivateKey::from_pkcs8(self.algorithm, &self.key.0)?;
        let mut card = Card::new(
            self.certificate.0.clone(),
            self.issuer.0.clone(),
            self.algorithm,
            key,
            self.signing,
            "0000",
        )?
        .guarded_by(self.secret_kind, &self.pin)?;
        card.set_tries_left(self.tries_left);
        Ok(card)
    }

    /// The certificate as J-LIS would name it.
    pub fn name(&self) -> CertificateName {
        CertificateName {
            ca_kind: self.ca_kind,
            issuer_key_hash: self.issuer_key_hash.clone(),
            serial: serial_hex(self.serial),
        }
    }
}

/// Lower-case hexadecimal without leading zero bytes.
pub(crate) fn serial_hex(serial: u64) -> String {
    let text = format!("{serial:x}");
    if text.len() % 2 == 0 {
        text
    } else {
        format!("0{text}")
    }
}

/// How a certificate is named to the simulated J-LIS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateName {
    /// Which authority.
    pub ca_kind: CaKind,
    /// Hexadecimal SHA-256 of the issuing key's SPKI.
    pub issuer_key_hash: String,
    /// Lower-case hexadecimal, whole bytes, no leading zero byte.
    pub serial: String,
}

/// An element of `revocations.json`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Revocation {
    /// Which authority's list.
    pub ca_kind: CaKind,
    /// Under which roof.
    pub hierarchy: Hierarchy,
    /// Serial number.
    pub serial: u64,
    /// Why.
    pub reason: RevocationReason,
    /// When.
    pub at: Timestamp,
    /// After this, the entry drops out of the list (公的個人認証法施行令 Articles 3 to 6: revocation is told until the certificate's expiry).
    pub certificate_ends: Timestamp,
}

/// An element of `links.json`: 新旧紐付け.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Link {
    /// The certificate after renewal.
    pub new: CertificateName,
    /// The certificate before.
    pub old: CertificateName,
}
