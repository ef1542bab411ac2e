//! What a person demands, and how they are proofed, as the registers say today: looked at wherever something is answered on a sign-in,
//! at the dispatcher and at everything that is answered later (tokens, user information, introspection, attribute queries).
//!
//! Whatever is issued requires that both registers still say the same when it becomes durable ([`Today::required`]).

use domain::{
    AccountId, Assurance, AssuranceLevel, AuthorizationGrant, Fal, Ial, Recency, RevocationCertainty,
    Session, Timestamp,
};
use login::Past;
use store::{Batch, Conflict, Precondition, RecordKind};

use crate::app::App;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// The registers about a person, and the rows that were read.
pub struct Today {
    /// What the person demands of every sign-in of theirs: nothing, where nothing is on record.
    pub floor: Assurance,
    /// How the person is proofed.
    pub proofed: Ial,
    still: Vec<Precondition>,
}

/// What a person demands, and that it still is so.
pub async fn floor(app: &App, account: &AccountId) -> Result<(Assurance, Precondition), Problem> {
    const KIND: RecordKind = RecordKind::AssuranceFloor;
    let record = app.ledger.record(KIND, account.as_str()).await?;
    let demand = match &record {
        None => Assurance::LEAST,
        // A floor that cannot be read is not passed over.
        Some(record) => serde_json::from_str(&record.value)
            .map_err(|error| Problem::Fault(format!("a floor on record: {error}")))?,
    };
    Ok((
        demand,
        Precondition::as_read(KIND, account.as_str(), record.as_ref()),
    ))
}

impl Today {
    /// Reads them.
    pub async fn of(app: &App, account: &AccountId) -> Result<Self, Problem> {
        let (floor, floor_is_still) = floor(app, account).await?;
        let enrolment = register::standing(app, account, false).await?;
        Ok(Self {
            floor,
            proofed: enrolment.ial,
            still: std::iter::once(floor_is_still).chain(enrolment.still).collect(),
        })
    }

    /// Adds to a batch that both registers still say the same.
    #[must_use]
    pub fn required(&self, batch: Batch) -> Batch {
        self.still.iter().cloned().fold(batch, Batch::require)
    }

    /// What may be stated of a session to whoever asks without the person, if that meets the floor: the card is as old as it is, and the
    /// certificate was looked at again by the lists alone.
    pub fn of_session(&self, app: &App, session: &Session, fal: Fal, now: Timestamp) -> Option<Assurance> {
        let past = Past {
            method: session.method,
            aal: session.level.aal,
            proofed: self.proofed,
            fal,
            recency: Recency::reached(now.millis_since(session.authenticated_at)),
            certainty: RevocationCertainty::Crl,
        };
        past.under(self.floor, &app.ways()).ok()
    }

    /// The same of what was composed a moment ago from a session: its age, its protection and its certainty were decided then.
    pub fn admits_what_was_decided(&self, app: &App, session: &Session) -> bool {
        let past = Past {
            method: session.method,
            aal: session.level.aal,
            proofed: self.proofed,
            fal: Fal::Three,
            recency: Recency::InThisSignIn,
            certainty: RevocationCertainty::Ocsp,
        };
        past.under(self.floor, &app.ways()).is_ok()
    }

    /// Whether a grant meets the floor, where the card was used so recently before what is answered on it.
    pub fn admits(&self, app: &App, grant: &AuthorizationGrant, recency: Recency) -> bool {
        self.past(grant, recency).under(self.floor, &app.ways()).is_ok()
    }

    /// The grant as it may be stated today: whose proofing was withdrawn is not called proofed, in no token of today.
    #[must_use]
    pub fn lowered(&self, grant: AuthorizationGrant) -> AuthorizationGrant {
        if grant.level.ial <= self.proofed {
            return grant;
        }
        let reached = self.past(&grant, Recency::Anytime).vouched().assurance;
        AuthorizationGrant {
            level: AssuranceLevel {
                ial: reached.ial,
                ..grant.level
            },
            acr: policy::context_of(&grant.acr, grant.method, reached).to_owned(),
            ..grant
        }
    }

