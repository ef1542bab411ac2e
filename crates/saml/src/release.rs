//! What attributes are called on the wire, and which of them a service's metadata asks for.
//!
//! **Owns** the names of everything that is released ([`names_of`]), the choice among it by requested names
//! ([`withheld`]), and the subject identifiers of saml-subject-id-attr-v1.0 ([`SubjectId`]).
//!
//! **Deliberately absent**: values, consent and registration (`idp-server`, `login`).
//!
//! **One more attribute**: its row in [`names_of`] and in the table of idp-server/docs/attributes.md.

use domain::{NameIdFormat, PseudonymValue, ReleasedAttribute, SubjectIdRequirement};

use crate::ServiceFacts;

/// `subject-id` (saml-subject-id-attr-v1.0 section 3.3).
pub const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
/// `pairwise-id` (section 3.4).
pub const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";

/// The names under which a released attribute goes out.
pub const fn names_of(attribute: ReleasedAttribute) -> &'static [&'static str] {
    match attribute {
        ReleasedAttribute::Pseudonym => &["urn:jp:go:gap:attribute:pseudonym", PAIRWISE_ID, SUBJECT_ID],
        ReleasedAttribute::AssuranceLevel => &[
            "urn:jp:go:gap:attribute:ial",
            "urn:jp:go:gap:attribute:aal",
            "urn:jp:go:gap:attribute:revocation-certainty",
        ],
        ReleasedAttribute::AuthenticationTime => &["urn:jp:go:gap:attribute:authentication-time"],
        ReleasedAttribute::AuthenticationMethod => &["urn:jp:go:gap:attribute:authentication-method"],
        ReleasedAttribute::Name => &[
            "urn:jp:go:gap:attribute:name",
            "urn:jp:go:gap:attribute:name-substitution",
        ],
        ReleasedAttribute::Address => &[
            "urn:jp:go:gap:attribute:address",
            "urn:jp:go:gap:attribute:address-substitution",
        ],
        ReleasedAttribute::BirthDate => &["urn:jp:go:gap:attribute:birth-date"],
        ReleasedAttribute::Gender => &["urn:jp:go:gap:attribute:gender"],
    }
}

/// What a service is registered for and does not ask for: not shown, not released. The pseudonym is never withheld,
/// since the reply names the person by it. `requested` none means that everything is asked for; names that are not ours
/// ask for nothing.
pub fn withheld(registered: &[ReleasedAttribute], requested: Option<&[String]>) -> Vec<ReleasedAttribute> {
    let Some(requested) = requested else {
        return Vec::new();
    };
    let asked = |attribute: ReleasedAttribute| {
        names_of(attribute)
            .iter()
            .any(|name| requested.iter().any(|requested| requested == name))
    };
    registered
        .iter()
        .copied()
        .filter(|attribute| *attribute != ReleasedAttribute::Pseudonym && !asked(*attribute))
        .collect()
}

/// Which subject identifier a reply carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SubjectId {
    /// None.
    Neither,
    /// The one of this service.
    Pairwise,
    /// The one that is the same everywhere.
    Everywhere,
}

impl SubjectId {
    /// What the service is given: pairwise unless its metadata asks otherwise, and the other one only where it is
    /// registered for it too (section 5: an identifier beyond what is required should not be sent). Beside a transient
    /// name nothing names the person unless the metadata asks for it.
    pub const fn of(service: &ServiceFacts, format: NameIdFormat) -> Self {
        match (service.subject_id_requirement, format) {
            (Some(SubjectIdRequirement::SubjectId), _) if service.subject_id => Self::Everywhere,
            (Some(SubjectIdRequirement::None | SubjectIdRequirement::SubjectId), _)
            | (None, NameIdFormat::Transient) => Self::Neither,
            (Some(SubjectIdRequirement::PairwiseId | SubjectIdRequirement::Any), _)
            | (None, NameIdFormat::Persistent) => Self::Pairwise,
        }
    }

    /// The attribute's name.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Neither => None,
            Self::Pairwise => Some(PAIRWISE_ID),
            Self::Everywhere => Some(SUBJECT_ID),
        }
    }
}

/// A subject identifier's text: `unique@scope` (section 3.1). Two that differ in case are one to a reader, so the unique
/// part is the random value's hexadecimal digits. None for a scope outside the syntax.
pub fn scoped(value: &PseudonymValue, scope: &str) -> Option<String> {
    let unique = value.as_str().rsplit('_').next()?;
    is_scope(scope).then(|| format!("{unique}@{scope}"))
}

/// `<scope> = <alphanum> 0*126(<alphanum> / "-" / ".")`.
pub fn is_scope(scope: &str) -> bool {
    scope.len() <= 127
        && scope.starts_with(|c: char| c.is_ascii_alphanumeric())
        && scope
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::service;

    #[test]
    fn names_are_unique_and_choose_what_is_released() {
        use ReleasedAttribute::{Address, AssuranceLevel, Gender, Name, Pseudonym};
        let registered = [Pseudonym, AssuranceLevel, Name, Gender];
        let asks = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            withheld(&registered, Some(&names))
        };
        assert_eq!(withheld(&registered, None), []);
        assert_eq!(asks(&[]), [AssuranceLevel, Name, Gender]);
        assert_eq!(
            asks(&["urn:oid:0.9.2342.19200300.100.1.3"]),
            [AssuranceLevel, Name, Gender]
        );
        assert_eq!(asks(&[names_of(Name)[0]]), [AssuranceLevel, Gender]);
        assert_eq!(asks(&[names_of(Name)[1], names_of(AssuranceLevel)[1]]), [Gender]);
        // What it is not registered for it does not get by asking.
        assert_eq!(asks(&[names_of(Address)[0]]), [AssuranceLevel, Name, Gender]);
    }

    #[test]
    fn pairwise_unless_both_ask_for_the_other() {
        use NameIdFormat::{Persistent, Transient};
        use SubjectIdRequirement as Req;
        for (requirement, registered, format, expected) in [
            (None, false, Persistent, SubjectId::Pairwise),
            (None, true, Persistent, SubjectId::Pairwise),
            (None, true, Transient, SubjectId::Neither),
            (Some(Req::PairwiseId), true, Transient, SubjectId::Pairwise),
            (Some(Req::Any), true, Persistent, SubjectId::Pairwise),
            (Some(Req::None), true, Persistent, SubjectId::Neither),
            (Some(Req::SubjectId), true, Transient, SubjectId::Everywhere),
            (Some(Req::SubjectId), false, Persistent, SubjectId::Neither),
        ] {
            let mut service = service();
            service.subject_id_requirement = requirement;
            service.subject_id = registered;
            assert_eq!(
                SubjectId::of(&service, format),
                expected,
                "{requirement:?} {registered}"
            );
        }
    }

    #[test]
    fn scopes() {
        let value: PseudonymValue = "p_0123456789abcdef0123456789abcdef".parse().unwrap();
        assert_eq!(
            scoped(&value, "idp.example").as_deref(),
            Some("0123456789abcdef0123456789abcdef@idp.example")
        );
        let long = "a".repeat(128);
        for bad in ["", "-a", ".a", "a b", "a_b", "a@b", "\u{3042}", long.as_str()] {
            assert_eq!(scoped(&value, bad), None, "{bad}");
        }
    }
}
