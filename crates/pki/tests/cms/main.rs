//! Signed messages: what card software and OpenSSL make is read, and everything that could make one document pass for another
//! is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::doc_markdown,
    reason = "a test's own helpers"
)]

mod openssl;

use domain::Timestamp;
use pki::cms::{MAX_CMS_BYTES, MAX_CMS_CERTIFICATES, Reason, SignedData, is_signed_attributes};
use pki::{Certificate, DocumentScheme, Oid, verify_document};
use sim::authority::CaKind;
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::keys::{KeyAlgorithm, KeyCache};
use sim::person::{Medium, PersonRequest};
use sim::{CardRequest, Simulation};

pub(crate) const DOCUMENT: &[u8] = "口座開設申込書\n".as_bytes();

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").unwrap()
}

/// Somebody with a 署名用 certificate.
struct Signer {
    simulation: Simulation,
    id: String,
}

impl Signer {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let mut simulation = Simulation::in_memory("cms", KeyCache::shared());
        let person = simulation.new_person(&PersonRequest::default(), now()).unwrap();
        let request = CardRequest {
            algorithm,
            ..CardRequest::default()
        };
        let issued = simulation
            .issue_to(
                &person.id,
                Medium::Card,
                &[CaKind::DigitalSignature],
                &request,
                now(),
            )
            .unwrap();
        Self {
            simulation,
            id: issued.signing.unwrap().id,
        }
    }

    fn sign(&self, document: &[u8], detached: bool, fault: Option<CmsFault>) -> Vec<u8> {
        let record = self.simulation.record(&self.id).unwrap();
        let mut card = self.simulation.card(&self.id).unwrap();
        let options = CmsOptions {
            detached,
            signing_time: now(),
            fault,
        };
        signed_data(record, &mut card, &record.pin, document, &options).unwrap()
    }

    fn certificate(&self) -> Vec<u8> {
        self.simulation.record(&self.id).unwrap().certificate.0.clone()
    }

    fn raw(&self, message: &[u8]) -> Vec<u8> {
        let record = self.simulation.record(&self.id).unwrap();
        self.simulation
            .card(&self.id)
            .unwrap()
            .sign(&record.pin, message)
            .unwrap()
    }
}

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=0x7f => out.push(u8::try_from(length).unwrap()),
        length => {
            let digits: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

fn oid(text: &str) -> Vec<u8> {
    der(6, &[Oid::new(text).unwrap().as_bytes()])
}

/// The elements inside an element.
fn inside(whole: &[u8]) -> Vec<Vec<u8>> {
    let (_, mut rest) = head(whole);
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (length, _) = head(rest);
        all.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    all
}

/// Length of the first element, and its content.
fn head(bytes: &[u8]) -> (usize, &[u8]) {
    let (start, length) = match bytes[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let digits = usize::from(long & 0x7f);
            let length = bytes[2..2 + digits]
                .iter()
                .fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (2 + digits, length)
        }
    };
    (start + length, &bytes[start..start + length])
}

/// A message taken apart so that a test can put it together in another way.
#[derive(Clone)]
struct Parts {
    /// version, digestAlgorithms, encapContentInfo, certificates, signerInfos.
    fields: Vec<Vec<u8>>,
    /// version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm, signature.
    signer: Vec<Vec<u8>>,
}

impl Parts {
    fn of(message: &[u8]) -> Self {
        let fields = inside(&inside(&inside(message)[1])[0]);
        let signer = inside(&inside(&fields[4])[0]);
        Self { fields, signer }
    }

    fn whole(&self) -> Vec<u8> {
        let mut fields = self.fields.clone();
        let signer: Vec<&[u8]> = self.signer.iter().map(Vec::as_slice).collect();
        fields[4] = der(0x31, &[&der(0x30, &signer)]);
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        message(&der(0x30, &fields))
    }

    fn attributes(&self) -> Vec<Vec<u8>> {
        inside(&self.signer[3])
    }