    /// The client itself fetches what a grant gives, with a code that PKCE binds to its request: FAL2, as at the sign-in.
    fn past(&self, grant: &AuthorizationGrant, recency: Recency) -> Past {
        Past {
            method: grant.method,
            aal: grant.level.aal,
            proofed: self.proofed,
            fal: Fal::Two,
            recency,
            certainty: grant.certainty,
        }
    }
}

/// Whether a batch lost because a register of the person changed since it was read, or the session was looked at meanwhile: then it is
/// worth looking again.
pub fn changed(conflict: &Conflict) -> bool {
    match conflict {
        Conflict::Precondition(Precondition::SessionAt { .. }) => true,
        Conflict::Precondition(precondition) => {
            precondition.is_about(RecordKind::AssuranceFloor) || precondition.is_about(RecordKind::Enrolment)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::{AuthenticationMethod, CodeChallenge, Entropy, GrantId, ServiceId, SessionId, TokenHash};
    use store::memory::MemoryLedger;
    use store::{CommitOutcome, Ledger, Record, Write};

    use super::*;

    struct Constant;

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn today(account: &AccountId, proofed: Ial) -> Today {
        Today {
            floor: Assurance::LEAST,
            proofed,
            still: [RecordKind::AssuranceFloor, RecordKind::Enrolment]
                .map(|kind| Precondition::as_read(kind, account.as_str(), None))
                .to_vec(),
        }
    }

    /// A floor that is raised, or an enrolment that changes, between decision and commit: nothing of the batch takes effect, and whoever
    /// issues looks again.
    #[tokio::test]
    async fn what_changed_since_the_decision_refuses_the_batch() {
        let account = AccountId::generate(&Constant);
        for kind in [RecordKind::AssuranceFloor, RecordKind::Enrolment] {
            let ledger = MemoryLedger::new();
            let decided = today(&account, Ial::Zero).required(Batch::new());
            assert_eq!(
                ledger.commit(decided.clone()).await.unwrap(),
                CommitOutcome::Committed
            );
            let raised = Write::PutRecord(Record::new(kind, account.as_str(), "{}".to_owned()));
            ledger.commit(Batch::new().write(raised)).await.unwrap();
            let CommitOutcome::Conflict(conflict) = ledger.commit(decided).await.unwrap() else {
                panic!("issued under yesterday's {kind:?}");
            };
            assert!(changed(&conflict), "{conflict:?}");
        }
    }

    /// What a withdrawn enrolment proofed stands in no token of today, neither as a level nor by a name.
    #[test]
    fn a_grant_states_the_proofing_of_today() {
        let account = AccountId::generate(&Constant);
        let at = Timestamp::from_seconds(1);
        let grant = AuthorizationGrant {
            id: GrantId::generate(&Constant),
            code: TokenHash(String::new()),
            service: ServiceId::generate(&Constant),
            account: account.clone(),
            session: SessionId::generate(&Constant),
            redirect_uri: String::new(),
            code_challenge: CodeChallenge(String::new()),
            nonce: None,
            scope: "openid".to_owned(),
            acr: "urn:jp:go:gap:assurance:ial3:aal3".to_owned(),
            auth_time_required: false,
            released: Vec::new(),
            level: AssuranceLevel {
                ial: Ial::Three,
                aal: domain::Aal::Three,
            },
            method: AuthenticationMethod::CardTls,
            certainty: RevocationCertainty::Crl,
            authenticated_at: at,
            checked_generation: domain::RevocationGeneration(1),
            issued_at: at,
            expires_at: at,
            revoked_at: None,
        };
        let same = today(&account, Ial::Three).lowered(grant.clone());
        assert_eq!(same, grant);
        let lowered = today(&account, Ial::Zero).lowered(grant);
        assert_eq!(lowered.level.ial, Ial::Zero);
        assert_eq!(lowered.level.aal, domain::Aal::Three);
        assert!(!lowered.acr.contains("ial3"), "{}", lowered.acr);
    }
}
