//! A responder's answer held against the lists: two statements of one authority, of different age. They may differ in what
//! happened between them, and in nothing else; anything else is an incident, and nobody is let in by choosing one of the two.

use domain::Timestamp;
use pki::ocsp::OcspStatus;
use revocation::Status;

/// What the two come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CrossCheck {
    /// Both say good.
    Good,
    /// Revoked, by both or by the newer of the two.
    Revoked(pki::RevocationReason),
    /// The responder does not know the certificate, which lists cannot make up for.
    Unknown,
    /// They cannot both be true.
    Contradiction(Contradiction),
}

/// In what they contradict one another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contradiction {
    /// On a list, and called good by a responder whose knowledge is newer than the revocation: a revocation is never taken back.
    ListedAndGood,
    /// Called revoked since a time before the list was made, and on no list.
    RevokedAndNotListed,
}

impl Contradiction {
    /// The stable word in audit and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListedAndGood => "listed_and_good",
            Self::RevokedAndNotListed => "revoked_and_not_listed",
        }
    }
}

/// Holds one against the other. `list_made`: thisUpdate of the oldest list that may cover the certificate; `answer_made`: thisUpdate
/// of the answer; `lag_seconds`: how long before thisUpdate a list may have been put together.
pub fn cross_check(
    listed: Status,
    list_made: Timestamp,
    answered: OcspStatus,
    answer_made: Timestamp,
    lag_seconds: i64,
) -> CrossCheck {
    match (listed, answered) {
        (Status::Good, OcspStatus::Good) => CrossCheck::Good,
        (Status::Good, OcspStatus::Unknown) => CrossCheck::Unknown,
        (Status::Good, OcspStatus::Revoked { reason, at }) => {
            if at.plus_seconds(lag_seconds) < list_made {
                CrossCheck::Contradiction(Contradiction::RevokedAndNotListed)
            } else {
                CrossCheck::Revoked(reason)
            }
        }
        (Status::Revoked { at, .. }, OcspStatus::Good) if answer_made >= at => {
            CrossCheck::Contradiction(Contradiction::ListedAndGood)
        }
        (Status::Revoked { reason, .. }, _) => CrossCheck::Revoked(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::RevocationReason::{KeyCompromise, Superseded};

    #[test]
    fn the_two_may_differ_in_what_happened_between_them_and_in_nothing_else() {
        const LAG: i64 = 100;
        let made = Timestamp::from_seconds(1_000_000);
        let listed = |seconds| Status::Revoked {
            reason: Superseded,
            at: made.plus_seconds(seconds),
        };
        let revoked = |seconds| OcspStatus::Revoked {
            reason: KeyCompromise,
            at: made.plus_seconds(seconds),
        };
        let contradiction = CrossCheck::Contradiction;
        for (list, answer, answer_made, expected) in [
            (Status::Good, OcspStatus::Good, 0, CrossCheck::Good),
            (Status::Good, OcspStatus::Unknown, 0, CrossCheck::Unknown),
            (Status::Good, revoked(1), 60, CrossCheck::Revoked(KeyCompromise)),
            (Status::Good, revoked(0), 60, CrossCheck::Revoked(KeyCompromise)),
            (Status::Good, revoked(-LAG), 60, CrossCheck::Revoked(KeyCompromise)),
            (
                Status::Good,
                revoked(-LAG - 1),
                60,
                contradiction(Contradiction::RevokedAndNotListed),
            ),
            // The responder did not know yet.
            (listed(-10), OcspStatus::Good, -11, CrossCheck::Revoked(Superseded)),
            (
                listed(-10),
                OcspStatus::Good,
                -10,
                contradiction(Contradiction::ListedAndGood),
            ),
            (
                listed(-10),
                OcspStatus::Good,
                60,
                contradiction(Contradiction::ListedAndGood),
            ),
            (listed(-10), OcspStatus::Unknown, 60, CrossCheck::Revoked(Superseded)),
            (listed(-10), revoked(-500), 60, CrossCheck::Revoked(Superseded)),
        ] {
            let seen = cross_check(list, made, answer, made.plus_seconds(answer_made), LAG);
            assert_eq!(seen, expected, "{list:?} {answer:?} of {answer_made}");
        }
    }
}
