//! Why a link is not made, or not ended.

use std::fmt;

use crate::session::StoreFault;

/// Why a link is not made, or not ended. None of them says whose the other account or person is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LinkReason {
    /// No contact of this customer's was ever proven to be theirs: somebody may have made the account in their name.
    Unverified,
    /// The password was given too long ago.
    SignInAgain,
    /// There is no such ceremony: it is over, was gone on with already, or was never begun.
    NotUnderWay,
    /// It was begun in another session: somebody carries it from one browser to another.
    AnotherSession,
    /// The platform has not answered yet.
    NotProven,
    /// The card was not used within this ceremony.
    NotFresh,
    /// This customer is linked to another pseudonym: it is replaced ([`super::Purpose::Relink`]) or ended first.
    CustomerHasAnother,
    /// This person is linked to another customer: a person of the service's looks into it.
    PersonHasAnother,
    /// These two are linked already.
    AlreadyLinked,
    /// There is no link.
    NotLinked,
    /// Somebody else changed it at the same time: nothing was done.
    ChangedMeanwhile,
    /// The service's own store.
    Store(StoreFault),
}

impl From<StoreFault> for LinkReason {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl fmt::Display for LinkReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unverified => "a contact of this account must be verified first",
            Self::SignInAgain => "the password must be given again first",
            Self::NotUnderWay => "this linking is over; begin again",
            Self::AnotherSession => "this linking was begun in another session; begin again here",
            Self::NotProven => "the card was not used yet; begin again",
            Self::NotFresh => "the card was used before this linking began; begin again and use it now",
            Self::CustomerHasAnother => {
                "this account is linked to another card holder; replace or end that link first"
            }
            Self::PersonHasAnother => "this card holder is linked to another account; ask the counter",
            Self::AlreadyLinked => "these two are linked already",
            Self::NotLinked => "this account is not linked",
            Self::ChangedMeanwhile => "the link was changed at the same time; look at it again",
            Self::Store(fault) => return fault.fmt(f),
        })
    }
}

impl std::error::Error for LinkReason {}
