//! Which certificates belong together, as J-LIS knows (公的個人認証法 articles 18, 37 and 52).

use serde::{Deserialize, Serialize};

use super::Simulation;
use crate::authority::CaKind;
use crate::person::Medium;
use crate::record::{CardRecord, CertificateName};

/// What a linked certificate is to the one asked about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Replaced by it (新旧).
    Predecessor,
    /// Replaced it.
    Successor,
    /// The 署名用 certificate beside it in the same medium.
    Signing,
    /// The 利用者証明用 certificate beside it.
    Authentication,
    /// The same kind on the person's phone.
    Phone,
    /// The same kind on the person's card.
    Card,
}

impl LinkKind {
    /// The ENUMERATED in the link extension of the simulated OCSP responder.
    pub const fn code(self) -> u8 {
        match self {
            Self::Predecessor => 0,
            Self::Successor => 1,
            Self::Signing => 2,
            Self::Authentication => 3,
            Self::Phone => 4,
            Self::Card => 5,
        }
    }
}

/// One link.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CertificateLink {
    /// What it is.
    pub kind: LinkKind,
    /// Which certificate.
    #[serde(flatten)]
    pub name: CertificateName,
}

impl Simulation {
    /// The certificate with a name.
    pub fn find(&self, name: &CertificateName) -> Option<&CardRecord> {
        self.cards.iter().find(|card| card.name() == *name)
    }

    /// The certificate that a certificate replaced, as J-LIS would answer.
    pub fn predecessor(&self, of: &CertificateName) -> Option<&CertificateName> {
        self.links
            .iter()
            .find(|link| link.new == *of)
            .map(|link| &link.old)
    }

    /// Everything that J-LIS links to a certificate; `None` for one that was never issued. Beside and elsewhere, the newest
    /// certificate is named, revoked or not.
    pub fn links_of(&self, of: &CertificateName) -> Option<Vec<CertificateLink>> {
        let record = self.find(of)?;
        let mut all = Vec::new();
        let mut add = |kind: LinkKind, name: &CertificateName| {
            all.push(CertificateLink {
                kind,
                name: name.clone(),
            });
        };
        if let Some(old) = self.predecessor(of) {
            add(LinkKind::Predecessor, old);
        }
        for link in self.links.iter().filter(|link| link.old == *of) {
            add(LinkKind::Successor, &link.new);
        }
        let Some(person) = &record.person else {
            return Some(all);
        };
        let (beside, kind) = match record.ca_kind {
            CaKind::UserAuthentication => (LinkKind::Signing, CaKind::DigitalSignature),
            CaKind::DigitalSignature => (LinkKind::Authentication, CaKind::UserAuthentication),
        };
        if let Some(found) = self.newest(person, record.medium, kind) {
            add(beside, &found.name());
        }
        let elsewhere = match record.medium {
            Medium::Card => LinkKind::Phone,
            Medium::Phone => LinkKind::Card,
        };
        if let Some(found) = self.newest(person, record.medium.other(), record.ca_kind) {
            add(elsewhere, &found.name());
        }
        Some(all)
    }
}
