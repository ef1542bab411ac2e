//! One question at once: may this 署名用 certificate enrol its holder now? Profile, dates, lists and 基本4情報 in one trace.

use std::fmt;

use domain::{RevocationGeneration, Timestamp};
use pki::SerialNumber;
use revocation::{Freshness, NationalIndex, Status, freshness};

use crate::config::JpkiConfig;
use crate::evaluation::{Step, Verdict};
use crate::four_items::FourItems;

use super::judgement::{Moment, Opinion, SigningStatus, StatusGap, judgement_rule_names};
use super::profile::{Examined, SigningProfile, SigningReason, examine, note, profile_rule_names};

const ITEMS: &str = "the_four_items_are_readable";

/// The rules in order, for documents and tests.
pub fn signing_rule_names() -> impl Iterator<Item = &'static str> {
    profile_rule_names()
        .chain(judgement_rule_names())
        .chain(std::iter::once(ITEMS))
}

/// The decision about one 署名用 certificate.
#[derive(Clone, Debug)]
pub struct SigningEvaluation {
    /// Every rule, in order.
    pub trace: Vec<Step>,
    /// Whose certificate it is, or why it is not relied on.
    pub verdict: Result<Signatory, SigningReason>,
}

/// Whoever holds a 署名用 certificate that passed every rule. Made only by [`evaluate_signing`]. `Debug` shows nothing that names
/// the holder.
#[derive(Clone)]
pub struct Signatory {
    examined: Examined,
    checked_generation: RevocationGeneration,
    items: FourItems,
}

impl Signatory {
    /// Lower-case hexadecimal SHA-256 of the issuing key's SubjectPublicKeyInfo: which generation.
    pub fn issuer_key_hash(&self) -> &str {
        self.examined.issuer_key_hash()
    }

    /// The serial number: for digests, the vault and questions to J-LIS only.
    pub fn serial(&self) -> &SerialNumber {
        self.examined.serial()
    }

    /// Where its lists are published: which list speaks about it. Of a card they name the municipality that issued it.
    pub fn distribution_points(&self) -> &[Vec<u8>] {
        &self.examined.certificate().extensions().distribution_points
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.examined.certificate().not_after()
    }

    /// At which state of the revocation data the certificate was good.
    pub fn checked_generation(&self) -> RevocationGeneration {
        self.checked_generation
    }

    /// 基本4情報.
    pub fn items(&self) -> &FourItems {
        &self.items
    }
}

impl fmt::Debug for Signatory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatory")
            .field("examined", &self.examined)
            .field("checked_generation", &self.checked_generation)
            .finish_non_exhaustive()
    }
}

/// Decides about a 署名用 certificate (DER) by what is loaded of the 署名用 authority's lists, if anything.
pub fn evaluate_signing(
    der: &[u8],
    config: &JpkiConfig,
    profile: &SigningProfile,
    index: Option<&NationalIndex>,
    now: Timestamp,
) -> SigningEvaluation {
    let examination = examine(der, config, profile);
    let mut trace = examination.trace;
    let verdict = examination
        .verdict
        .and_then(|examined| decide(examined, config, index, now, &mut trace));
    let done = trace.len();
    trace.extend(signing_rule_names().skip(done).map(|rule| Step {
        rule,
        verdict: Verdict::NotRun,
        detail: None,
    }));
    SigningEvaluation { trace, verdict }
}

fn decide(
    examined: Examined,
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    now: Timestamp,
    trace: &mut Vec<Step>,
) -> Result<Signatory, SigningReason> {
    let status = status_by_lists(&examined, config, index, now);
    let judgement = examined.judge(&Moment::now(now), &status);
    trace.extend(judgement.trace);
    let unknown = SigningReason::StatusUnknown(StatusGap::NoList);
    if judgement.opinion != Opinion::Valid {
        return Err(judgement.reason.unwrap_or(unknown));
    }
    let items = examined.four_items().map_err(SigningReason::FourItems);
    note(trace, ITEMS, &items.as_ref().map(|_| None).map_err(Clone::clone));
    Ok(Signatory {
        checked_generation: index.ok_or(unknown)?.generation(),
        items: items?,
        examined,
    })
}

/// What the lists say about an examined certificate. A revocation is final, however old the list.
fn status_by_lists(
    examined: &Examined,
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    now: Timestamp,
) -> SigningStatus {
    let Some(index) = index else {
        return SigningStatus::Unknown(StatusGap::NoList);
    };
    let points = &examined.certificate().extensions().distribution_points;
    let coverage = index.coverage(points, examined.issuer_key_hash());
    match (
        index.lookup(examined.serial()),
        freshness(coverage, &config.freshness, now),
    ) {
        (Ok(Status::Revoked { reason, at }), _) => SigningStatus::Revoked { reason, at },
        (Err(_), _) => SigningStatus::Unknown(StatusGap::Unreachable),
        (Ok(Status::Good), Freshness::Fresh | Freshness::StaleAllowed { .. }) => SigningStatus::Good,
        (Ok(Status::Good), Freshness::Refuse) => SigningStatus::Unknown(StatusGap::Stale),
        (Ok(Status::Good), Freshness::Missing) => SigningStatus::Unknown(StatusGap::NoList),
    }
}
