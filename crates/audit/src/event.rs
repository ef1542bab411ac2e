//! The event vocabulary.

use std::collections::BTreeMap;

use domain::{AccountId, Reference, ServiceId, SessionId, Timestamp, TransactionId};
use serde::{Deserialize, Serialize};

/// What was done or tried. The spelling is the one in the database and in exports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// An account was made for a certificate without predecessor.
    AccountCreated,
    /// Two accounts turned out to be one person's: one was merged into the other (`account` is the one that carries on).
    AccountsMerged,
    /// An account was closed, by its person's wish or by an operator.
    AccountClosed,
    /// A new certificate of a known person was bound to the account (linked by J-LIS, or by a decision).
    CredentialLinked,
    /// Whose a certificate is could not be told: the question waits for a person.
    IdentityUndecided,
    /// An operator proposed a decision; another one has to confirm it.
    IdentityProposed,
    /// An operator did not confirm what another one proposed: the question is open again.
    IdentityProposalDeclined,
    /// A person decided whose a certificate is, or whether two accounts are one person's.
    IdentityDecided,
    /// What a person demands of every sign-in of theirs was set or taken away.
    AssuranceFloorChanged,
    /// A person registered with the signing certificate (利用登録).
    Enrolled,
    /// An attempt to register was refused.
    EnrolmentRefused,
    /// An enrolment was withdrawn by the person, or became stale because the signing certificate was revoked.
    EnrolmentEnded,
    /// Sealed 基本4情報 were opened for a service that the person agreed to, or for the person.
    ItemsOpened,
    /// A person signed in: possession proven, certificate good, session begun.
    SignIn,
    /// A person agreed to release attributes to a service.
    ConsentGiven,
    /// A person declined to release attributes to a service.
    ConsentDeclined,
    /// A SAML assertion was issued.
    AssertionIssued,
    /// An authorization code was issued.
    CodeIssued,
    /// A person picked a number for a device that asks (RFC 8628): the device's, or a wrong one.
    DeviceNumberPicked,
    /// A person let a device have tokens (RFC 8628).
    DeviceAuthorized,
    /// A code was redeemed: access token and ID token issued.
    TokenIssued,
    /// A code came a second time; everything issued from it was withdrawn.
    CodeReplayed,
    /// A refresh token was exchanged: access token and ID token issued, the next refresh token with them.
    TokenRefreshed,
    /// A refresh token came a second time; its family and everything issued on the grant was withdrawn.
    RefreshTokenReused,
    /// A client gave a token back; everything issued on the grant was withdrawn.
    TokenRevoked,
    /// A session was ended (by whom: the actor).
    SessionEnded,
    /// A session's certificate was checked again after the revocation data changed.
    SessionRechecked,
    /// A sealed serial was opened for a status or predecessor question.
    SerialOpened,
    /// A service was registered.
    ServiceAdded,
    /// A service's record was changed.
    ServiceChanged,
    /// A service was suspended.
    ServiceSuspended,
    /// A suspended service was resumed.
    ServiceResumed,
    /// A service was removed.
    ServiceRemoved,
    /// An operator allowed clients to register themselves.
    InitialAccessTokenMade,
    /// An operator ended such a permission.
    InitialAccessTokenEnded,
    /// A client that registered itself was given a new token for its registration by an operator.
    RegistrationTokenRenewed,
    /// A metadata source's document was accepted, and its entities taken in.
    MetadataAccepted,
    /// A metadata source's document was refused; what was accepted before stays.
    MetadataRefused,
    /// An operator had the next documents of a metadata source taken whether or not they are older than those before.
    MetadataOrderForgotten,
    /// A verifier was registered.
    VerifierAdded,
    /// A verifier's record was changed.
    VerifierChanged,
    /// A verifier was suspended.
    VerifierSuspended,
    /// A suspended verifier was resumed.
    VerifierResumed,
    /// A verifier was removed.
    VerifierRemoved,
    /// A signature was verified on a verifier's behalf.
    SignatureVerified,
    /// A verifier was given 基本4情報 (from a certificate, or the latest ones).
    ItemsReleased,
    /// A person's consent towards a verifier was registered.
    VerifierConsentRegistered,
    /// A person's consent towards a verifier ended (by whom: the actor; how: the facts).
    VerifierConsentEnded,
    /// A notice was not told, because the consent that it rests on had ended.
    NoticeWithheld,
    /// A verifier asked for a person's present state (現況確認).
    StateConfirmed,
    /// The watches over signing certificates were held against new revocation data.
    WatchesSwept,
    /// New revocation data took effect.
    RevocationDataSwapped,
    /// An operator took a revocation list out of use that is no longer published.
    RevocationListRetired,
    /// An operator set about retiring a list; what became of it follows.
    RevocationListRetirementBegun,
    /// Revocation lists were refused; those in force stayed in force.
    RevocationDataRefused,
    /// After new revocation data, or an authority pinned no more, the sessions of all who are signed in were looked at.
    SessionsSwept,
    /// The authority's responder was asked about a certificate, and did not say that it is good.
    StatusAsked,
    /// The responder and the lists, or two responders, contradict one another.
    StatusContradiction,
    /// Server certificates, anchors or configuration were read again.
    Reloaded,
    /// An operator opened a reference.
    ReferenceOpened,
    /// A signing key changed its state.
    KeyChanged,
    /// A terminal was approved.
    TerminalAdded,
    /// A terminal was suspended.
    TerminalSuspended,
    /// A suspended terminal was resumed.
    TerminalResumed,
}

/// How it ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// It took effect, in the same batch as this event.
    Done,
    /// It was refused.
    Refused {
        /// Stable public code of the refusal (`login::Refusal::code`).
        code: String,
    },
}

/// Who did it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "actor", content = "id")]
pub enum Actor {
    /// A person, signed in or signing in.
    Person(Option<AccountId>),
    /// A service with its own credentials.
    Service(ServiceId),
    /// An approved verifier with its own credentials.
    Verifier(String),
    /// An operator, by the name under which they authenticated (an account of the machine or an operator token's name).
    Operator(String),
    /// The platform itself (timer, reload, purge).
    Platform,
}

/// What one rule said.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Held.
    Passed,
    /// Did not hold: the refusal follows from it.
    Failed,
    /// Not reached.
    NotRun,
}

/// One step in the chain of decisions behind an outcome.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TraceStep {
    /// The room that decided (`saml`, `oidc`, `door`, `jpki`, `login`, …).
    pub room: String,
    /// The rule, by its file's name.
    pub rule: String,
    /// What it said.
    pub verdict: Verdict,
    /// Facts for the operator; never a serial, CN, token or name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// One entry of the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// When, by the application's clock.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// Whose account it touched.
    pub account: Option<AccountId>,
    /// Which session it touched.
    pub session: Option<SessionId>,
    /// Which service it touched.
    pub service: Option<ServiceId>,
    /// Within which transaction.
    pub transaction: Option<TransactionId>,
    /// What a person reads to the help desk; unique.
    pub reference: Option<Reference>,
    /// Small named facts (`acr`, `reason`, `generation`), never secret, never identifying a certificate.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// The chain of decisions, in order.
    #[serde(default)]
    pub trace: Vec<TraceStep>,
}

impl Event {
    /// An event with nothing but when, what, how and who.
    pub fn new(at: Timestamp, action: Action, outcome: Outcome, actor: Actor) -> Self {
        Self {
            at,
            action,
            outcome,
            actor,
            account: None,
            session: None,
            service: None,
            transaction: None,
            reference: None,
            facts: BTreeMap::new(),
            trace: Vec::new(),
        }
    }

    /// Adds a named fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}
