//! A pinned 利用者証明用 authority signed the certificate. Three key generations share one name, so the signature
//! chooses which (facts §1.1).

use pki::VerifiedPath;

use crate::authority::{CaKind, PinnedCa};
use crate::check::Claimed;
use crate::reason::Reason;

pub(crate) fn check<'a>(claimed: &Claimed<'a>) -> Result<(VerifiedPath<'a>, &'a PinnedCa), Reason> {
    let config = claimed.config;
    let path = VerifiedPath::verify(claimed.certificate, config.anchors(CaKind::UserAuthentication))
        .map_err(|_| Reason::UnknownCa)?;
    let ca = config
        .authorities
        .iter()
        .find(|ca| ca.anchor() == path.anchor() && ca.kind() == CaKind::UserAuthentication)
        .ok_or(Reason::UnknownCa)?;
    Ok((path, ca))
}
