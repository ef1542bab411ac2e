//! What the certificate of a connection says, and whether a pinned authority stands behind it (RFC 8705 section 2). Whether it is the one
//! that somebody is registered with is for the rules in `oidc::client_certificate`.

use std::fmt::Write as _;
use std::path::PathBuf;

use domain::{RegisteredCertificate, Timestamp};
use oidc::client_certificate::{self, Authority, CertificateFacts, CertificateFault, Demand, SubjectName};
use pki::{
    Anchors, Certificate, GeneralName, Issuers, KeyKind, KeyNumbers, PathInputs, PathReason, Status, Target,
    find_path,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ClientCertificate;

/// id-kp-clientAuth (RFC 5280 section 4.2.1.12).
const CLIENT_AUTH: pki::Oid = pki::Oid::new_unwrap("1.3.6.1.5.5.7.3.2");

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

/// What rules want to know of the certificate of a connection. A path is looked for where a name is to count, and nowhere else.
pub fn look_at(
    shown: Option<&ClientCertificate>,
    anchors: Option<&Anchors>,
    now: Timestamp,
) -> Result<CertificateFacts, CertificateFault> {
    let shown = shown.ok_or(CertificateFault::Absent)?;
    let certificate = Certificate::parse(shown.der()).map_err(|_| CertificateFault::Unreadable)?;
    let authority = match anchors {
        None => Authority::NotAsked,
        Some(anchors) => match path(&certificate, shown, anchors, now)? {
            Ok(()) => Authority::Pinned,
            Err(reason) => Authority::Missing(reason.to_string()),
        },
    };
    let names = certificate.extensions().subject_alt_names.iter().flatten();
    Ok(CertificateFacts {
        sha256: shown.sha256().to_owned(),
        confirmation: shown.confirmation().to_owned(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        key: key(shown.der()),
        authority,
        subject_dn: subject_dn(&certificate),
        names: names.filter_map(subject_name).collect(),
    })
}

/// Judges what a verifier showed against what is registered of it, by the rules for clients.
///
/// # Errors
/// Why it is not the verifier's.
pub fn judge(
    shown: Option<&ClientCertificate>,
    registered: &RegisteredCertificate,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<(), CertificateFault> {
    let by_name = !matches!(registered, RegisteredCertificate::Sha256(_));
    let looked = look_at(shown, by_name.then_some(anchors), now);
    client_certificate::judge(&looked, Demand::Registered(registered), now).map(|_| ())
}

fn path(
    certificate: &Certificate,
    shown: &ClientCertificate,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Result<(), PathReason>, CertificateFault> {
    let target = Target::new(certificate.clone()).map_err(|_| CertificateFault::Unreadable)?;
    let issuers = Issuers::from_der(shown.intermediates()).map_err(|_| CertificateFault::Unreadable)?;
    let inputs = PathInputs {
        purpose: Some(CLIENT_AUTH),
        ..PathInputs::at(now)
    };
    // Whether it is revoked is not asked: a client's registration is ended in the register, at once.
    Ok(
        find_path(&target, &[&issuers], anchors, Status::NotAsked, &inputs)
            .map(|_| ())
            .map_err(|refusal| refusal.reason),
    )
}

fn subject_name(name: &GeneralName) -> Option<SubjectName> {
    match name {
        GeneralName::Dns(text) => Some(SubjectName::Dns(text.clone())),
        GeneralName::Uri(text) => Some(SubjectName::Uri(text.clone())),
        GeneralName::Ip(octets) => Some(SubjectName::Ip(octets.clone())),
        GeneralName::Email(text) => Some(SubjectName::Email(text.clone())),
        _ => None,
    }
}

/// The key in the form of a JWK.
fn key(der: &[u8]) -> Option<jose::PublicKey> {
    let key = pki::PublicKey::of_certificate(der).ok()?;
    match (key.kind(), key.numbers()?) {
        (KeyKind::P256, KeyNumbers::Point { x, y }) => Some(jose::PublicKey::P256 {
            x: x.try_into().ok()?,
            y: y.try_into().ok()?,
        }),
        (KeyKind::P384, KeyNumbers::Point { x, y }) => Some(jose::PublicKey::P384 {
            x: x.try_into().ok()?,
            y: y.try_into().ok()?,
        }),
        (_, KeyNumbers::Rsa { n, e }) => Some(jose::PublicKey::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        }),
        _ => None,
    }
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