    fn with_attributes(&mut self, attributes: &[Vec<u8>]) {
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        self.signer[3] = der(0xa0, &attributes);
    }

    /// The attributes as a SET OF.
    fn signed(&self) -> Vec<u8> {
        let mut set = self.signer[3].clone();
        set[0] = 0x31;
        set
    }

    fn content(document: Option<&[u8]>) -> Vec<u8> {
        let kind = oid("1.2.840.113549.1.7.1");
        match document {
            None => der(0x30, &[&kind]),
            Some(document) => der(0x30, &[&kind, &der(0xa0, &[&der(4, &[document])])]),
        }
    }
}

fn message(signed_data: &[u8]) -> Vec<u8> {
    der(0x30, &[&oid("1.2.840.113549.1.7.2"), &der(0xa0, &[signed_data])])
}

pub(crate) fn verify(message: &[u8], beside: Option<&[u8]>) -> Result<(), Reason> {
    SignedData::parse(message)?.verify(beside, &[]).map(|_| ())
}

#[test]
fn card_software_signs_attached_and_detached_with_both_keys() {
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let signer = Signer::new(algorithm);
        let attached = signer.sign(DOCUMENT, false, None);
        let read = SignedData::parse(&attached).unwrap();
        let verified = read.verify(None, &[]).unwrap();
        assert_eq!(verified.document, DOCUMENT);
        let one = &verified.signers[0];
        assert_eq!(one.certificate().der(), signer.certificate());
        assert_eq!(one.claimed_signing_time(), Some(now()));
        assert_eq!(verify(&attached, Some(DOCUMENT)), Ok(()));
        assert_eq!(verify(&attached, Some(b"other")), Err(Reason::DocumentsDiffer));

        let detached = signer.sign(DOCUMENT, true, None);
        assert_eq!(verify(&detached, Some(DOCUMENT)), Ok(()));
        assert_eq!(verify(&detached, None), Err(Reason::DocumentMissing));
        assert_eq!(
            verify(&detached, Some(b"other")),
            Err(Reason::DocumentDigestDiffers)
        );
    }
}

#[test]
fn every_fault_has_its_reason() {
    let signer = Signer::new(KeyAlgorithm::Rsa2048);
    let missing = |text: &str| Reason::AttributeMissing {
        oid: Oid::new(text).unwrap(),
    };
    for fault in CmsFault::ALL {
        let expected = match fault {
            CmsFault::WrongDigest => Err(Reason::DocumentDigestDiffers),
            CmsFault::NoSignedAttributes => Err(Reason::NoSignedAttributes),
            CmsFault::NoMessageDigest => Err(missing("1.2.840.113549.1.9.4")),
            CmsFault::WrongContentType => Err(Reason::ContentTypeDiffers),
            CmsFault::BrokenSignature => Err(Reason::BadSignature),
            CmsFault::NoCertificate | CmsFault::WrongSigner => Err(Reason::SignerCertificateMissing),
            CmsFault::TwoSigners => Ok(()),
            CmsFault::NoSigner => Err(Reason::NoSigner),
        };
        assert_eq!(
            verify(&signer.sign(DOCUMENT, false, Some(fault)), None),
            expected,
            "{fault:?}"
        );
    }
    let without = signer.sign(DOCUMENT, false, Some(CmsFault::NoCertificate));
    let certificate = signer.certificate();
    let read = SignedData::parse(&without).unwrap();
    assert!(
        read.verify(None, &[&certificate]).is_ok(),
        "a certificate from elsewhere"
    );
}

