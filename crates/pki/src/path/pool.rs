//! Certificates at hand, made ready once: names in comparable form, doubles left out.

use std::collections::HashSet;

use crate::Reason;
use crate::certificate::Certificate;
use crate::name::CanonicalName;
use crate::path::direct::TrustAnchor;
use crate::path::trace::Mark;
use crate::tlv;

/// What is computed once per certificate.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) subject: CanonicalName,
    pub(super) issuer: CanonicalName,
    pub(super) mark: Mark,
}

impl Names {
    pub(super) fn of(certificate: &Certificate) -> Result<Self, Reason> {
        Ok(Self {
            subject: CanonicalName::of(certificate.subject())?,
            issuer: CanonicalName::of(certificate.issuer())?,
            mark: Mark::of(certificate),
        })
    }
}

/// A certificate with its names in comparable form.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) names: &'a Names,
}

impl Member<'_> {
    /// Self-issued (section 3.2): the same name twice, so a re-key or a link certificate.
    pub(super) fn self_issued(&self) -> bool {
        self.names.subject == self.names.issuer
    }

    /// Self-issued, and by its own key as far as key identifiers tell.
    pub(super) fn looks_self_signed(&self) -> bool {
        let extensions = self.certificate.extensions();
        let wanted = extensions
            .authority_key_id
            .as_ref()
            .and_then(|id| id.key_id.as_ref());
        self.self_issued() && (wanted.is_none() || wanted == extensions.subject_key_id.as_ref())
    }

    /// Whether this certificate's key identifier is the one that another asks for. None where either is silent.
    pub(super) fn is_asked_for_by(&self, child: &Member<'_>) -> Option<bool> {
        let wanted = child
            .certificate
            .extensions()
            .authority_key_id
            .as_ref()?
            .key_id
            .as_ref()?;
        let offered = self.certificate.extensions().subject_key_id.as_ref()?;
        Some(wanted == offered)
    }
}

/// A certificate and what was computed from it.
#[derive(Clone)]
struct Stored {
    certificate: Certificate,
    names: Names,
}

impl Stored {
    fn new(certificate: Certificate) -> Result<Self, Reason> {
        Ok(Self {
            names: Names::of(&certificate)?,
            certificate,
        })
    }

    fn member(&self) -> Member<'_> {
        Member {
            certificate: &self.certificate,
            names: &self.names,
        }
    }
}

/// The certificate that a path is sought for.
#[derive(Clone)]
pub struct Target(Stored);

impl Target {
    /// Takes a certificate. Its names must be readable, and that is all.
    pub fn new(certificate: Certificate) -> Result<Self, Reason> {
        Stored::new(certificate).map(Self)
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.0.certificate
    }

    pub(super) fn member(&self) -> Member<'_> {
        self.0.member()
    }
}

fn ready(certificates: impl IntoIterator<Item = Certificate>) -> Result<Vec<Stored>, Reason> {
    let mut seen = HashSet::new();
    certificates
        .into_iter()
        .filter(|certificate| seen.insert(certificate.der().to_vec()))
        .map(Stored::new)
        .collect()
}

fn members(stored: &[Stored]) -> impl Iterator<Item = Member<'_>> {
    stored.iter().map(Stored::member)
}

/// Authorities that are trusted because the operator says so.
#[derive(Clone, Default)]
pub struct Anchors {
    stored: Vec<Stored>,
}

impl Anchors {
    /// Trusts the keys of these certificates under their subjects' names. They need not be self-signed.
    pub fn new(certificates: impl IntoIterator<Item = Certificate>) -> Result<Self, Reason> {
        let stored = ready(certificates)?;
        if stored.iter().any(|stored| stored.names.subject.is_empty()) {
            return Err(Reason::NotAnAuthority);
        }
        Ok(Self { stored })
    }

    /// Trusts pinned authorities.
    pub fn of_pinned<'a>(anchors: impl IntoIterator<Item = &'a TrustAnchor>) -> Result<Self, Reason> {
        Self::new(anchors.into_iter().map(|anchor| anchor.certificate().clone()))
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member<'_>> {
        members(&self.stored)
    }
}

/// Certificates that may lie between: cross-certificates, link certificates, subordinate authorities. Nothing in here is
/// trusted.
#[derive(Clone, Default)]
pub struct Issuers {
    stored: Vec<Stored>,
    unreadable: usize,
}

impl Issuers {
    /// No more certificates than this are taken.
    pub const MAX: usize = 4096;

    /// Takes certificates; doubles count once.
    pub fn new(certificates: impl IntoIterator<Item = Certificate>) -> Result<Self, Reason> {
        Ok(Self {
            stored: ready(certificates.into_iter().take(Self::MAX))?,
            unreadable: 0,
        })
    }

    /// Takes DER from strangers: what cannot be read is left out and counted, since a path may exist without it.
    pub fn from_der<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Reason> {
        let mut unreadable = 0;
        let mut readable = Vec::new();
        for der in certificates.into_iter().take(Self::MAX) {
            match Certificate::parse(der) {
                Ok(certificate) => readable.push(certificate),
                Err(_) => unreadable += 1,
            }
        }
        Ok(Self {
            stored: ready(readable)?,
            unreadable,
        })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member<'_>> {
        members(&self.stored)
    }

    /// How many could not be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }
}

/// The e-mail addresses in a subject (section 4.2.1.10 holds them against constraints where subjectAltName has none).
pub(super) fn subject_emails(certificate: &Certificate) -> Result<Vec<String>, Reason> {
    let mut all = Vec::new();
    let mut rdns = tlv::single(certificate.subject().as_der(), tlv::SEQUENCE)?.inside();
    while !rdns.is_empty() {
        let mut rdn = rdns.expect(tlv::SET)?.inside();
        while !rdn.is_empty() {
            let mut attribute = rdn.expect(tlv::SEQUENCE)?.inside();
            let kind = tlv::oid(&attribute.expect(tlv::OBJECT_IDENTIFIER)?)?;
            if kind == EMAIL_ADDRESS {
                let text = std::str::from_utf8(attribute.any()?.content).map_err(|_| Reason::Malformed {
                    field: "emailAddress",
                })?;
                all.push(text.to_owned());
            }
        }
    }
    Ok(all)
}

const EMAIL_ADDRESS: crate::Oid = crate::Oid::new_unwrap("1.2.840.113549.1.9.1");
