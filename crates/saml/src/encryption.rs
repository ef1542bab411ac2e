//! `md:EncryptionMethod`s (metadata-2.0-os section 2.4.1.1) as the registry keeps them, and what is chosen of them.
//!
//! A method is kept as one text: its identifier and, of RSA-OAEP, digest and mask behind it, divided by spaces, also where the metadata
//! leaves them to their defaults (XML Encryption 1.1 section 5.5.2).

use xml::Element;
use xml::enc::{ContentCipher, KeyTransport, NAMESPACE};

use crate::Reason;

const OAEP_OF_BEFORE: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const MGF_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
/// What is kept of a method with parameters that nobody here can follow (`xenc:OAEPparams`, or one of them twice).
const BEYOND_US: &str = "urn:jp:go:gap:encryption:parameters";

/// A method as it is kept; none where it names no algorithm.
pub(crate) fn kept(method: Element<'_>) -> Result<Option<String>, xml::Reason> {
    let Some(algorithm) = method.attribute("Algorithm") else {
        return Ok(None);
    };
    if !KeyTransport::takes_parameters(algorithm) {
        return Ok(Some(Reason::bounded(algorithm)));
    }
    let (mut digest, mut mask, mut beyond) = (None, None, false);
    for child in method.elements()? {
        let said = child.attribute("Algorithm");
        let place = if child.is(xml::dsig::NAMESPACE, "DigestMethod") {
            &mut digest
        } else if child.is(XMLENC11, "MGF") {
            &mut mask
        } else {
            // The size of the key says nothing about how it is used.
            beyond |= !child.is(NAMESPACE, "KeySize");
            continue;
        };
        beyond |= said.is_none() || place.is_some();
        *place = said;
    }
    if beyond {
        return Ok(Some(format!("{algorithm} {BEYOND_US}")));
    }
    let [digest, mask] = [digest.unwrap_or(SHA1), mask.unwrap_or(MGF_SHA1)].map(Reason::bounded);
    Ok(Some(format!("{algorithm} {digest} {mask}")))
}

/// The transport that a kept text means.
fn transport(kept: &str) -> Option<KeyTransport> {
    // Before parameters were kept, this one was always used with SHA-256.
    if kept == OAEP_OF_BEFORE {
        return Some(KeyTransport::RsaOaepSha256);
    }
    let mut parts = kept.split(' ');
    let algorithm = parts.next().unwrap_or_default();
    let (digest, mask) = (parts.next(), parts.next());
    KeyTransport::named(algorithm, digest, mask).filter(|_| parts.next().is_none())
}

/// How is encrypted to a key: what the metadata lists beside it with the parameters that it names (`SAML2int` 2.0 and Kantara IIP-ALG04,
/// 06), AES-256-GCM and the transport that every provider reads where it lists nothing of a kind. None: it lists something, and nothing of
/// it is ours. Every method of ours is authenticated (no CBC, no RSA 1.5), so a list cannot lead to a weaker one.
pub(crate) fn common_encryption(methods: &[String]) -> Option<(ContentCipher, KeyTransport)> {
    let listed = |uri: &str| methods.iter().any(|method| method == uri);
    // Lists hold other things too (key wraps, digests): they choose nothing here.
    let any = |of_kind: fn(&str) -> bool| methods.iter().any(|method| of_kind(method));
    let ciphers = [ContentCipher::Aes256Gcm, ContentCipher::Aes128Gcm];
    let no_cipher = !any(|method| method.ends_with("-cbc") || method.ends_with("-gcm"));
    let cipher = ciphers
        .into_iter()
        .find(|cipher| no_cipher || listed(cipher.uri()))?;
    let no_transport = !any(|method| method.contains("#rsa-"));
    let listed: Vec<_> = methods.iter().filter_map(|method| transport(method)).collect();
    let transport = KeyTransport::ALL
        .into_iter()
        .find(|one| no_transport || listed.contains(one))?;
    Some((cipher, transport))
}

