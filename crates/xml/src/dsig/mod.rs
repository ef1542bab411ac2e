//! Enveloped XML signatures of the one shape that SAML core section 5.4 (saml-core-2.0-os) allows.
//!
//! **Owns** the algorithm list, verification keys, [`verify`] with its proof [`Verified`], and [`Draft`] for making
//! a signature without ever holding a private key.
//!
//! **Deliberately absent**: keys from `ds:KeyInfo` (never read), detached and enveloping signatures, references to
//! anything but the parent of the signature, transforms besides enveloped-signature and exclusive canonicalisation.
//!
//! **One more algorithm**: see the crate's head.

mod algorithm;
mod inspect;
mod key;
mod sign;
mod verify;

pub use algorithm::{DigestAlgorithm, SignatureAlgorithm};
pub use inspect::Inspection;
pub use key::VerificationKey;
pub use sign::Draft;
pub(crate) use verify::check_info;
pub use verify::{Verified, verify};

/// `http://www.w3.org/2000/09/xmldsig#`
pub const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonicalisation without comments; also the namespace of `ec:InclusiveNamespaces`.
pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The enveloped-signature transform.
pub const ENVELOPED_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// `ds:KeyInfo` with certificates (DER), as metadata and signatures carry them.
pub fn key_info<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> crate::NewElement {
    let data = certificates.into_iter().fold(ds("X509Data"), |data, der| {
        data.child(ds("X509Certificate").text(crate::encode_base64(der)))
    });
    ds("KeyInfo").child(data)
}

pub(crate) const fn ds(local: &'static str) -> crate::NewElement {
    crate::NewElement::new(crate::Name::new("ds", NAMESPACE, local))
}
