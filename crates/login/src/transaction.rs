//! What a service asks, in words of no protocol.

use domain::{
    AccountId, Assurance, Fal, ReleasedAttribute, RevocationCertainty, RevocationGeneration, ServiceId,
    SessionId, Timestamp, TokenHash, TransactionId,
};
use serde::{Deserialize, Serialize};

/// Whether the person may be shown anything.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interaction {
    /// Pages may be shown.
    Allowed,
    /// `prompt=none`, `IsPassive`: answer at once or refuse.
    Forbidden,
}

/// How recent the card's use must be.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// `prompt=login`, `ForceAuthn`: the card is used within this transaction.
    pub force: bool,
    /// `max_age` in seconds: the card was used at most so long ago. Zero means as `force`.
    pub max_age_seconds: Option<u32>,
}

/// Whom a service expects.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Whoever it is.
    #[default]
    Anybody,
    /// This person.
    Person(AccountId),
    /// Somebody whom the platform does not know: nobody will do.
    Unknown,
}

impl Expected {
    /// Whether an account is whom the service expects.
    pub fn is(&self, account: &AccountId) -> bool {
        match self {
            Self::Anybody => true,
            Self::Person(expected) => expected == account,
            Self::Unknown => false,
        }
    }
}

/// What a service asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What this request demands on top of the service's record, besides the contexts that it names.
    #[serde(default = "nothing")]
    pub level: Assurance,
    /// The contexts of which one must be reached (`acr`, `AuthnContextClassRef`), in order of preference; empty where the request
    /// demands none.
    #[serde(default)]
    pub contexts: Vec<String>,
    /// What the reply is called where the request demands no context, as far as that is true.
    pub context: String,
    /// How the reply to this request is bound and protected.
    #[serde(default = "bearer")]
    pub fal: Fal,
    /// How certain it must be that the certificate is not revoked, on top of the service's record.
    #[serde(default)]
    pub certainty: Option<RevocationCertainty>,
    /// How recent the card's use must be.
    pub freshness: Freshness,
    /// Whether pages may be shown.
    pub interaction: Interaction,
    /// The person whom the service expects (`id_token_hint`): nobody else is answered about.
    #[serde(default)]
    pub expected: Expected,
    /// What the service is registered for and this request does not ask for (OIDC scopes): not shown, not released.
    #[serde(default)]
    pub withheld: Vec<ReleasedAttribute>,
    /// `prompt=consent`: ask even when consent is on record.
    pub always_consent: bool,
}

const fn nothing() -> Assurance {
    Assurance::LEAST
}

const fn bearer() -> Fal {
    Fal::One
}

impl Ask {
    /// The rows of the contexts that the request names.
    pub fn contexts(&self) -> Vec<&'static policy::AuthenticationContext> {
        self.contexts
            .iter()
            .filter_map(|name| policy::context_named(name))
            .collect()
    }
}

/// A yes within a transaction.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The session of the person who agreed.
    pub session: SessionId,
    /// To what.
    pub attributes: Vec<ReleasedAttribute>,
}

/// That the authority's responder called a session's certificate good, asked within a transaction.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StatusSeen {
    /// Whose certificate.
    pub session: SessionId,
    /// The state of the lists that it was held against.
    pub generation: RevocationGeneration,
    /// When it was asked.
    pub asked_at: Timestamp,
}

impl StatusSeen {
    /// Seconds for which an answer carries an issue: it is asked right before, so this is for lost races only.
    pub const GOOD_FOR_SECONDS: i64 = 60;

    /// Whether it still vouches for this session at this state of the lists.
    pub fn holds(&self, session: &SessionId, generation: RevocationGeneration, now: Timestamp) -> bool {
        let age = now.millis_since(self.asked_at);
        self.session == *session
            && self.generation == generation
            && (0..=Self::GOOD_FOR_SECONDS * 1000).contains(&age)
    }
}

/// One ask on its way to its answer. Kept in Ephemera; nothing durable exists until a card was used.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// Its name in URLs.
    pub id: TransactionId,
    /// Who asks.
    pub service: ServiceId,
    /// SHA-256 of the browser cookie of the browser that began; `None` until the first GET (a cross-site POST carries
    /// no cookie).
    pub browser: Option<TokenHash>,
    /// When the request was checked.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
    /// What is asked.
    pub ask: Ask,
    /// The session that a card began within this transaction.
    pub authenticated: Option<SessionId>,
    /// The session of a card without PIN (かざし利用): it belongs to this transaction alone, no browser has its secret.
    #[serde(default)]
    pub presence: Option<SessionId>,
    /// What a person said yes to within this transaction, and in which session: another person's card in the same browser does not
    /// inherit it.
    pub agreed: Option<Agreement>,
    /// What the responder said, where it was asked.
    #[serde(default)]
    pub status: Option<StatusSeen>,
    /// The account that the person wished closed and whose card came: they are asked whether they want to begin anew.
    #[serde(default)]
    pub left: Option<AccountId>,
    /// That account, once the person said yes.
    #[serde(default)]
    pub anew: Option<AccountId>,
    /// Tries at the certificate door so far.
    pub attempts: u32,
    /// A reply was issued; a second one never is.
    pub answered: bool,
    /// The protocol's own checked request, opaque here; whoever began the transaction reads it to compose the reply.
    pub continuation: String,
}
