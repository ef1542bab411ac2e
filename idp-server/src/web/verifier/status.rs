//! The status of a certificate on a verifier's behalf: by the lists in use, or by the authority's responder held against them.

use domain::Timestamp;
use jlis::{Asker, CertificateName, StatusFailure, StatusQuestion};
use jpki::crosscheck::{ListWord, OcspWord, Unconfirmed};
use jpki::reading::CertificateState;
use jpki::signing::{SigningStatus, StatusGap};
use jpki::{Crosscheck, crosscheck};
use revocation::{Freshness, Status, freshness};
use serde::{Deserialize, Serialize};
use store::{EphemeraKey, EphemeraKind};

use super::wire::Certainty;
use super::{Asked, VerifierProblem};
use crate::app::App;

const DAY_SECONDS: u32 = 86_400;

/// What is needed of a certificate to look it up.
pub struct Subject<'a> {
    /// Its name.
    pub name: CertificateName,
    /// Its cRLDistributionPoints; none where only the name is known, and then the oldest list counts.
    pub points: Option<&'a [Vec<u8>]>,
}

/// On what an answer about status rests. Part of evidence.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Basis {
    /// `crl`, `ocsp` or `crl_and_ocsp`.
    pub source: String,
    /// thisUpdate of the list, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list_this_update: Option<i64>,
    /// nextUpdate of the list, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list_next_update: Option<i64>,
    /// Generation of the lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list_generation: Option<u64>,
    /// thisUpdate of the responder's answer, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ocsp_this_update: Option<i64>,
    /// producedAt of the responder's answer, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ocsp_produced_at: Option<i64>,
}

/// An answer.
pub struct Known {
    /// What is known.
    pub status: SigningStatus,
    /// On what it rests.
    pub basis: Basis,
    /// The responder's answer (DER), which a third party can verify again.
    pub ocsp: Option<Vec<u8>>,
}

/// What the lists say.
struct Listed {
    word: Option<ListWord>,
    gap: StatusGap,
    basis: Basis,
}

/// Finds out. A responder is asked only where that much certainty is asked for.
pub async fn of(
    asked: &Asked,
    subject: &Subject<'_>,
    certainty: Certainty,
) -> Result<Known, VerifierProblem> {
    match certainty {
        Certainty::Crl => by_lists(asked, subject, asked.now),
        Certainty::Ocsp => by_responder(asked, subject).await,
    }
}

/// By the lists in use alone.
pub fn by_lists(app: &App, subject: &Subject<'_>, now: Timestamp) -> Result<Known, VerifierProblem> {
    let listed = listed(app, subject, now)?;
    let status = match listed.word {
        // A revocation is final, however old the list.
        Some(ListWord {
            status: Status::Revoked { reason, at },
            ..
        }) => SigningStatus::Revoked { reason, at },
        Some(word) if word.usable => SigningStatus::Good,
        _ => SigningStatus::Unknown(listed.gap),
    };
    Ok(Known {
        status,
        basis: listed.basis,
        ocsp: None,
    })
}

fn listed(app: &App, subject: &Subject<'_>, now: Timestamp) -> Result<Listed, VerifierProblem> {
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load_full();
    let basis = Basis {
        source: "crl".to_owned(),
        ..Basis::default()
    };
    let Some(index) = trust.index(subject.name.ca_kind) else {
        return Ok(Listed {
            word: None,
            gap: StatusGap::NoList,
            basis,
        });
    };
    let coverage = match subject.points {
        Some(points) => index.coverage(points, &subject.name.issuer_key_hash),
        None => index.oldest_coverage(),
    };
    let judged = freshness(coverage, &trust.profile().freshness, now);
    let status = index
        .lookup(&subject.name.serial)
        .map_err(|fault| VerifierProblem::Fault(fault.to_string()))?;
    Ok(Listed {
        word: coverage.map(|coverage| ListWord {
            status,
            this_update: coverage.this_update,
            usable: judged.is_usable(),
        }),
        gap: if judged == Freshness::Missing {
            StatusGap::NoList
        } else {
            StatusGap::Stale
        },
        basis: Basis {
            list_this_update: coverage.map(|coverage| coverage.this_update.seconds()),
            list_next_update: coverage.and_then(|coverage| coverage.next_update.map(Timestamp::seconds)),
            list_generation: Some(index.generation().0),
            ..basis
        },
    })
}

