//! The request does not say who is to sign in: a service here never knows a person before.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "subject_is_absent",
    citation: "saml-core-2.0-os 3.4.1; saml-profiles-2.0-os 4.1.4.1",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    if asked.request.has_subject {
        return Err(Reason::SubjectPresent);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{accepts, refuses};

    #[test]
    fn table() {
        accepts(check, |_| {});
        refuses(check, |s| s.request.has_subject = true, &Reason::SubjectPresent);
    }
}
