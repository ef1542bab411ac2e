//! What a source of identity brings, and how it travels from the certificate door to the front.

use domain::{
    AttemptId, AuthenticationMethod, CertificateDigest, RevocationGeneration, SealedPoints, SealedSerial,
    Timestamp, TokenHash, TransactionId,
};
use serde::{Deserialize, Serialize};

use crate::Refusal;

/// Which family of host names a try used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorFamily {
    /// TLS 1.3 (PSS, ECDSA and RFC 9963) and 1.2.
    Card,
    /// TLS 1.2 only, for software that negotiates 1.3 and then finds that its card signs PKCS#1 v1.5 alone.
    Card12,
}

impl DoorFamily {
    /// The label in host names and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Card12 => "card12",
        }
    }
}

/// One try at a source of evidence: at the certificate door, kept under its handle's hash and found by its label when something goes wrong.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Its name; also the fresh label of the host name, which outsiders can see.
    pub id: AttemptId,
    /// For which transaction.
    pub transaction: TransactionId,
    /// The browser that began.
    pub browser: TokenHash,
    /// Through which family of names; `None` is no try at the door but at a device ([`crate::device`]).
    pub family: Option<DoorFamily>,
    /// When the waiting page was asked for.
    pub started_at: Timestamp,
}

/// That a person proved possession of a good certificate, and which. Holds no serial in clear.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How.
    pub method: AuthenticationMethod,
    /// Which certificate.
    pub digest: CertificateDigest,
    /// The same under former versions of the digest key, newest first: how it may be on record.
    pub former_digests: Vec<CertificateDigest>,
    /// Its serial, sealed to the attempt.
    pub serial: SealedSerial,
    /// Which CA key signed it (hex SHA-256 of the SPKI).
    pub issuer_key_hash: String,
    /// When the certificate was issued (its validity began): a very young one J-LIS may not know yet.
    pub issued_at: Timestamp,
    /// When the certificate ends.
    pub not_after: Timestamp,
    /// When the handshake completed.
    pub authenticated_at: Timestamp,
    /// Revocation state at which the certificate was found good.
    pub generation: RevocationGeneration,
    /// Which lists speak about it, sealed to the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<SealedPoints>,
}

/// What the door found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorOutcome {
    /// Possession of a good certificate.
    Proven(Evidence),
    /// A refusal that the server could see.
    Refused(Refusal),
}

/// What hangs on a one-time ticket, stored under the hash of the ticket's secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The try that it answers.
    pub attempt: Attempt,
    /// What the door found.
    pub outcome: DoorOutcome,
    /// The chain of decisions as the door saw it, JSON text for the operator.
    pub trace: String,
    /// When the ticket dies (60 s after issue).
    pub expires_at: Timestamp,
}

/// Why a ticket is not redeemed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TicketRefusal {
    /// This browser did not begin the sign-in: a link was sent, or a ticket stolen.
    OtherBrowser,
    /// Too late.
    Expired,
}

/// Whether the browser that shows a ticket is the one that began, in time. Whether it is the first to show it is
/// decided by a unique insert in the Ledger.
pub fn redeemable(ticket: &Ticket, browser: Option<&TokenHash>, now: Timestamp) -> Result<(), TicketRefusal> {
    if browser != Some(&ticket.attempt.browser) {
        return Err(TicketRefusal::OtherBrowser);
    }
    if now >= ticket.expires_at {
        return Err(TicketRefusal::Expired);
    }
    Ok(())
}
