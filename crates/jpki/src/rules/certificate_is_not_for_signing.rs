//! The person picked the 利用者証明用 certificate and not the 署名用 one, which carries name and address and must
//! not travel in a handshake (TLS 1.2 sends it in clear, RFC 5246 section 7.4.6). Recognised by its policy, by the name of a pinned 署名用 authority, or by that
//! authority's published name; whether the signature holds does not matter for a refusal.

use crate::authority::{CaKind, recognise};
use crate::check::{Claimed, Seen};
use crate::reason::Reason;

pub(crate) fn check(claimed: &Claimed<'_>) -> Seen {
    let certificate = claimed.certificate;
    let issuer = certificate.issuer();
    let named_so = recognise(issuer).is_some_and(|(kind, _)| kind == CaKind::DigitalSignature)
        || claimed
            .config
            .anchors(CaKind::DigitalSignature)
            .any(|anchor| anchor.name() == issuer);
    let policies = certificate.extensions().policies.as_ref();
    let signs = policies.is_some_and(|carried| {
        carried
            .policies
            .iter()
            .any(|policy| claimed.config.signing_policies.contains(&policy.oid))
    });
    if named_so || signs {
        Err(Reason::SigningCertificate)
    } else {
        Ok(None)
    }
}
