//! The day's list and an OCSP answer, held against one another: agreement, news, or an incident.
//!
//! What decides is the order of three moments: when the list was made, when the OCSP answer was true, and when the
//! certificate was revoked. A revocation is final, so each witness can only be behind the other one, never ahead of it:
//!
//! | list | OCSP | what it means |
//! |---|---|---|
//! | good | good | good |
//! | good | revoked after the list was made | news: revoked |
//! | good | revoked before the list was made | **contradiction**: the list should know |
//! | revoked | revoked | revoked (reason and date of the list, which is the archive) |
//! | revoked | good, of before the revocation | news the other way round: revoked |
//! | revoked | good, of after the revocation | **contradiction**: nothing is ever un-revoked |
//! | revoked | unknown | revoked |
//! | good | unknown | not confirmed: whoever asked for OCSP does not get "good" |
//! | good, but too old or missing | … | as if the list were silent; "revoked" on an old list still counts |
//!
//! Every contradiction is refused and is an incident for a person, never a coin toss. Expired certificates drop out of
//! lists; they are refused before anything here is asked.

use domain::Timestamp;
use pki::RevocationReason;
use pki::ocsp::OcspStatus;
use revocation::Status;

/// What the lists say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListWord {
    /// About the certificate.
    pub status: Status,
    /// When the list was made.
    pub this_update: Timestamp,
    /// Whether it covers the certificate and is fresh enough for who asks ([`revocation::Freshness::is_usable`]).
    pub usable: bool,
}

/// What a verified OCSP answer says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OcspWord {
    /// About the certificate.
    pub status: OcspStatus,
    /// When that was so.
    pub this_update: Timestamp,
}

/// Who bears out a conclusion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Witness {
    /// The list alone.
    List,
    /// The OCSP answer alone.
    Ocsp,
    /// Both.
    Both,
}

/// Why two witnesses cannot both be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contradiction {
    /// The list says revoked, and a later OCSP answer says good.
    GoodAfterRevocation,
    /// OCSP says revoked since a time that the list should know of.
    MissingFromList,
}

/// Why there is no conclusion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unconfirmed {
    /// Nobody says anything that counts.
    NoWitness,
    /// The OCSP responder does not know the certificate.
    UnknownToOcsp,
}

/// The conclusion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Crosscheck {
    /// Not revoked.
    Good(Witness),
    /// Revoked, for good.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
        /// Who says so.
        by: Witness,
    },
    /// Not good: refuse.
    Unconfirmed(Unconfirmed),
    /// Not good: refuse, and alarm.
    Contradiction(Contradiction),
}

impl Crosscheck {
    /// Whether the certificate may be relied on.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    /// Whether a person has to look.
    pub const fn is_incident(&self) -> bool {
        matches!(self, Self::Contradiction(_))
    }

    /// The stable word for audit, metrics and the operator's view.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Good(_) => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unconfirmed(Unconfirmed::NoWitness) => "no_witness",
            Self::Unconfirmed(Unconfirmed::UnknownToOcsp) => "unknown_to_ocsp",
            Self::Contradiction(Contradiction::GoodAfterRevocation) => "good_after_revocation",
            Self::Contradiction(Contradiction::MissingFromList) => "missing_from_list",
        }
    }
}

