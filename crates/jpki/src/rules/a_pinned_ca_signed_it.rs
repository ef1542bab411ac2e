//! A pinned authority of the kind asked for signed the certificate. Three key generations share one name, so the signature
//! chooses which (www.jpki.go.jp/ca; RFC 5280 section 6.1.3).

use pki::VerifiedPath;

use crate::authority::PinnedCa;
use crate::check::Claimed;
use crate::reason::Reason;

pub(crate) fn check<'a>(claimed: &Claimed<'a>) -> Result<(VerifiedPath<'a>, &'a PinnedCa), Reason> {
    let config = claimed.config;
    let path = VerifiedPath::verify(claimed.certificate, config.anchors(claimed.kind))
        .map_err(|_| Reason::UnknownCa)?;
    let ca = config
        .authorities
        .iter()
        .find(|ca| ca.anchor() == path.anchor() && ca.kind() == claimed.kind)
        .ok_or(Reason::UnknownCa)?;
    Ok((path, ca))
}