/// The attributes of one message are the document of another (and the other way round): the two are signed in the same form.
#[test]
fn attributes_never_pass_for_a_document_nor_a_document_for_attributes() {
    let signer = Signer::new(KeyAlgorithm::Rsa2048);
    let parts = Parts::of(&signer.sign(DOCUMENT, false, None));
    let attributes = parts.signed();
    assert!(is_signed_attributes(&attributes));
    assert!(!is_signed_attributes(DOCUMENT));

    // As a message without attributes whose document they are.
    let mut forged = parts.clone();
    forged.fields[2] = Parts::content(Some(&attributes));
    forged.signer.remove(3);
    assert_eq!(verify(&forged.whole(), None), Err(Reason::NoSignedAttributes));
    // As a bare signature over a document.
    let certificate = Certificate::parse(&signer.certificate()).unwrap();
    let (_, signature) = {
        let last = parts.signer.last().unwrap();
        head(last)
    };
    let rs256 = DocumentScheme::from_name("RS256").unwrap();
    assert_eq!(
        verify_document(certificate.public_key(), rs256, &attributes, signature),
        Err(Reason::DocumentIsSignedAttributes)
    );
    // A bare signature over an honest document does verify, over another does not.
    let honest = signer.raw(DOCUMENT);
    let check = |document: &[u8]| verify_document(certificate.public_key(), rs256, document, &honest);
    assert_eq!(check(DOCUMENT), Ok(()));
    assert_eq!(check(b"other"), Err(Reason::BadSignature));
    let ps256 = DocumentScheme::from_name("PS256").unwrap();
    assert_eq!(
        verify_document(certificate.public_key(), ps256, DOCUMENT, &honest),
        Err(Reason::BadSignature)
    );
    let es256 = DocumentScheme::from_name("ES256").unwrap();
    assert_eq!(
        verify_document(certificate.public_key(), es256, DOCUMENT, &honest),
        Err(Reason::SchemeDoesNotFitKey)
    );
}

#[test]
fn what_is_signed_cannot_be_exchanged() {
    let signer = Signer::new(KeyAlgorithm::Rsa2048);
    let parts = Parts::of(&signer.sign(DOCUMENT, false, None));
    assert_eq!(verify(&parts.whole(), None), Ok(()), "put together as it was");

    // Another document in the place of the signed one.
    let mut swapped = parts.clone();
    swapped.fields[2] = Parts::content(Some(b"other"));
    assert_eq!(verify(&swapped.whole(), None), Err(Reason::DocumentDigestDiffers));

    // The digest of another document in the attributes.
    let other = Parts::of(&signer.sign(b"other", false, None));
    let mut digest = parts.clone();
    digest.with_attributes(&other.attributes());
    digest.fields[2] = Parts::content(Some(b"other"));
    assert_eq!(verify(&digest.whole(), None), Err(Reason::BadSignature));

    // An attribute twice, one of them for the other document, whichever comes first.
    let mut twice = parts.clone();
    let mut attributes = parts.attributes();
    attributes.push(other.attributes()[2].clone());
    attributes.sort();
    twice.with_attributes(&attributes);
    let seen = verify(&twice.whole(), None);
    assert!(
        matches!(
            seen,
            Err(Reason::DuplicateAttribute { .. } | Reason::AttributesNotDer)
        ),
        "{seen:?}"
    );

    // The same attributes in another order: verifies nowhere, and is not DER.
    let mut order = parts.clone();
    let mut attributes = parts.attributes();
    attributes.reverse();
    order.with_attributes(&attributes);
    assert_eq!(verify(&order.whole(), None), Err(Reason::AttributesNotDer));

    // Properly signed, but not in DER order.
    let mut signed = order.clone();
    *signed.signer.last_mut().unwrap() = der(4, &[&signer.raw(&order.signed())]);
    assert_eq!(verify(&signed.whole(), None), Err(Reason::AttributesNotDer));

    // Two values in one attribute.
    let mut values = parts.clone();
    let digests = [parts.attributes()[2].clone(), other.attributes()[2].clone()].map(|attribute| {
        let value = inside(&attribute)[1].clone();
        head(&value).1.to_vec()
    });
    let mut attributes = parts.attributes();
    attributes[2] = der(
        0x30,
        &[
            &oid("1.2.840.113549.1.9.4"),
            &der(0x31, &[&digests[0], &digests[1]]),
        ],
    );
    attributes.sort();
    values.with_attributes(&attributes);
    *values.signer.last_mut().unwrap() = der(4, &[&signer.raw(&values.signed())]);
    assert!(matches!(
        verify(&values.whole(), None),
        Err(Reason::MalformedAttribute { .. })
    ));

    // Another person's certificate under the signer's name is not even a candidate; both together are no matter.
    let stranger = Signer::new(KeyAlgorithm::P384);
    let mut foreign = parts.clone();
    foreign.fields[3] = der(0xa0, &[&stranger.certificate()]);
    let seen = verify(&foreign.whole(), None);
    assert!(
        matches!(
            seen,
            Err(Reason::SignerCertificateMissing | Reason::SchemeDoesNotFitKey)
        ),
        "{seen:?}"
    );
}

