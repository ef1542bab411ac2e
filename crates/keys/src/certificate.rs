//! Self-signed X.509 certificates: the wrapping in which SAML metadata shows a key. The key is what counts; dates and names
//! of the certificate mean nothing to a relying party (SAML V2.0 Metadata Interoperability Profile 1.0 section 2.6.1).

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use der::asn1::{BitString, ObjectIdentifier, UintRef};
use der::{Decode as _, Document, Encode as _};
use domain::Timestamp;
use signature::Keypair;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Result as BuilderResult};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, SubjectPublicKeyInfoOwned,
    SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

use crate::{PublicPart, Signer, SignerFault, SigningAlgorithm};

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Why no certificate was made.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// The name is empty, longer than 64 characters (`ub-common-name`, RFC 5280 appendix A.1) or has characters other than
    /// letters, digits, `.`, `-` and space.
    Name,
    /// A date outside the years 1970 to 9999, or an end before the beginning.
    Dates,
    /// The algorithm has no certificate form here (PSS).
    Algorithm(SigningAlgorithm),
    /// The signer failed.
    Signer(SignerFault),
    /// The encoder failed.
    Encoding,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("the certificate name must be 1 to 64 of letters, digits, dot, hyphen and space")
            }
            Self::Dates => f.write_str("the certificate dates are out of range"),
            Self::Algorithm(algorithm) => write!(f, "no certificates are made with {algorithm}"),
            Self::Signer(fault) => fault.fmt(f),
            Self::Encoding => f.write_str("the certificate could not be encoded"),
        }
    }
}

impl std::error::Error for CertificateFault {}

/// What a certificate says besides the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subject<'a> {
    /// Common name, for people.
    pub common_name: &'a str,
    /// `notBefore`.
    pub not_before: Timestamp,
    /// `notAfter`.
    pub not_after: Timestamp,
    /// Positive after clearing the highest bit; unpredictable.
    pub serial: [u8; 16],
}

/// Makes the certificate, DER, through the signer port.
pub fn self_signed(
    signer: &dyn Signer,
    public: &PublicPart,
    algorithm: SigningAlgorithm,
    subject: &Subject<'_>,
) -> Result<Vec<u8>, CertificateFault> {
    let seat = Seat {
        public,
        algorithm: identifier(algorithm)?,
    };
    if subject.not_after <= subject.not_before {
        return Err(CertificateFault::Dates);
    }
    let mut serial = subject.serial;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let info =
        SubjectPublicKeyInfoOwned::from_der(public.spki_der()).map_err(|_| CertificateFault::Encoding)?;
    let validity = Validity::new(time(subject.not_before)?, time(subject.not_after)?);
    let serial = SerialNumber::new(&serial).map_err(|_| CertificateFault::Encoding)?;
    let mut builder = CertificateBuilder::new(SelfSigned(name(subject.common_name)?), serial, validity, info)
        .map_err(|_| CertificateFault::Encoding)?;
    let message = builder.finalize(&seat).map_err(|_| CertificateFault::Encoding)?;
    let signature = signer
        .sign(&public.id(), algorithm, &message)
        .map_err(CertificateFault::Signer)?;
    let signature = match algorithm {
        SigningAlgorithm::Es256 => ecdsa_der(&signature)?,
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => signature,
    };
    let signature = BitString::from_bytes(&signature).map_err(|_| CertificateFault::Encoding)?;
    builder
        .assemble(signature, &seat)
        .and_then(|certificate| Ok(certificate.to_der()?))
        .map_err(|_| CertificateFault::Encoding)
}

/// Takes the signer's place in the builder, which asks for algorithm and public key only.
struct Seat<'a> {
    public: &'a PublicPart,
    algorithm: AlgorithmIdentifierOwned,
}

#[derive(Clone)]
struct Shown(Vec<u8>);

impl EncodePublicKey for Shown {
    fn to_public_key_der(&self) -> x509_cert::spki::Result<Document> {
        Ok(Document::try_from(self.0.as_slice())?)
    }
}

impl Keypair for Seat<'_> {
    type VerifyingKey = Shown;

    fn verifying_key(&self) -> Shown {
        Shown(self.public.spki_der().to_vec())
    }
}

impl DynSignatureAlgorithmIdentifier for Seat<'_> {
    fn signature_algorithm_identifier(&self) -> x509_cert::spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.algorithm.clone())
    }
}

/// Issuer equals subject; key identifier and `digitalSignature` only, since nothing in it is meant to be relied upon.
struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        spk: SubjectPublicKeyInfoRef<'_>,
        _issuer_spk: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        use x509_cert::ext::ToExtension as _;
        use x509_cert::ext::pkix::{KeyUsage, KeyUsages, SubjectKeyIdentifier};
        let identifier = SubjectKeyIdentifier::try_from(spk)?;
        Ok(vec![
            identifier.to_extension(tbs.subject(), &[])?,
            KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(tbs.subject(), &[])?,
        ])
    }
}

fn identifier(algorithm: SigningAlgorithm) -> Result<AlgorithmIdentifierOwned, CertificateFault> {
    match algorithm {
        SigningAlgorithm::Es256 => Ok(AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA256,
            parameters: None,
        }),
        SigningAlgorithm::Rs256 => Ok(AlgorithmIdentifierOwned {
            oid: SHA256_WITH_RSA,
            parameters: Some(der::Any::null()),
        }),
        SigningAlgorithm::Ps256 => Err(CertificateFault::Algorithm(algorithm)),
    }
}

fn name(common_name: &str) -> Result<Name, CertificateFault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ' ');
    let trimmed = common_name.trim() == common_name;
    if !(1..=64).contains(&common_name.len()) || !trimmed || !common_name.chars().all(plain) {
        return Err(CertificateFault::Name);
    }
    Name::from_str(&format!("CN={common_name}")).map_err(|_| CertificateFault::Name)
}

fn time(at: Timestamp) -> Result<Time, CertificateFault> {
    let seconds = u64::try_from(at.seconds()).map_err(|_| CertificateFault::Dates)?;
    let date = der::DateTime::from_unix_duration(Duration::from_secs(seconds))
        .map_err(|_| CertificateFault::Dates)?;
    Ok(Time::from(date))
}

/// ECDSA-Sig-Value (RFC 3279 section 2.2.3) from `r || s`.
fn ecdsa_der(fixed: &[u8]) -> Result<Vec<u8>, CertificateFault> {
    let (r, s) = fixed
        .split_at_checked(fixed.len() / 2)
        .ok_or(CertificateFault::Encoding)?;
    let numbers = UintRef::new(r).and_then(|r| Ok(vec![r, UintRef::new(s)?]));
    numbers
        .and_then(|numbers| numbers.to_der())
        .map_err(|_| CertificateFault::Encoding)
}
