//! Whether the certificate of a connection is the one that a client is registered with (RFC 8705 section 2).

use std::fmt::Write as _;
use std::path::PathBuf;

use domain::{RegisteredCertificate, Timestamp};
use pki::{Anchors, Certificate, GeneralName, Issuers, PathInputs, PathReason, Status, Target, find_path};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ClientCertificate;

/// id-kp-clientAuth (RFC 5280 section 4.2.1.12).
const CLIENT_AUTH: pki::Oid = pki::Oid::new_unwrap("1.3.6.1.5.5.7.3.2");

/// Why a connection's certificate does not authenticate a client. Carries nothing of the certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateRefusal {
    /// None was shown on this connection.
    Absent,
    /// It cannot be read.
    Unreadable,
    /// Its validity has not begun.
    NotYetValid,
    /// Its validity has ended.
    Expired,
    /// Not one of the registered ones.
    NotRegistered,
    /// No pinned authority stands behind it, or not for this.
    NoPath(PathReason),
    /// It is another subject's.
    OtherSubject,
}

impl CertificateRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Absent => "certificate_absent",
            Self::Unreadable => "certificate_unreadable",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::Expired => "certificate_expired",
            Self::NotRegistered => "certificate_not_registered",
            Self::NoPath(_) => "certificate_without_path",
            Self::OtherSubject => "certificate_of_other_subject",
        }
    }
}

impl std::fmt::Display for CertificateRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for CertificateRefusal {}

/// The pinned authorities of `tls_client_auth`, from PEM files.
///
/// # Errors
/// A sentence about the file.
pub fn anchors(files: &[PathBuf]) -> Result<Anchors, String> {
    let mut all = Vec::new();
    for path in files {
        let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let pem = std::fs::read(path).map_err(|why| wrong(&why))?;
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|why| wrong(&why))?;
            all.push(Certificate::parse(&certificate).map_err(|why| wrong(&why))?);
        }
        if all.len() == before {
            return Err(wrong(&"no certificate in it"));
        }
    }
    Anchors::new(all).map_err(|why| why.to_string())
}

/// Judges what was shown against what is registered. Its dates count for a self-signed certificate too, so that a forgotten one ends.
///
/// # Errors
/// Why it is not the client's.
pub fn judge(
    shown: Option<&ClientCertificate>,
    registered: &RegisteredCertificate,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<(), CertificateRefusal> {
    let shown = shown.ok_or(CertificateRefusal::Absent)?;
    let certificate = Certificate::parse(shown.der()).map_err(|_| CertificateRefusal::Unreadable)?;
    in_force(&certificate, now)?;
    if let RegisteredCertificate::Sha256(all) = registered {
        return if all.iter().any(|hash| hash == shown.sha256()) {
            Ok(())
        } else {
            Err(CertificateRefusal::NotRegistered)
        };
    }
    // The path first: names in a certificate of nobody in particular say nothing.
    path(&certificate, shown, anchors, now)?;
    let mut names = certificate.extensions().subject_alt_names.iter().flatten();
    let fits = match registered {
        RegisteredCertificate::Sha256(_) => false,
        RegisteredCertificate::SubjectDn(name) => subject_dn(&certificate).as_ref() == Some(name),
        RegisteredCertificate::SanDns(name) => {
            names.any(|found| matches!(found, GeneralName::Dns(dns) if dns.eq_ignore_ascii_case(name)))
        }
        RegisteredCertificate::SanUri(name) => {
            names.any(|found| matches!(found, GeneralName::Uri(uri) if uri == name))
        }
    };
    if fits {
        Ok(())
    } else {
        Err(CertificateRefusal::OtherSubject)
    }
}

/// The dates alone: for whoever holds a token that is bound to a certificate.
///
/// # Errors
/// [`CertificateRefusal::NotYetValid`] and [`CertificateRefusal::Expired`].
fn in_force(certificate: &Certificate, now: Timestamp) -> Result<(), CertificateRefusal> {
    if now < certificate.not_before() {
        Err(CertificateRefusal::NotYetValid)
    } else if now > certificate.not_after() {
        Err(CertificateRefusal::Expired)
    } else {
        Ok(())
    }
}

fn path(
    certificate: &Certificate,
    shown: &ClientCertificate,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<(), CertificateRefusal> {
    let target = Target::new(certificate.clone()).map_err(|_| CertificateRefusal::Unreadable)?;
    let issuers = Issuers::from_der(shown.intermediates()).map_err(|_| CertificateRefusal::Unreadable)?;
    let inputs = PathInputs {
        purpose: Some(CLIENT_AUTH),
        ..PathInputs::at(now)
    };
    // Whether it is revoked is not asked: a client's registration is ended in the register, at once.
    find_path(&target, &[&issuers], anchors, Status::NotAsked, &inputs)
        .map(|_| ())
        .map_err(|refusal| CertificateRefusal::NoPath(refusal.reason))
}

/// The subject as RFC 4514 section 2 writes it: the last name first, the short words of section 3, everything else by its number.
/// Attributes of one RDN are joined like RDNs; authorities that people pin issue no such names.
fn subject_dn(certificate: &Certificate) -> Option<String> {
    let attributes = certificate.subject().attributes().ok()?;
    let mut text = String::new();
    for (kind, value) in attributes.iter().rev() {
        if value.is_empty() {
            // Another string type than we read: never equal to anything.
            return None;
        }
        let kind = kind.to_string();
        let word = match kind.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.6" => "C",
            "2.5.4.9" => "STREET",
            "0.9.2342.19200300.100.1.25" => "DC",
            "0.9.2342.19200300.100.1.1" => "UID",
            other => other,
        };
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{word}={}", escaped(value));
    }
    Some(text)
}

/// RFC 4514 section 2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (place, letter) in value.chars().enumerate() {
        let edge = (place == 0 && matches!(letter, ' ' | '#')) || (place == last && letter == ' ');
        if edge || matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            text.push('\\');
        }
        if letter == '\0' {
            text.push_str("\\00");
        } else {
            text.push(letter);
        }
    }
    text
}
