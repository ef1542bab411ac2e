//! The person is named by a name identifier of ours for this service. The value itself is looked up by the caller.

use super::{Asked, Rule};
use crate::Reason;
use crate::elements::Principal;
use crate::names::{FORMAT_UNSPECIFIED, name_id_format};

pub(crate) const RULE: Rule = Rule {
    name: "principal_is_named_as_issued",
    citation: "saml-core-2.0-os 3.7.3.2, 8.3.7; SAML2int 2.0 SDP-IDP27",
    check,
};

/// Qualifiers that were left out mean the parties of the exchange (core section 8.3.7). Nothing is encrypted to us: our metadata names no
/// key for it.
fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    let Principal::Named(name) = &asked.request.principal else {
        return Err(Reason::PrincipalUnreadable);
    };
    let ours = name
        .name_qualifier
        .as_ref()
        .is_none_or(|found| *found == asked.idp.entity_id);
    let theirs = name
        .sp_name_qualifier
        .as_ref()
        .is_none_or(|found| *found == asked.service.entity_id);
    let issued = name
        .format
        .as_deref()
        .is_none_or(|format| format == FORMAT_UNSPECIFIED || name_id_format(format).is_some());
    if ours && theirs && issued {
        Ok(())
    } else {
        Err(Reason::PrincipalOfAnother)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{named, verdict};
    use super::*;
    use crate::elements::NamedPrincipal;

    fn of(change: impl Fn(&mut NamedPrincipal)) -> Result<(), Reason> {
        verdict(check, |request| {
            let mut name = named();
            change(&mut name);
            request.principal = Principal::Named(name);
        })
    }

    #[test]
    fn accepted() {
        assert_eq!(of(|_| {}), Ok(()));
        assert_eq!(of(|n| n.name_qualifier = None), Ok(()));
        assert_eq!(of(|n| n.sp_name_qualifier = None), Ok(()));
        assert_eq!(of(|n| n.format = None), Ok(()));
        assert_eq!(of(|n| n.format = Some(FORMAT_UNSPECIFIED.to_owned())), Ok(()));
    }

    #[test]
    fn refused() {
        let other = || Some("https://other.example".to_owned());
        assert_eq!(
            of(|n| n.name_qualifier = other()),
            Err(Reason::PrincipalOfAnother)
        );
        assert_eq!(
            of(|n| n.sp_name_qualifier = other()),
            Err(Reason::PrincipalOfAnother)
        );
        let mail = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        assert_eq!(
            of(|n| n.format = Some(mail.to_owned())),
            Err(Reason::PrincipalOfAnother)
        );
        for unreadable in [Principal::Encrypted, Principal::Other] {
            assert_eq!(
                verdict(check, |r| r.principal = unreadable.clone()),
                Err(Reason::PrincipalUnreadable)
            );
        }
    }
}
