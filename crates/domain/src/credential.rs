//! Credentials: the certificates by which an account signs in, known by digest only.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, Timestamp};

/// What carries the key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// 利用者証明用電子証明書 on the plastic My Number Card.
    UserAuthenticationCard,
    /// 移動端末設備用利用者証明用電子証明書, in a phone: another certificate of the same person, with its own number and its
    /// own revocation (公的個人認証法 Article 52(2)).
    UserAuthenticationPhone,
}

/// Keyed digest over (CA kind, issuer key hash, serial): finds a certificate without keeping its serial.
///
/// The key lives outside the database; `key_version` tells which key, for rotation.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct CertificateDigest {
    /// Which digest key made it.
    pub key_version: u32,
    /// HMAC-SHA-256 in lower-case hexadecimal (64 characters).
    pub value: String,
}

/// A serial number sealed with AES-256-GCM under a key outside the database, with its owner as associated data.
///
/// Opened only for status and predecessor questions; each opening is audited. `Debug` shows nothing of it.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct SealedSerial {
    /// Which sealing key made it.
    pub key_version: u32,
    /// 12 bytes of nonce, the ciphertext, 16 bytes of tag; base64url without padding.
    pub sealed: String,
}

impl fmt::Debug for SealedSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SealedSerial {{ key_version: {}, sealed: *** }}",
            self.key_version
        )
    }
}

/// Where a credential stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// May sign in, while the certificate itself holds.
    Active,
    /// A newer certificate of the same person took its place.
    Superseded,
}

impl CredentialState {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
        }
    }
}

/// One certificate bound to one account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Credential {
    /// Its own identifier.
    pub id: CredentialId,
    /// Whose.
    pub account: AccountId,
    /// What carries the key.
    pub kind: CardKind,
    /// Unique over the platform.
    pub digest: CertificateDigest,
    /// The serial, for status questions.
    pub serial: SealedSerial,
    /// Hex SHA-256 of the issuing CA's public key (SPKI): which generation signed.
    pub issuer_key_hash: String,
    /// Where it stands.
    pub state: CredentialState,
    /// End of the certificate's validity.
    pub not_after: Timestamp,
    /// First seen.
    pub created_at: Timestamp,
}

/// Why a certificate was revoked: the reason codes that the JPKI uses (RFC 5280 section 5.3.1). `certificateHold` is
/// never lifted there (一時保留の解除は行わない), so it is as final as the others.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Destroyed before delivery, or no reason given.
    Unspecified,
    /// The holder's key is compromised.
    KeyCompromise,
    /// The CA's key is compromised.
    CaCompromise,
    /// The certificate's contents changed; death or move abroad.
    AffiliationChanged,
    /// Renewed.
    Superseded,
    /// No longer needed, or at the holder's request.
    CessationOfOperation,
    /// Suspended because the key's safety is in doubt; final.
    CertificateHold,
    /// Any other code.
    Other,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::Other,
    ];

    /// The spelling in the audit and in page codes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key_compromise",
            Self::CaCompromise => "ca_compromise",
            Self::AffiliationChanged => "affiliation_changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation_of_operation",
            Self::CertificateHold => "certificate_hold",
            Self::Other => "other",
        }
    }

    /// From the code of RFC 5280 section 5.3.1.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            _ => Self::Other,
        }
    }
}
