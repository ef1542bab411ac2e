//! How the content key is transported: RSA-OAEP with its parameters (XML Encryption 1.1 section 5.5.2).

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
};

use super::NAMESPACE_11;
use crate::dsig::ds;
use crate::{Name, NewElement};

const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";
const MGF_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
const MGF_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";
const MGF_SHA384: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha384";
const MGF_SHA512: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha512";

/// How the content key is transported.
///
/// The crypto library has OAEP with one hash in both places alone. So `rsa-oaep-mgf1p` with another digest than SHA-1, whose mask is
/// made with SHA-1 always, and other mixtures are not here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyTransport {
    /// `rsa-oaep-mgf1p` with its default digest SHA-1: what libxmlsec1 (`mod_auth_mellon`) and xml-security-c
    /// (Shibboleth) decrypt. OAEP does not rest on the collision resistance of its hash.
    #[default]
    RsaOaepMgf1p,
    /// `xmlenc11#rsa-oaep` with SHA-256 in both places.
    RsaOaepSha256,
    /// `xmlenc11#rsa-oaep` with SHA-384 in both places.
    RsaOaepSha384,
    /// `xmlenc11#rsa-oaep` with SHA-512 in both places.
    RsaOaepSha512,
    /// `xmlenc11#rsa-oaep` with SHA-1 in both places, its defaults.
    RsaOaepSha1,
}

impl KeyTransport {
    /// Every one, those first that are preferred.
    pub const ALL: [Self; 5] = [
        Self::RsaOaepMgf1p,
        Self::RsaOaepSha256,
        Self::RsaOaepSha384,
        Self::RsaOaepSha512,
        Self::RsaOaepSha1,
    ];

    const fn row(self) -> (&'static str, &'static str, &'static str, &'static OaepAlgorithm) {
        match self {
            Self::RsaOaepMgf1p => (MGF1P, SHA1, MGF_SHA1, &OAEP_SHA1_MGF1SHA1),
            Self::RsaOaepSha1 => (OAEP, SHA1, MGF_SHA1, &OAEP_SHA1_MGF1SHA1),
            Self::RsaOaepSha256 => (OAEP, SHA256, MGF_SHA256, &OAEP_SHA256_MGF1SHA256),
            Self::RsaOaepSha384 => (OAEP, SHA384, MGF_SHA384, &OAEP_SHA384_MGF1SHA384),
            Self::RsaOaepSha512 => (OAEP, SHA512, MGF_SHA512, &OAEP_SHA512_MGF1SHA512),
        }
    }

    /// The one that an `EncryptionMethod` names: where it says nothing, digest and mask are made with SHA-1. None: none of ours.
    pub fn named(algorithm: &str, digest: Option<&str>, mask: Option<&str>) -> Option<Self> {
        let said = (algorithm, digest.unwrap_or(SHA1), mask.unwrap_or(MGF_SHA1));
        Self::ALL.into_iter().find(|one| {
            let (algorithm, digest, mask, _) = one.row();
            said == (algorithm, digest, mask)
        })
    }

    /// Whether an identifier is one of RSA-OAEP, which takes parameters.
    pub fn takes_parameters(algorithm: &str) -> bool {
        [MGF1P, OAEP].contains(&algorithm)
    }

    /// The identifier.
    pub const fn uri(self) -> &'static str {
        self.row().0
    }

    /// What stands in an `EncryptionMethod` with the identifier: digest and mask, also where they are the defaults. (`rsa-oaep-mgf1p` has no
    /// word for its mask.)
    pub fn parameters(self) -> Vec<NewElement> {
        let (algorithm, digest, mask, _) = self.row();
        let digest = ds("DigestMethod").attribute("Algorithm", digest);
        let mask = NewElement::new(Name::new("xenc11", NAMESPACE_11, "MGF")).attribute("Algorithm", mask);
        if algorithm == MGF1P {
            vec![digest]
        } else {
            vec![digest, mask]
        }
    }

    pub(super) const fn algorithm(self) -> &'static OaepAlgorithm {
        self.row().3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// XML Encryption 1.1 section 5.5.2.
    #[test]
    fn parameters_are_read_with_their_defaults() {
        use KeyTransport as K;
        for (algorithm, digest, mask, expected) in [
            (MGF1P, None, None, Some(K::RsaOaepMgf1p)),
            (MGF1P, Some(SHA1), None, Some(K::RsaOaepMgf1p)),
            (MGF1P, Some(SHA256), None, None),
            (MGF1P, Some(SHA256), Some(MGF_SHA256), None),
            (OAEP, None, None, Some(K::RsaOaepSha1)),
            (OAEP, Some(SHA256), Some(MGF_SHA256), Some(K::RsaOaepSha256)),
            (OAEP, Some(SHA384), Some(MGF_SHA384), Some(K::RsaOaepSha384)),
            (OAEP, Some(SHA512), Some(MGF_SHA512), Some(K::RsaOaepSha512)),
            (OAEP, Some(SHA256), None, None),
            (OAEP, None, Some(MGF_SHA256), None),
            (OAEP, Some("urn:md5"), None, None),
            ("http://www.w3.org/2001/04/xmlenc#rsa-1_5", None, None, None),
        ] {
            assert_eq!(
                K::named(algorithm, digest, mask),
                expected,
                "{algorithm} {digest:?} {mask:?}"
            );
        }
    }
}
