//! Ten thousand mutations of valid messages from one seed: nothing panics, and nothing is accepted whose signed content
//! changed. Besides, arbitrary octets through every parser of outside bytes.

use proptest::prelude::*;
use saml::{Incoming, ServiceFacts, check_authn_request};
use xml::{Document, Limits};

use crate::party::{NOW, SSO, SSO_POST, idp, posted, request, rsa, service, signed_by_xmlsec1, signed_query};

/// A small generator of our own, so that the mutations are the same on every machine (`SplitMix64`).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn mutate(original: &[u8], seeded: &mut Seeded) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=seeded.below(3) {
        let at = seeded.below(bytes.len());
        let until = (at + 1 + seeded.below(40)).min(bytes.len());
        match seeded.below(6) {
            0 => bytes[at] ^= 1 << seeded.below(8),
            1 => bytes[at] = b"<>&\"'/=: \n#_Aa0\0\xff"[seeded.below(17)],
            2 => drop(bytes.drain(at..until)),
            3 => {
                let piece = bytes[at..until].to_vec();
                let to = seeded.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            4 => bytes.insert(at, u8::try_from(seeded.below(256)).unwrap()),
            _ => {
                let other = seeded.below(bytes.len());
                bytes.swap(at, other);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'<');
        }
    }
    bytes
}

/// Every parser sees it; a verdict is all that comes out.
fn judge(incoming: &Incoming, service: &ServiceFacts) -> Option<saml::SignInRequest> {
    let _ = incoming.issuer();
    check_authn_request(incoming, service, &idp(), NOW)
        .ok()
        .map(|(checked, _)| checked.into_inner())
}

#[test]
fn mutated_posts() {
    let original = signed_by_xmlsec1(&request(SSO_POST, ""), rsa());
    let service = service();
    let expected = judge(&posted(&original), &service).unwrap();
    let signed = {
        let document = Document::parse(original.as_bytes(), &Limits::message()).unwrap();
        xml::dsig::verify(document.root(), &service.signing_keys)
            .unwrap()
            .canonical()
            .to_vec()
    };
    let mut seeded = Seeded(20_261_121);
    let mut accepted = 0;
    for _ in 0..10_000 {
        let mutated = mutate(original.as_bytes(), &mut seeded);
        if let Ok(document) = Document::parse(&mutated, &Limits::message())
            && let Ok(verified) = xml::dsig::verify(document.root(), &service.signing_keys)
        {
            // A mutation may fall into white space or an unused declaration; then nothing of the content changed.
            assert_eq!(
                verified.canonical(),
                signed,
                "{}",
                String::from_utf8_lossy(&mutated)
            );
        }
        let body = format!(
            "RelayState=relay&SAMLRequest={}",
            xml::encode_base64(&mutated).replace('+', "%2B")
        );
        if let Some(request) = judge(&saml::binding::post::decode(body.as_bytes()).unwrap(), &service) {
            assert_eq!(request, expected, "{}", String::from_utf8_lossy(&mutated));
            accepted += 1;
        }
    }
    assert!(
        accepted < 500,
        "{accepted} of 10,000 mutations were accepted: the mutator does not mutate"
    );
}

#[test]
fn mutated_redirects() {
    let original = signed_query(&request(SSO, ""), Some("relay"));
    let service = service();
    let expected = judge(&saml::binding::redirect::decode(&original).unwrap(), &service).unwrap();
    let mut seeded = Seeded(7);
    for _ in 0..10_000 {
        let mutated = mutate(original.as_bytes(), &mut seeded);
        let Ok(query) = std::str::from_utf8(&mutated) else {
            continue;
        };
        if let Ok(incoming) = saml::binding::redirect::decode(query)
            && let Some(request) = judge(&incoming, &service)
        {
            // The signature's own spelling and unknown parameters are not signed; everything else is.
            assert_eq!(request, expected, "{query}");
        }
    }
}

#[test]
fn mutated_metadata() {
    let mut seeded = Seeded(11);
    for original in [
        include_str!("../samples/mellon.xml"),
        include_str!("../samples/shibboleth-metagen.xml"),
        include_str!("../samples/shibboleth-handler.xml"),
    ] {
        for _ in 0..3_000 {
            let mutated = mutate(original.as_bytes(), &mut seeded);
            if let Ok(sp) = saml::metadata::read_service_provider(&mutated) {
                ServiceFacts::from_settings(&sp.settings).expect("what is imported can be used");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_octets_are_refused_without_panic(octets in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = saml::binding::post::decode(&octets);
        let _ = saml::metadata::read_service_provider(&octets);
        let _ = Document::parse(&octets, &Limits::message());
        let _ = xml::dsig::VerificationKey::from_spki(&octets);
        if let Ok(text) = std::str::from_utf8(&octets) {
            let _ = saml::binding::redirect::decode(text);
        }
        let text = String::from_utf8_lossy(&octets);
        let _ = saml::binding::redirect::decode(&text);
        let inflating = format!("SAMLRequest={}", xml::encode_base64(&octets).replace('+', "%2B"));
        let _ = saml::binding::redirect::decode(&inflating);
    }

    #[test]
    fn arbitrary_markup_is_judged_without_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<samlp:AuthnRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'", " ID='_1'", " Version='2.0'", ">", "/>",
            "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>", "</ds:Signature>", "<ds:SignedInfo>",
            "</ds:SignedInfo>", "</samlp:AuthnRequest>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#0;", "&x;", "<?xml",
            "?>", "<!DOCTYPE", " xmlns=''", " xmlns:a='b'", "<a:b/>", "text", "\u{3042}", "\"", "'", "=",
        ]), 0..30)
    ) {
        let text = pieces.concat();
        if let Ok(document) = Document::parse(text.as_bytes(), &Limits::metadata()) {
            let _ = xml::dsig::verify(document.root(), &service().signing_keys);
            let once = xml::canonicalise(document.root(), &[]).unwrap();
            let again = Document::parse(&once, &Limits::metadata()).unwrap();
            prop_assert_eq!(xml::canonicalise(again.root(), &[]).unwrap(), once);
        }
        let _ = judge(&posted(&text), &service());
    }
}
