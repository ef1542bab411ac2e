//! What a service can verify, by its metadata (saml-metadata-algsupport-v1.0).

use xml::Element;
use xml::dsig::SignatureAlgorithm;

use super::MetadataReason;
use super::service_provider::named;
use crate::names::ALGSUPPORT;

/// What the platform signs with for everybody.
pub const SIGNED_WITH: SignatureAlgorithm = SignatureAlgorithm::RsaSha256;

/// Refuses metadata that lists signature or digest methods and not ours: whoever wrote it could read nothing that is sent
/// (section 2.3: a role's own list goes before the entity's, for each of the two kinds). No list says nothing.
pub(super) fn read_what_we_sign(entity: Element<'_>, role: Element<'_>) -> Result<(), MetadataReason> {
    for (local, ours) in [
        ("SigningMethod", SIGNED_WITH.uri()),
        ("DigestMethod", SIGNED_WITH.digest().uri()),
    ] {
        let of_role = listed(role, local)?;
        let listed = if of_role.is_empty() {
            listed(entity, local)?
        } else {
            of_role
        };
        if !listed.is_empty() && !listed.contains(&ours) {
            return Err(MetadataReason::AlgorithmNotListed { what: local, ours });
        }
    }
    Ok(())
}

fn listed<'d>(of: Element<'d>, local: &str) -> Result<Vec<&'d str>, MetadataReason> {
    let mut found = Vec::new();
    for extensions in named(of, "Extensions")? {
        let methods = extensions.elements()?.into_iter();
        found.extend(
            methods
                .filter(|method| method.is(ALGSUPPORT, local))
                .filter_map(|method| method.attribute("Algorithm")),
        );
    }
    Ok(found)
}
