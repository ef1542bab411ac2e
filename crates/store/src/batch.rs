//! One change of the Ledger: preconditions, writes and audit events that stand or fall together.

use audit::Event;
use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, Closing, Consent, Credential, CredentialId, GrantId,
    Pseudonym, RevocationGeneration, SealedSerial, Service, ServiceId, Session, SessionId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Record, RecordKind};

/// What must hold when the batch commits; otherwise nothing of it takes effect. Checked against what was there before
/// the batch, in the given order, before any write.
///
/// Not `non_exhaustive`: a backend that does not know a precondition must not compile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Precondition {
    /// The account exists and is active.
    AccountActive(AccountId),
    /// The credential exists and is active.
    CredentialActive(CredentialId),
    /// The session is active and its row version is this one.
    SessionAt {
        /// Which session.
        id: SessionId,
        /// The version that was read.
        version: u64,
    },
    /// The service is active and its row version is this one.
    ServiceAt {
        /// Which service.
        id: ServiceId,
        /// The version that was read.
        version: u64,
    },
    /// The grant exists and was not withdrawn.
    GrantLive(GrantId),
    /// The record's version is this one.
    RecordAt {
        /// Which register.
        kind: RecordKind,
        /// Which record.
        key: String,
        /// The version that was read.
        version: u64,
    },
    /// There is no such record.
    RecordAbsent {
        /// Which register.
        kind: RecordKind,
        /// Which record.
        key: String,
    },
}

impl Precondition {
    /// That a record still is as it was read, or still is not there.
    pub fn as_read(kind: RecordKind, key: &str, read: Option<&Record>) -> Self {
        let key = key.to_owned();
        match read {
            Some(record) => Self::RecordAt {
                kind,
                key,
                version: record.version,
            },
            None => Self::RecordAbsent { kind, key },
        }
    }

    /// Whether it is about a record of this register.
    pub fn is_about(&self, register: RecordKind) -> bool {
        matches!(self, Self::RecordAt { kind, .. } | Self::RecordAbsent { kind, .. } if *kind == register)
    }
}

/// What a single-use key is used for. The spelling is the one in the database.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SingleUseKind {
    /// An authorization code was redeemed.
    AuthorizationCode,
    /// A door ticket was redeemed.
    Ticket,
    /// A transaction was answered with an assertion or a code.
    Transaction,
    /// A SAML request id of one service was answered (`service id` + `:` + `ID`).
    SamlRequest,
    /// A SAML artifact was resolved, by the digest of its handle.
    SamlArtifact,
    /// A `jti` of a client assertion (`service id` + `:` + `jti`).
    ClientAssertion,
    /// The nonce of a challenge to a card in a device was signed.
    DeviceChallenge,
    /// A consent document of 利用登録 was used, by its number.
    EnrolmentDocument,
    /// A pushed authorization request was answered with a code (the hash of its `request_uri`).
    PushedRequest,
    /// A `jti` of a request object (`service id` + `:` + hash).
    RequestObject,
    /// A person's consent towards a verifier was registered, or withdrawn before it was (its identifier + `:` + the signer's tag).
    VerifierConsent,
    /// A `DPoP` proof was shown with a token that is bound to its key, or got one (hash over key and `jti`).
    DpopProof,
    /// A person who had left began anew, by the closed account: once, whatever number of cards and browsers does it at once.
    NewBeginning,
    /// A person answered what a device had asked (RFC 8628): picked a number, or said no. By the hash of the device code.
    DeviceAnswer,
    /// A device code was exchanged for tokens, by its hash.
    DeviceCode,
}

impl SingleUseKind {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Ticket => "ticket",
            Self::Transaction => "transaction",
            Self::SamlRequest => "saml_request",
            Self::SamlArtifact => "saml_artifact",
            Self::ClientAssertion => "client_assertion",
            Self::EnrolmentDocument => "enrolment_document",
            Self::VerifierConsent => "verifier_consent",
            Self::DeviceChallenge => "device_challenge",
            Self::PushedRequest => "pushed_request",
            Self::RequestObject => "request_object",
            Self::DpopProof => "dpop_proof",
            Self::NewBeginning => "new_beginning",
            Self::DeviceAnswer => "device_answer",
            Self::DeviceCode => "device_code",
        }
    }
}

