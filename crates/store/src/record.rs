//! Records: the low-rate registers of single rooms (enrolments, approved verifiers, watches, evidence, decisions that wait for a
//! person), kept as versioned JSON. What is asked for at every sign-in has a table of its own instead.

use domain::Timestamp;

/// Which register a record belongs to. The spelling is the one in the database.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RecordKind {
    /// 利用登録: what a person registered with the signing certificate, sealed.
    Enrolment,
    /// A question of identity that waits for the person's decision.
    IdentityDecision,
    /// That J-LIS linked a certificate which is nobody's yet to a person: by digest, so that it never becomes somebody else's.
    LinkedCertificate,
    /// An approved verifier that has its signatures verified here.
    Verifier,
    /// What was known when a signature was verified.
    VerificationEvidence,
    /// What a person demands of every sign-in of theirs, by account: a point of the assurance lattice.
    AssuranceFloor,
    /// A consented watch over a signing certificate.
    StatusWatch,
    /// A change that a watch found, until the verifier has taken it.
    StatusNotice,
    /// A person's consent that a verifier gets the latest 4 items.
    FourItemsConsent,
    /// How many questions were asked on whose behalf.
    QuestionCount,
    /// An approved terminal.
    Terminal,
    /// That a service was answered within a session: whom to tell when it ends.
    SessionParticipant,
    /// A session that the platform ended, with the services that are to be told.
    SessionEnding,
    /// How far the sessions of all who are signed in were looked at after new revocation data.
    SessionSweep,
    /// That one service is to be told of an ended session, and what became of it: the receipt.
    LogoutNotice,
    /// What an authorization request asked for beyond a plain code, under the grant's id.
    GrantTerms,
    /// The refresh tokens of a grant, under its id. While it is there, the grant stays.
    RefreshFamily,
    /// What allows clients to register themselves, by the hash of the operator's token.
    InitialAccessToken,
    /// That a client registered itself, by the service: on whose word, and the hash of what changes it.
    ClientRegistration,
    /// Which sector the host of a `sector_identifier_uri` is, and what its documents said last.
    SectorIdentifier,
    /// How a metadata source stands: what was accepted last, and when it is looked at again.
    MetadataSource,
    /// One entity of a metadata source: which service it is, or why it is none. Tagged with the source.
    FetchedEntity,
    /// An account that was closed or merged a moment ago: what began meanwhile is still to be ended. Gone when that was done.
    ClosedAccount,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::Enrolment,
        Self::IdentityDecision,
        Self::LinkedCertificate,
        Self::Verifier,
        Self::VerificationEvidence,
        Self::AssuranceFloor,
        Self::StatusWatch,
        Self::StatusNotice,
        Self::FourItemsConsent,
        Self::QuestionCount,
        Self::Terminal,
        Self::SessionParticipant,
        Self::SessionEnding,
        Self::SessionSweep,
        Self::LogoutNotice,
        Self::GrantTerms,
        Self::RefreshFamily,
        Self::InitialAccessToken,
        Self::ClientRegistration,
        Self::SectorIdentifier,
        Self::MetadataSource,
        Self::FetchedEntity,
        Self::ClosedAccount,
    ];

    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrolment => "enrolment",
            Self::IdentityDecision => "identity_decision",
            Self::LinkedCertificate => "linked_certificate",
            Self::Verifier => "verifier",
            Self::VerificationEvidence => "verification_evidence",
            Self::AssuranceFloor => "assurance_floor",
            Self::StatusWatch => "status_watch",
            Self::StatusNotice => "status_notice",
            Self::FourItemsConsent => "four_items_consent",
            Self::QuestionCount => "question_count",
            Self::Terminal => "terminal",
            Self::SessionParticipant => "session_participant",
            Self::SessionEnding => "session_ending",
            Self::SessionSweep => "session_sweep",
            Self::LogoutNotice => "logout_notice",
            Self::GrantTerms => "grant_terms",
            Self::RefreshFamily => "refresh_family",
            Self::InitialAccessToken => "initial_access_token",
            Self::ClientRegistration => "client_registration",
            Self::SectorIdentifier => "sector_identifier",
            Self::MetadataSource => "metadata_source",
            Self::FetchedEntity => "fetched_entity",
            Self::ClosedAccount => "closed_account",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One record. (kind, key) is unique.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Which register.
    pub kind: RecordKind,
    /// Its name within the register.
    pub key: String,
    /// 1 at first, one more at each change.
    pub version: u64,
    /// By what it is found beside its key; a handful.
    pub tags: Vec<String>,
    /// The room's own value, JSON.
    pub value: String,
    /// When it may be purged; `None` never.
    pub expires_at: Option<Timestamp>,
}

impl Record {
    /// A first version.
    pub fn new(kind: RecordKind, key: impl Into<String>, value: String) -> Self {
        Self {
            kind,
            key: key.into(),
            version: 1,
            tags: Vec::new(),
            value,
            expires_at: None,
        }
    }

    /// Adds a tag.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self.tags.sort();
        self.tags.dedup();
        self
    }

    /// Sets when it may be purged.
    #[must_use]
    pub fn expiring(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// The next version with another value, under the same tags.
    #[must_use]
    pub fn changed(&self, value: String) -> Self {
        Self {
            version: self.version.saturating_add(1),
            value,
            ..self.clone()
        }
    }
}
