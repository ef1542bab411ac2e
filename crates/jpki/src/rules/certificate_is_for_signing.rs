//! The document was signed with the 署名用 certificate and not with the 利用者証明用 one, which names nobody. Recognised by its policy or
//! by the published name of its issuer; whether the signature holds does not matter for a refusal.

use crate::authority::{CaKind, recognise};
use crate::check::{Claimed, Seen};
use crate::reason::Reason;

pub(crate) fn check(claimed: &Claimed<'_>) -> Seen {
    let issuer = claimed.certificate.issuer();
    let named_so = recognise(issuer).is_some_and(|(kind, _)| kind == CaKind::UserAuthentication);
    let policies = claimed.certificate.extensions().policies.as_ref();
    let authenticates = policies.is_some_and(|carried| {
        carried
            .policies
            .iter()
            .any(|policy| claimed.config.authentication_policies.contains(&policy.oid))
    });
    if named_so || authenticates {
        Err(Reason::AuthenticationCertificate)
    } else {
        Ok(None)
    }
}