async fn by_responder(asked: &Asked, subject: &Subject<'_>) -> Result<Known, VerifierProblem> {
    within_the_days_questions(asked).await?;
    let trust = asked.trust.load_full();
    let asker = Asker::Verifier(asked.verifier.id.clone());
    let question = StatusQuestion::new(&subject.name, trust.profile(), &asker, asked.now);
    let answer = match &asked.status {
        Some(source) => source.ask(&question).await,
        None => Err(StatusFailure::NoAnswer {
            responders: Vec::new(),
            questions_sent: 0,
        }),
    };
    // The lists as they are after the answer.
    let listed = listed(asked, subject, asked.clock.now())?;
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            tracing::warn!(reason = %failure, "no responder gave an answer that can be relied on");
            let gap = match failure {
                StatusFailure::Contradiction { .. } => StatusGap::Contradiction,
                _ => StatusGap::Unreachable,
            };
            let status = match listed.word.map(|word| word.status) {
                Some(Status::Revoked { reason, at }) => SigningStatus::Revoked { reason, at },
                _ => SigningStatus::Unknown(gap),
            };
            return Ok(Known {
                status,
                basis: listed.basis,
                ocsp: None,
            });
        }
    };
    let ocsp = OcspWord {
        status: answer.status,
        this_update: answer.evidence.this_update,
    };
    let lag = i64::try_from(asked.config.jpki.list_lag_seconds).unwrap_or(i64::MAX);
    let found = crosscheck(listed.word, Some(ocsp), lag);
    if found.is_incident() {
        metrics::counter!("status_contradictions_total").increment(1);
        tracing::error!(
            answer = found.code(),
            "the responder and the lists contradict one another: neither is chosen"
        );
    }
    let status = match found {
        Crosscheck::Good(_) => SigningStatus::Good,
        Crosscheck::Revoked { reason, at, .. } => SigningStatus::Revoked { reason, at },
        Crosscheck::Unconfirmed(Unconfirmed::UnknownToOcsp) => SigningStatus::Unknown(StatusGap::Unknown),
        Crosscheck::Unconfirmed(Unconfirmed::NoWitness) => SigningStatus::Unknown(StatusGap::Unreachable),
        Crosscheck::Contradiction(_) => SigningStatus::Unknown(StatusGap::Contradiction),
    };
    Ok(Known {
        status,
        basis: Basis {
            source: "crl_and_ocsp".to_owned(),
            ocsp_this_update: Some(answer.evidence.this_update.seconds()),
            ocsp_produced_at: Some(answer.evidence.produced_at.seconds()),
            ..listed.basis
        },
        ocsp: Some(answer.evidence.response.clone()),
    })
}

/// Counts a question that may cost money against what was agreed for the day.
pub async fn within_the_days_questions(asked: &Asked) -> Result<(), VerifierProblem> {
    let name = format!("verifier-questions:{}", asked.verifier.id);
    let key = EphemeraKey::new(EphemeraKind::Rate, name);
    let count = asked.ephemera.count(&key, asked.now, DAY_SECONDS).await?;
    if count > u64::from(asked.verifier.responder_questions_per_day) {
        Err(VerifierProblem::QuestionsExhausted)
    } else {
        Ok(())
    }
}

/// The state of a certificate of which only the name is known, by the lists: for the reading of 現況確認.
pub fn state_by_lists(
    app: &App,
    name: &CertificateName,
    not_after: Option<Timestamp>,
    now: Timestamp,
) -> Result<(CertificateState, Basis), VerifierProblem> {
    let subject = Subject {
        name: name.clone(),
        points: None,
    };
    let known = by_lists(app, &subject, now)?;
    let ended = not_after.is_some_and(|end| now >= end.plus_seconds(1));
    let state = match known.status {
        SigningStatus::Revoked { reason, .. } => CertificateState::Revoked(reason),
        _ if ended => CertificateState::Expired,
        SigningStatus::Good => CertificateState::Valid,
        SigningStatus::Unknown(_) => CertificateState::Unknown,
    };
    Ok((state, known.basis))
}
