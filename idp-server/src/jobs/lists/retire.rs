//! A list that is no longer published goes out of use, by an operator who says why: else it would be late for ever.
//!
//! What it revoked stays revoked, and whom it covered is covered by nothing any more: nobody is let in by this. So certificates of its
//! scope that have not expired lose their use, which is why it takes a second word while there may be such.

use std::fmt;
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{RevocationGeneration, Timestamp};
use jpki::CaKind;
use pki::TrustAnchor;
use revocation::{Refusal, Terms};
use store::Batch;
use tokio::runtime::Handle;

use super::ingest::{IngestFault, remembering};
use super::record::code;
use crate::app::App;

/// Shortest reason, in characters: it is the only thing that tells later why.
const SHORTEST_REASON: usize = 10;

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct Retirement {
    /// Whose list.
    pub kind: CaKind,
    /// Which one, as the operator's page and `revocation status` name it.
    pub list: String,
    /// Why, for the audit.
    pub reason: String,
    /// The list's name once more, where certificates of its scope may not have expired.
    pub force: Option<String>,
    /// Who.
    pub operator: String,
}

/// Why a list was not retired.
#[derive(Debug)]
pub enum RetireRefusal {
    /// Nobody would know why.
    NoReason,
    /// Certificates that it covers may be valid until then.
    Unexpired(Timestamp),
    /// By the index.
    Index(Refusal),
}

impl fmt::Display for RetireRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReason => write!(f, "a reason of at least {SHORTEST_REASON} characters is needed"),
            Self::Unexpired(until) => write!(
                f,
                "certificates that this list covers may be valid until {until}: nobody who holds one could sign in any more; repeat the \
                 list's name after --force to do it all the same"
            ),
            Self::Index(refusal) => refusal.fmt(f),
        }
    }
}

/// Retires a list: on record as begun, then in use for every process, then on record as done, or as refused. Returns the new generation.
pub async fn retire(
    app: &Arc<App>,
    what: &Retirement,
) -> Result<Result<RevocationGeneration, RetireRefusal>, IngestFault> {
    if what.reason.trim().chars().count() < SHORTEST_REASON {
        return Ok(Err(RetireRefusal::NoReason));
    }
    let (inside, what) = (Arc::clone(app), what.clone());
    let kind = what.kind;
    let ended = tokio::task::spawn_blocking(move || on_thread(&inside, &what))
        .await
        .map_err(|error| IngestFault::Interrupted(error.to_string()))??;
    let (begun, done) = match ended {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(attempt) => attempt,
    };
    let batch = match &done {
        Ok(generation) => {
            app.shelves.catch_up(&app.trust);
            let event = ended_as(app, &begun, Outcome::Done).fact("generation", generation.to_string());
            Batch::new().write(remembering(kind, *generation)).event(event)
        }
        Err(refusal) => {
            let code = code(refusal).to_owned();
            Batch::new().event(ended_as(app, &begun, Outcome::Refused { code }))
        }
    };
    app.ledger.commit(batch).await?;
    Ok(done.map_err(RetireRefusal::Index))
}

/// What became of it, in the words in which it was begun.
fn ended_as(app: &App, begun: &Event, outcome: Outcome) -> Event {
    Event {
        at: app.clock.now(),
        action: Action::RevocationListRetired,
        outcome,
        ..begun.clone()
    }
}

/// How it was begun on record, and how it ended.
type Attempt = (Event, Result<RevocationGeneration, Refusal>);

fn on_thread(app: &App, what: &Retirement) -> Result<Result<Attempt, RetireRefusal>, IngestFault> {
    let now = app.clock.now();
    let trust = app.trust.load_full();
    let anchors: Vec<TrustAnchor> = trust.profile().anchors(what.kind).cloned().collect();
    let shelf = app.shelves.shelf(what.kind).ok_or(IngestFault::NoShelf)?;
    let terms = Terms::default();
    let begin = || {
        let mut ingest = shelf.ingest(&terms, anchors, trust.generation_of(what.kind), now)?;
        ingest.retire(&what.list)?;
        Ok(ingest)
    };
    let ingest = match begin() {
        Ok(ingest) => ingest,
        Err(refusal) => return Ok(Err(RetireRefusal::Index(refusal))),
    };
    let made = ingest
        .before()
        .and_then(|index| index.parts().find(|part| part.id() == what.list))
        .map(|part| part.this_update);
    // The longest that a certificate can be valid that it spoke about.
    let until = made.map_or(now, |made| made.plus_seconds(terms.retention_seconds));
    if now < until && what.force.as_deref() != Some(what.list.as_str()) {
        return Ok(Err(RetireRefusal::Unexpired(until)));
    }
    let event = Event::new(
        now,
        Action::RevocationListRetirementBegun,
        Outcome::Done,
        Actor::Operator(what.operator.clone()),
    )
    .fact("ca", what.kind.as_str())
    .fact("list", what.list.clone())
    .fact("made", made.map(|made| made.to_string()).unwrap_or_default())
    .fact("forced", (now < until).to_string())
    .fact("reason", what.reason.clone());
    // On record before it happens, whatever becomes of it.
    Handle::current().block_on(app.ledger.commit(Batch::new().event(event.clone())))?;
    let ended = ingest
        .finish(&mut |_| false)
        .map(|taken| taken.index.generation());
    Ok(Ok((event, ended)))
}