/// Holds the witnesses against one another. `lag_seconds` is how long before its date a list was closed: a revocation of
/// that time need not be on it yet.
pub fn crosscheck(list: Option<ListWord>, ocsp: Option<OcspWord>, lag_seconds: i64) -> Crosscheck {
    let listed = list.and_then(|list| match list.status {
        Status::Revoked { reason, at } => Some((reason, at)),
        Status::Good => None,
    });
    let clear = list.filter(|list| list.usable && listed.is_none());
    let ocsp_status = ocsp.map(|ocsp| (ocsp.status, ocsp.this_update));
    match (listed, ocsp_status) {
        (Some((_, at)), Some((OcspStatus::Good, of))) if of >= at => {
            Crosscheck::Contradiction(Contradiction::GoodAfterRevocation)
        }
        (Some((reason, at)), ocsp) => Crosscheck::Revoked {
            reason,
            at,
            by: match ocsp {
                Some((OcspStatus::Revoked { .. }, _)) => Witness::Both,
                _ => Witness::List,
            },
        },
        (None, Some((OcspStatus::Revoked { reason, at }, _))) => match clear {
            Some(list) if at.plus_seconds(lag_seconds) <= list.this_update => {
                Crosscheck::Contradiction(Contradiction::MissingFromList)
            }
            _ => Crosscheck::Revoked {
                reason,
                at,
                by: Witness::Ocsp,
            },
        },
        (None, Some((OcspStatus::Unknown, _))) => Crosscheck::Unconfirmed(Unconfirmed::UnknownToOcsp),
        (None, Some((OcspStatus::Good, _))) => Crosscheck::Good(if clear.is_some() {
            Witness::Both
        } else {
            Witness::Ocsp
        }),
        (None, None) if clear.is_some() => Crosscheck::Good(Witness::List),
        (None, None) => Crosscheck::Unconfirmed(Unconfirmed::NoWitness),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: i64 = 100;
    const REASON: RevocationReason = RevocationReason::CertificateHold;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_000_000 + seconds)
    }

    /// `None` is good, a number the time of revocation.
    #[expect(clippy::unnecessary_wraps, reason = "the judgement takes options")]
    fn list(revoked: Option<i64>, made: i64, usable: bool) -> Option<ListWord> {
        let status = revoked.map_or(Status::Good, |seconds| Status::Revoked {
            reason: REASON,
            at: at(seconds),
        });
        Some(ListWord {
            status,
            this_update: at(made),
            usable,
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "the judgement takes options")]
    fn ocsp(status: OcspStatus, of: i64) -> Option<OcspWord> {
        Some(OcspWord {
            status,
            this_update: at(of),
        })
    }

    fn revoked(seconds: i64) -> OcspStatus {
        OcspStatus::Revoked {
            reason: RevocationReason::Superseded,
            at: at(seconds),
        }
    }

    #[test]
    fn the_table_holds() {
        let good = OcspStatus::Good;
        let unknown = OcspStatus::Unknown;
        let gone = |by, seconds| Crosscheck::Revoked {
            reason: if by == Witness::Ocsp {
                RevocationReason::Superseded
            } else {
                REASON
            },
            at: at(seconds),
            by,
        };
        let no_witness = Crosscheck::Unconfirmed(Unconfirmed::NoWitness);
        let unknown_to_ocsp = Crosscheck::Unconfirmed(Unconfirmed::UnknownToOcsp);
        let unrevoked = Crosscheck::Contradiction(Contradiction::GoodAfterRevocation);
        let missing = Crosscheck::Contradiction(Contradiction::MissingFromList);
        for (list, ocsp, expected) in [
            // One witness or none.
            (None, None, no_witness),
            (list(None, 0, true), None, Crosscheck::Good(Witness::List)),
            (list(None, 0, false), None, no_witness),
            (list(Some(-5), 0, true), None, gone(Witness::List, -5)),
            (list(Some(-5), 0, false), None, gone(Witness::List, -5)),
            (None, ocsp(good, 0), Crosscheck::Good(Witness::Ocsp)),
            (None, ocsp(unknown, 0), unknown_to_ocsp),
            (None, ocsp(revoked(-5), 0), gone(Witness::Ocsp, -5)),
            // The list is clear.
            (
                list(None, 0, true),
                ocsp(good, 0),
                Crosscheck::Good(Witness::Both),
            ),
            (
                list(None, 0, true),
                ocsp(good, -900),
                Crosscheck::Good(Witness::Both),
            ),
            (list(None, 0, true), ocsp(unknown, 900), unknown_to_ocsp),
            (
                list(None, 0, true),
                ocsp(revoked(800), 900),
                gone(Witness::Ocsp, 800),
            ),
            (
                list(None, 0, true),
                ocsp(revoked(-99), 900),
                gone(Witness::Ocsp, -99),
            ),
            (list(None, 0, true), ocsp(revoked(-100), 900), missing),
            (list(None, 0, true), ocsp(revoked(-5000), -900), missing),
            // The list is clear, but too old to count.
            (
                list(None, 0, false),
                ocsp(good, 0),
                Crosscheck::Good(Witness::Ocsp),
            ),
            (list(None, 0, false), ocsp(unknown, 0), unknown_to_ocsp),
            (
                list(None, 0, false),
                ocsp(revoked(-5000), 900),
                gone(Witness::Ocsp, -5000),
            ),
            // The list says revoked.
            (
                list(Some(-5), 0, true),
                ocsp(revoked(-5), 9),
                gone(Witness::Both, -5),
            ),
            (
                list(Some(-5), 0, true),
                ocsp(revoked(-50), 9),
                gone(Witness::Both, -5),
            ),
            (list(Some(-5), 0, true), ocsp(unknown, 9), gone(Witness::List, -5)),
            (list(Some(-5), 0, true), ocsp(good, 9), unrevoked),
            (list(Some(-5), 0, true), ocsp(good, -5), unrevoked),
            (list(Some(-5), 0, true), ocsp(good, -6), gone(Witness::List, -5)),
            (list(Some(-5), 0, false), ocsp(good, 9), unrevoked),
            (
                list(Some(-5), 0, false),
                ocsp(revoked(-5), 9),
                gone(Witness::Both, -5),
            ),
        ] {
            assert_eq!(crosscheck(list, ocsp, LAG), expected, "{list:?} {ocsp:?}");
        }
    }

    /// The whole space of who says what, whether it is usable, and in which order the moments come.
    #[test]
    fn good_is_only_what_nobody_disputes() {
        let moments = [-500, -LAG, -1, 0, 1, LAG, 500];
        let mut lists = vec![None];
        let mut answers = vec![None];
        for usable in [false, true] {
            lists.push(list(None, 0, usable));
            lists.extend(moments.map(|moment| list(Some(moment), 0, usable)));
        }
        for of in moments {
            answers.push(ocsp(OcspStatus::Good, of));
            answers.push(ocsp(OcspStatus::Unknown, of));
            answers.extend(moments.map(|moment| ocsp(revoked(moment), of)));
        }
        let mut seen = std::collections::BTreeMap::new();
        for list in &lists {
            for answer in &answers {
                let conclusion = crosscheck(*list, *answer, LAG);
                *seen.entry(conclusion.code()).or_insert(0) += 1;
                let listed = list.is_some_and(|list| list.status != Status::Good);
                let usable = list.is_some_and(|list| list.usable);
                let status = answer.map(|answer| answer.status);
                let says_revoked = listed || matches!(status, Some(OcspStatus::Revoked { .. }));
                let says_good = status == Some(OcspStatus::Good) || (usable && !listed && status.is_none());
                let case = format!("{list:?} {answer:?} {conclusion:?}");
                assert_eq!(conclusion.is_good(), says_good && !says_revoked, "{case}");
                // A contradiction needs two voices; agreement on "revoked" is never one.
                if conclusion.is_incident() {
                    assert!(list.is_some() && answer.is_some(), "{case}");
                    assert!(
                        listed != matches!(status, Some(OcspStatus::Revoked { .. })),
                        "{case}"
                    );
                }
                if let Crosscheck::Revoked { .. } = conclusion {
                    assert!(says_revoked, "{case}");
                }
            }
        }
        assert_eq!(seen.len(), 6, "every conclusion occurs: {seen:?}");
    }
}
