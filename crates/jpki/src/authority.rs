//! The two authorities: their published names, and the certificates that the operator pinned.
//!
//! Three key generations of each share one name (www.jpki.go.jp/ca), so a name recognises an authority for a helpful refusal,
//! and only a signature proves one.

use pki::{Name, Oid, TrustAnchor};

use crate::ConfigReason;

const COUNTRY: Oid = Oid::new_unwrap("2.5.4.6");
const ORGANIZATION: Oid = Oid::new_unwrap("2.5.4.10");
const ORGANIZATIONAL_UNIT: Oid = Oid::new_unwrap("2.5.4.11");

/// Which of the two authorities.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CaKind {
    /// 利用者証明用: who signs in.
    UserAuthentication,
    /// 署名用: who signs documents; its certificates carry name and address and are never asked for in a handshake.
    DigitalSignature,
}

impl CaKind {
    /// The spelling in digests, in configuration and on the J-LIS port. Never changes: serial digests depend on it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserAuthentication => "user-authentication",
            Self::DigitalSignature => "digital-signature",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::UserAuthentication, Self::DigitalSignature]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Under which roof an authority stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Hierarchy {
    /// `O=JPKI`
    Production,
    /// `O=JPKI-TEST`
    Test,
}

/// Recognises the published name of an authority (www.jpki.go.jp/ca): `C=JP, O, OU, OU`, two RDNs of one attribute, in
/// this order. A claim, not a proof.
pub fn recognise(name: &Name) -> Option<(CaKind, Hierarchy)> {
    let attributes = name.attributes().ok()?;
    let [
        (COUNTRY, country),
        (ORGANIZATION, organization),
        (ORGANIZATIONAL_UNIT, unit),
        (ORGANIZATIONAL_UNIT, agency),
    ] = attributes.as_slice()
    else {
        return None;
    };
    if country != "JP" || agency != "Japan Agency for Local Authority Information Systems" {
        return None;
    }
    let hierarchy = match organization.as_str() {
        "JPKI" => Hierarchy::Production,
        "JPKI-TEST" => Hierarchy::Test,
        _ => return None,
    };
    let kind = match unit.as_str() {
        "JPKI for user authentication" => CaKind::UserAuthentication,
        "JPKI for digital signature" => CaKind::DigitalSignature,
        _ => return None,
    };
    Some((kind, hierarchy))
}

/// One key generation of an authority, pinned by the operator from the published files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedCa {
    kind: CaKind,
    label: String,
    anchor: TrustAnchor,
}

impl PinnedCa {
    /// Pins a self-signed authority certificate for a purpose. `label` tells the generation to operators
    /// (`"generation 3"`). A certificate whose published name belongs to the other purpose is refused.
    pub fn from_der(kind: CaKind, label: &str, der: &[u8]) -> Result<Self, ConfigReason> {
        let refused = |reason| ConfigReason::Anchor {
            label: label.to_owned(),
            reason,
        };
        let anchor = TrustAnchor::from_der(der).map_err(refused)?;
        match recognise(anchor.name()) {
            Some((named, _)) if named != kind => Err(ConfigReason::OtherPurpose {
                label: label.to_owned(),
                named,
            }),
            _ => Ok(Self {
                kind,
                label: label.to_owned(),
                anchor,
            }),
        }
    }

    /// For which purpose.
    pub fn kind(&self) -> CaKind {
        self.kind
    }

    /// How operators call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The pinned certificate.
    pub fn anchor(&self) -> &TrustAnchor {
        &self.anchor
    }
}
