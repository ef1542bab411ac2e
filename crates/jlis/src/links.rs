//! Which other certificates belong to the same person.

use std::fmt;

use async_trait::async_trait;
use jpki::CaKind;
use pki::ocsp::{LinkAuthority, LinkKind, MAX_LINKS, OcspLink};

use crate::{CertificateName, Unavailable};

/// One link. `Debug` shows kind and authority only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// How it belongs.
    pub kind: LinkKind,
    /// The other certificate.
    pub name: CertificateName,
}

impl Link {
    /// A link as an OCSP answer carries it.
    pub fn of_ocsp(link: &OcspLink) -> Self {
        Self {
            kind: link.kind,
            name: CertificateName {
                ca_kind: match link.authority {
                    LinkAuthority::UserAuthentication => CaKind::UserAuthentication,
                    LinkAuthority::DigitalSignature => CaKind::DigitalSignature,
                },
                issuer_key_hash: link.issuer_key_hash.clone(),
                serial: link.serial.clone(),
            },
        }
    }
}

/// J-LIS names several different certificates where there can be one: a person decides, not we.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ConflictingLinks {
    /// Which kind.
    pub kind: LinkKind,
    /// How many.
    pub count: usize,
}

impl fmt::Display for ConflictingLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} certificates are linked as {}",
            self.count,
            self.kind.as_str()
        )
    }
}

impl std::error::Error for ConflictingLinks {}

/// All links of one certificate, at most [`MAX_LINKS`], none twice, none to itself, each to an authority that its kind allows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Links(Vec<Link>);

impl Links {
    /// Takes in what a source said about `of`. An impossible link is [`Unavailable::Unintelligible`]: whoever says such a
    /// thing is not to be relied on for the rest.
    pub fn about(of: &CertificateName, links: Vec<Link>) -> Result<Self, Unavailable> {
        let possible = |link: &Link| {
            link.name != *of
                && match link.kind {
                    // One authority's certificate never replaces the other's.
                    LinkKind::Predecessor | LinkKind::Successor => link.name.ca_kind == of.ca_kind,
                    LinkKind::Signing => link.name.ca_kind == CaKind::DigitalSignature,
                    LinkKind::Authentication => link.name.ca_kind == CaKind::UserAuthentication,
                    LinkKind::Phone | LinkKind::Card => true,
                }
        };
        let twice = |place: usize, link: &Link| links.iter().take(place).any(|earlier| earlier == link);
        if links.len() > MAX_LINKS
            || !links.iter().all(possible)
            || links.iter().enumerate().any(|(place, link)| twice(place, link))
        {
            return Err(Unavailable::Unintelligible);
        }
        Ok(Self(links))
    }

    /// All.
    pub fn all(&self) -> &[Link] {
        &self.0
    }

    /// Those of one kind.
    pub fn of_kind(&self, kind: LinkKind) -> impl Iterator<Item = &CertificateName> {
        self.0
            .iter()
            .filter(move |link| link.kind == kind)
            .map(|link| &link.name)
    }

    /// The one of a kind, none, or a conflict.
    pub fn only(&self, kind: LinkKind) -> Result<Option<&CertificateName>, ConflictingLinks> {
        let mut names = self.of_kind(kind);
        let first = names.next();
        match names.count() {
            0 => Ok(first),
            more => Err(ConflictingLinks {
                kind,
                count: more.saturating_add(1),
            }),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Who knows which certificates belong together.
#[async_trait]
pub trait LinkSource: Send + Sync {
    /// The certificate that `of` replaced; `None` only if the source says for certain that there is none.
    ///
    /// An implementation bounds its time and the size of the answer.
    async fn predecessor(&self, of: &CertificateName) -> Result<Option<CertificateName>, Unavailable>;

    /// All links of `of`. Empty only if the source says for certain that there are none.
    ///
    /// An implementation bounds its time and the size of the answer.
    async fn links(&self, of: &CertificateName) -> Result<Links, Unavailable>;
}

#[cfg(test)]
mod tests {
    use pki::SerialNumber;

    use super::*;

    fn name(ca_kind: CaKind, serial: u8) -> CertificateName {
        CertificateName {
            ca_kind,
            issuer_key_hash: "ab".repeat(32),
            serial: SerialNumber::from_bytes(&[serial]).unwrap(),
        }
    }

    #[test]
    fn impossible_links_are_refused_whole_and_conflicts_are_told() {
        use CaKind::{DigitalSignature, UserAuthentication};
        let of = name(UserAuthentication, 1);
        for (kind, ca_kind, possible) in [
            (LinkKind::Predecessor, UserAuthentication, true),
            (LinkKind::Predecessor, DigitalSignature, false),
            (LinkKind::Successor, UserAuthentication, true),
            (LinkKind::Successor, DigitalSignature, false),
            (LinkKind::Signing, UserAuthentication, false),
            (LinkKind::Signing, DigitalSignature, true),
            (LinkKind::Authentication, UserAuthentication, true),
            (LinkKind::Authentication, DigitalSignature, false),
            (LinkKind::Phone, UserAuthentication, true),
            (LinkKind::Phone, DigitalSignature, true),
            (LinkKind::Card, UserAuthentication, true),
            (LinkKind::Card, DigitalSignature, true),
        ] {
            let link = |serial| Link {
                kind,
                name: name(ca_kind, serial),
            };
            let read = Links::about(&of, vec![link(2)]);
            assert_eq!(read.is_ok(), possible, "{kind:?} {ca_kind:?}");
            assert_eq!(
                Links::about(&of, vec![link(2), link(2)]),
                Err(Unavailable::Unintelligible),
                "twice"
            );
            let Ok(links) = read else { continue };
            assert_eq!(links.only(kind), Ok(Some(&name(ca_kind, 2))));
            let two = Links::about(&of, vec![link(2), link(3)]).unwrap();
            assert_eq!(two.only(kind), Err(ConflictingLinks { kind, count: 2 }));
        }
        let itself = Link {
            kind: LinkKind::Card,
            name: of.clone(),
        };
        assert_eq!(Links::about(&of, vec![itself]), Err(Unavailable::Unintelligible));
        let many = (2..)
            .take(MAX_LINKS + 1)
            .map(|serial| Link {
                kind: LinkKind::Card,
                name: name(UserAuthentication, serial),
            })
            .collect::<Vec<_>>();
        assert!(Links::about(&of, many[1..].to_vec()).is_ok());
        assert_eq!(Links::about(&of, many), Err(Unavailable::Unintelligible));
        assert_eq!(Links::default().only(LinkKind::Card), Ok(None));
    }
}