#[cfg(test)]
mod tests {
    use ContentCipher::{Aes128Gcm, Aes256Gcm};
    use KeyTransport::{RsaOaepMgf1p, RsaOaepSha1, RsaOaepSha256, RsaOaepSha512};

    use super::*;

    const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

    #[test]
    fn what_the_metadata_lists_is_used() {
        let (c128, c256) = (Aes128Gcm.uri(), Aes256Gcm.uri());
        for (methods, expected) in [
            (&[][..], Some((Aes256Gcm, RsaOaepMgf1p))),
            (&[c128, c256, OAEP, MGF1P], Some((Aes256Gcm, RsaOaepMgf1p))),
            (&[CBC, c128], Some((Aes128Gcm, RsaOaepMgf1p))),
            // Kept before parameters were.
            (&[OAEP], Some((Aes256Gcm, RsaOaepSha256))),
            (&[RSA_1_5, c128, OAEP], Some((Aes128Gcm, RsaOaepSha256))),
            (
                &["http://www.w3.org/2001/04/xmlenc#kw-aes128"],
                Some((Aes256Gcm, RsaOaepMgf1p)),
            ),
            (&[CBC], None),
            (&[RSA_1_5], None),
            (&[c256, RSA_1_5], None),
        ] {
            let methods: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
            assert_eq!(common_encryption(&methods), expected, "{methods:?}");
        }
    }

    /// Digest and mask are those that the metadata names, or their defaults (XML Encryption 1.1 section 5.5.2), and never others.
    #[test]
    fn parameters_are_the_services_own() {
        const SHA256: &str = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>";
        const SHA512: &str = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>";
        const MGF256: &str = "<xenc11:MGF Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>";
        const MGF512: &str = "<xenc11:MGF Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha512\"/>";
        let twice = format!("{SHA256}{SHA256}{MGF256}");
        let both = |a: &str, b: &str| format!("{a}{b}");
        for (methods, expected) in [
            (&[(MGF1P, String::new())][..], Some(RsaOaepMgf1p)),
            (&[(OAEP, String::new())], Some(RsaOaepSha1)),
            (&[(OAEP, both(SHA256, MGF256))], Some(RsaOaepSha256)),
            (&[(OAEP, both(MGF512, SHA512))], Some(RsaOaepSha512)),
            (
                &[(OAEP, format!("<xenc:KeySize>2048</xenc:KeySize>{SHA256}{MGF256}"))],
                Some(RsaOaepSha256),
            ),
            // Two hashes: nothing here can do it, so the next method is taken, and where none is left none.
            (&[(MGF1P, SHA256.to_owned())], None),
            (&[(OAEP, SHA256.to_owned())], None),
            (&[(OAEP, MGF256.to_owned())], None),
            (&[(OAEP, twice)], None),
            (
                &[(
                    OAEP,
                    format!("<xenc:OAEPparams>AAAA</xenc:OAEPparams>{SHA256}{MGF256}"),
                )],
                None,
            ),
            (
                &[(MGF1P, SHA256.to_owned()), (OAEP, both(SHA256, MGF256))],
                Some(RsaOaepSha256),
            ),
            (
                &[(OAEP, both(SHA256, MGF256)), (MGF1P, String::new())],
                Some(RsaOaepMgf1p),
            ),
        ] {
            let methods: Vec<String> = methods
                .iter()
                .map(|(algorithm, inside)| {
                    let text = format!(
                        r#"<md:EncryptionMethod xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="{algorithm}">{inside}</md:EncryptionMethod>"#
                    );
                    let document = xml::Document::parse(text.as_bytes(), &xml::Limits::message()).unwrap();
                    kept(document.root()).unwrap().unwrap()
                })
                .collect();
            let chosen = common_encryption(&methods);
            assert_eq!(chosen.map(|(_, transport)| transport), expected, "{methods:?}");
        }
    }
}
