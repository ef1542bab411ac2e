//! The certificate is an end entity's (RFC 5280 sections 4.2.1.3 and 4.2.1.9): an authority's own certificate lies readable on
//! every card.

use crate::check::{Proven, Seen};
use crate::reason::{ProfileDefect, Reason};

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let extensions = proven.certificate().extensions();
    let authority = extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.is_authority)
        || extensions
            .key_usage
            .is_some_and(|usage| usage.key_cert_sign() || usage.crl_sign());
    if authority {
        Err(Reason::MalformedProfile(ProfileDefect::Authority))
    } else {
        Ok(None)
    }
}