/// One row written. Whatever a row names (its account, its session, …) must exist: [`Conflict::Missing`] otherwise.
///
/// Not `non_exhaustive`: a backend that does not know a write must not compile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Write {
    /// A new account.
    InsertAccount(Account),
    /// `active → closed`; an account that it was merged into must exist. Closing a closed account changes nothing and is no
    /// conflict (require [`Precondition::AccountActive`] to be the one who did).
    CloseAccount {
        /// Which account.
        id: AccountId,
        /// When and why.
        closing: Closing,
    },
    /// A new credential; its digest is unique over the platform.
    InsertCredential(Credential),
    /// `active → superseded`; again is no conflict (require [`Precondition::CredentialActive`] to be the one who did).
    SupersedeCredential(CredentialId),
    /// The credential is another account's from now on, whatever its state, and its serial sealed to that one.
    MoveCredential {
        /// Which credential.
        id: CredentialId,
        /// Whose from now on; must exist.
        to: AccountId,
        /// The serial, sealed to that account.
        serial: SealedSerial,
    },
    /// Every pseudonym of one account in a sector where the other has none becomes the other's, to the value. Where both have one,
    /// each keeps its own: no value is ever dropped, and none has two owners. Both accounts must exist.
    InheritPseudonyms {
        /// Whose they are.
        from: AccountId,
        /// Whose they become.
        to: AccountId,
    },
    /// The first pseudonym of (account, sector); both that pair and (sector, value) are unique.
    InsertPseudonym(Pseudonym),
    /// A new session; its secret's hash is unique.
    InsertSession(Session),
    /// `active → ended`; raises the version. Ending an ended session changes nothing and is no conflict.
    EndSession {
        /// Which session.
        id: SessionId,
        /// When.
        at: Timestamp,
    },
    /// The active session's certificate was found good at this generation; raises the version. A session that ended is
    /// as good as missing.
    RecheckSession {
        /// Which session.
        id: SessionId,
        /// At which generation.
        generation: RevocationGeneration,
    },
    /// Consent to (account, service), in place of an earlier one.
    PutConsent(Consent),
    /// A new service with version 1; (protocol, identifier) is unique among services that are not removed.
    InsertService(Service),
    /// The record in place of the one whose version is one lower; a different stored version is a conflict.
    UpdateService(Service),
    /// A new grant; the code's hash is unique.
    InsertGrant(AuthorizationGrant),
    /// Withdraws a grant and so everything issued from it; again is no conflict, and the first time stays.
    RevokeGrant {
        /// Which grant.
        id: GrantId,
        /// When.
        at: Timestamp,
    },
    /// A new access token; its hash is unique.
    InsertAccessToken(AccessToken),
    /// Decides "first": a second insert of the same (kind, key) is a conflict until it expires and is purged.
    InsertSingleUse {
        /// What for.
        kind: SingleUseKind,
        /// Hash or composed key; never a secret in clear.
        key: String,
        /// When the row may be purged: after everything that was issued on it is dead.
        expires_at: Timestamp,
    },
    /// A small durable value of the platform itself (`revocation_generation`).
    PutState {
        /// Dotted name.
        key: String,
        /// Value.
        value: String,
    },
    /// The same of a number that only rises: a lower or equal one changes nothing, and is no conflict.
    RaiseState {
        /// Dotted name, of numbers alone.
        key: String,
        /// At least this from now on.
        value: u64,
    },
    /// A record: version 1 is a new one, any other takes the place of the version before it.
    PutRecord(Record),
    /// Removes a record; one that is not there is no conflict.
    RemoveRecord {
        /// Which register.
        kind: RecordKind,
        /// Which record.
        key: String,
    },
    /// Removes single-use rows, tokens, grants and records that expired, and sessions that ended or expired, before the given time.
    /// A grant stays while a token that descends from it does, or its refresh tokens' record: a code that comes again must still
    /// find what to withdraw.
    Purge {
        /// Rows whose life ended before this time go.
        before: Timestamp,
    },
}

/// Which part of a batch lost. The first one found, in the order preconditions, writes, events; within one write, what it
/// names must exist, then the named uniqueness, then its own identifier.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Conflict {
    /// A precondition did not hold.
    Precondition(Precondition),
    /// The certificate is already bound to an account.
    CredentialExists,
    /// (account, sector) or (sector, value) already has a pseudonym.
    PseudonymExists,
    /// The key was used before.
    AlreadyUsed(SingleUseKind),
    /// (protocol, identifier) is already registered.
    ServiceExists,
    /// The service was changed by somebody else.
    ServiceVersion(ServiceId),
    /// The record was made, changed or removed by somebody else.
    RecordVersion {
        /// Which register.
        kind: RecordKind,
        /// Which record.
        key: String,
    },
    /// Any other row with the same key exists (identifiers are random: an application error or an attack on entropy).
    Duplicate(&'static str),
    /// A row that the write names does not exist.
    Missing(&'static str),
}

/// How a commit ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CommitOutcome {
    /// Durable.
    Committed,
    /// Nothing took effect.
    Conflict(Conflict),
}

/// One change of the Ledger.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    /// What must hold.
    pub preconditions: Vec<Precondition>,
    /// What is written, in this order.
    pub writes: Vec<Write>,
    /// What the audit log keeps of it.
    pub events: Vec<Event>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a precondition.
    #[must_use]
    pub fn require(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Adds an audit event.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}