#[test]
fn bounds_hold() {
    let signer = Signer::new(KeyAlgorithm::Rsa2048);
    let parts = Parts::of(&signer.sign(DOCUMENT, false, None));
    assert_eq!(
        verify(&vec![0x30; MAX_CMS_BYTES + 1], None),
        Err(Reason::TooLarge { limit: MAX_CMS_BYTES })
    );

    let mut certificates = parts.clone();
    let many = vec![der(0x30, &[]); MAX_CMS_CERTIFICATES + 1];
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    certificates.fields[3] = der(0xa0, &many);
    assert_eq!(
        verify(&certificates.whole(), None),
        Err(Reason::TooManyCertificates {
            limit: MAX_CMS_CERTIFICATES
        })
    );

    let one = der(0x30, &parts.signer.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let mut fields = parts.fields.clone();
    fields[4] = der(0x31, &[one.as_slice(); 9]);
    let signers = message(&der(0x30, &fields.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    assert_eq!(verify(&signers, None), Err(Reason::TooManySigners { limit: 8 }));

    let mut attributes = parts.clone();
    let flood: Vec<Vec<u8>> = (0..40_u8)
        .map(|number| der(0x30, &[&der(6, &[&[0x2a, number]]), &der(0x31, &[&[5, 0]])]))
        .collect();
    attributes.with_attributes(&flood);
    assert_eq!(
        verify(&attributes.whole(), None),
        Err(Reason::TooManyAttributes { limit: 32 })
    );

    let other = der(0x30, &[&oid("1.2.840.113549.1.7.3"), &der(0xa0, &[&[5, 0]])]);
    assert!(matches!(verify(&other, None), Err(Reason::NotSignedData { .. })));
}

/// Whatever is changed in a message, it never verifies for another document or under another certificate.
#[test]
fn no_change_makes_another_document_pass() {
    let signer = Signer::new(KeyAlgorithm::P384);
    let good = signer.sign(DOCUMENT, false, None);
    let certificate = Certificate::parse(&signer.certificate()).unwrap();
    let mut refused = 0;
    for place in 0..good.len() {
        for change in [0x01, 0x80] {
            let mut changed = good.clone();
            changed[place] ^= change;
            let Ok(read) = SignedData::parse(&changed) else {
                refused += 1;
                continue;
            };
            match read.verify(None, &[]) {
                Err(_) => refused += 1,
                Ok(verified) => {
                    assert_eq!(verified.document, DOCUMENT, "byte {place}");
                    let seen = verified.signers[0].certificate().public_key();
                    assert_eq!(seen, certificate.public_key(), "byte {place}");
                }
            }
        }
        assert!(SignedData::parse(&good[..place]).is_err(), "cut at {place}");
    }
    // What may change without harm: the authority's signature on the certificate and what it signed, judged elsewhere.
    assert!(refused > good.len(), "{refused} of {}", 2 * good.len());
}
