//! One row per rule: the canonical answer with one thing changed, and the reason that must come out.

use domain::Timestamp;
use pki::ocsp::{
    Authorisation, CertIdField, CertIdHash, LinkAuthority, LinkKind, NonceRule, NonceVerdict, OcspAnswer,
    OcspCheck, OcspPolicy, OcspReason, OcspRequest, OcspStage, OcspStatus, ResponseStatus, verify,
};
use pki::{PublicKey, Reason, RevocationReason, TrustAnchor};

use crate::maker::{self, *};

pub(crate) const SERIAL: u32 = 0x00d1_8001;
const NONCE_BYTES: [u8; 32] = [0xa5; 32];

/// Two generations of one name, another authority, and responders of each.
pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) next: Ca,
    pub(crate) other: Ca,
    pub(crate) responder: (Key, Vec<u8>),
    pub(crate) request: OcspRequest,
}

impl World {
    pub(crate) fn new() -> Self {
        let ca = Ca::new("JPKI");
        let responder = ca.responder(&Paper::responder("responder"));
        Self {
            next: Ca::new("JPKI"),
            other: Ca::new("somebody"),
            request: OcspRequest::new(
                &ca.anchor,
                &serial(SERIAL),
                CertIdHash::Sha256,
                Some(&NONCE_BYTES),
            ),
            ca,
            responder,
        }
    }

    pub(crate) fn cert_id(&self) -> Vec<u8> {
        cert_id(SHA256, &self.ca.name, self.ca.key.point(), &SERIAL.to_be_bytes())
    }

    /// The canonical answer.
    pub(crate) fn answer(&self) -> Answer {
        let mut answer = Answer::about(
            self.cert_id(),
            by_key(&self.responder.0),
            vec![self.responder.1.clone()],
        );
        answer.extensions = vec![maker::nonce(&NONCE_BYTES)];
        answer
    }

    pub(crate) fn anchors(&self) -> [&TrustAnchor; 3] {
        [&self.next.anchor, &self.ca.anchor, &self.other.anchor]
    }

    pub(crate) fn judge(&self, bytes: &[u8]) -> Result<OcspAnswer, OcspReason> {
        self.judge_by(bytes, &policy())
    }

    pub(crate) fn judge_by(&self, bytes: &[u8], policy: &OcspPolicy) -> Result<OcspAnswer, OcspReason> {
        verify(bytes, &self.request, &self.anchors(), policy, now())
    }

    pub(crate) fn changed(&self, change: impl FnOnce(&mut Answer)) -> Result<OcspAnswer, OcspReason> {
        let mut answer = self.answer();
        change(&mut answer);
        self.judge(&answer.sign(&self.responder.0))
    }

    /// The canonical answer by another responder.
    pub(crate) fn by(
        &self,
        key: &Key,
        certificates: Vec<Vec<u8>>,
        policy: &OcspPolicy,
    ) -> Result<OcspAnswer, OcspReason> {
        let mut answer = self.answer();
        answer.responder = by_key(key);
        answer.certificates = certificates;
        self.judge_by(&answer.sign(key), policy)
    }
}

pub(crate) fn policy() -> OcspPolicy {
    OcspPolicy {
        link_extension: Some(LINKS),
        ..OcspPolicy::default()
    }
}

fn later(seconds: i64) -> Vec<u8> {
    generalized(now().plus_seconds(seconds))
}

#[test]
fn the_canonical_answer_is_believed_whole() {
    let world = World::new();
    let answer = world.judge(&world.answer().sign(&world.responder.0)).unwrap();
    assert_eq!(answer.status(), OcspStatus::Good);
    assert_eq!(answer.produced_at(), now());
    assert_eq!(answer.this_update(), now());
    assert_eq!(answer.next_update(), Some(now().plus_seconds(600)));
    assert_eq!(answer.valid_until(), now().plus_seconds(600));
    assert_eq!(answer.authorisation(), Authorisation::Delegated);
    assert_eq!(answer.nonce(), NonceVerdict::Matched);
    assert!(answer.links().is_empty());
    let key = PublicKey::from_spki(&world.responder.0.spki()).unwrap();
    assert_eq!(answer.responder_key_hash(), key.sha256());
    let printed = format!("{answer:?} {:?}", world.request);
    assert!(
        !printed.contains("d18001") && !printed.contains("13729793"),
        "{printed}"
    );
}

#[test]
fn statuses_are_read_exactly() {
    let world = World::new();
    let at = now().plus_seconds(-5000);
    let mut table = vec![
        (good(), Ok(OcspStatus::Good)),
        (unknown(), Ok(OcspStatus::Unknown)),
    ];
    for code in 0..=12 {
        let expected = RevocationReason::from_code(code)
            .map(|reason| OcspStatus::Revoked { reason, at })
            .ok_or(OcspReason::Malformed {
                stage: OcspStage::Single,
                reason: Reason::Malformed {
                    field: "revocationReason",
                },
            });
        table.push((revoked(at, Some(code)), expected));
    }
    let unspecified = OcspStatus::Revoked {
        reason: RevocationReason::Unspecified,
        at,
    };
    table.push((revoked(at, None), Ok(unspecified)));
    for (status, expected) in table {
        let read = world.changed(|answer| answer.singles[0].status = status.clone());
        assert_eq!(read.map(|answer| answer.status()), expected, "{status:02x?}");
    }
    // Neither a good with content, nor a status of a later standard, nor one of another class reads as anything.
    for status in [
        tlv(0x80, &[0]),
        tlv(0x82, &[5]),
        tlv(0x83, &[]),
        tlv(0xa0, &[]),
        tlv(0x05, &[]),
    ] {
        let read = world.changed(|answer| answer.singles[0].status = status);
        assert_eq!(read.unwrap_err().check(), OcspCheck::Form);
    }
}

#[test]
fn never_issued_is_unknown_and_not_a_final_revocation() {
    let world = World::new();
    let epoch = Timestamp::from_seconds(0);
    let read = |at: Timestamp, marked: bool| {
        world
            .changed(|answer| {
                answer.singles[0].status = revoked(at, Some(6));
                if marked {
                    answer.extensions.push(extension(EXTENDED_REVOKE, false, &[5, 0]));
                }
            })
            .unwrap()
            .status()
    };
    assert_eq!(read(epoch, true), OcspStatus::Unknown);
    let hold = |at| OcspStatus::Revoked {
        reason: RevocationReason::CertificateHold,
        at,
    };
    assert_eq!(read(epoch, false), hold(epoch));
    assert_eq!(read(now(), true), hold(now()));
}

#[test]
fn what_is_not_signed_by_the_right_one_is_refused() {
    let world = World::new();
    let answer = world.answer();
    let bad = |bytes: &[u8]| world.judge(bytes).unwrap_err();
    // Another key under the responder's name, and a signature over other bytes.
    assert_eq!(
        bad(&answer.sign(&world.other.key)),
        OcspReason::Signature(Reason::BadSignature)
    );
    let mut other = answer.clone();
    other.singles[0].status = unknown();
    let signature = world.responder.0.sign(&other.data());
    assert_eq!(
        bad(&answer.with_signature(&signature)),
        OcspReason::Signature(Reason::BadSignature)
    );
    assert_eq!(
        bad(&answer.with_signature(&[])),
        OcspReason::Signature(Reason::BadSignature)
    );
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let world = World::new();
    let optional = OcspPolicy {
        nonce: NonceRule::Optional,
        ..policy()
    };
    let with = |extensions: Vec<Vec<u8>>| {
        let mut answer = world.answer();
        answer.extensions = extensions;
        let bytes = answer.sign(&world.responder.0);
        [&policy(), &optional].map(|policy| world.judge_by(&bytes, policy).map(|answer| answer.nonce()))
    };
    let matched = Ok(NonceVerdict::Matched);
    let differs = Err(OcspReason::NonceDiffers);
    assert_eq!(with(vec![maker::nonce(&NONCE_BYTES)]), [matched.clone(), matched]);
    assert_eq!(
        with(Vec::new()),
        [Err(OcspReason::NonceMissing), Ok(NonceVerdict::Absent)]
    );
    for other in [
        maker::nonce(&[0xa5; 31]),
        maker::nonce(&[0xa5; 33]),
        maker::nonce(&[0xa4; 32]),
        maker::nonce(&[]),
        maker::nonce(&[7; 129]),
        // The bare bytes, as some early responders wrote them.
        extension(maker::NONCE, false, &NONCE_BYTES),
        extension(maker::NONCE, false, &[]),
    ] {
        assert_eq!(with(vec![other]), [differs.clone(), differs.clone()]);
    }
    // Nobody asked with a nonce: one that comes nevertheless belongs to somebody else.
    let request = OcspRequest::new(&world.ca.anchor, &serial(SERIAL), CertIdHash::Sha256, None);
    let bytes = world.answer().sign(&world.responder.0);
    assert_eq!(
        verify(&bytes, &request, &[&world.ca.anchor], &optional, now()),
        Err(OcspReason::NonceDiffers)
    );
}

#[test]
fn every_field_of_the_certificates_name_is_compared() {
    let world = World::new();
    let ca = &world.ca;
    for (changed, differs) in [
        (
            cert_id(SHA1, &ca.name, ca.key.point(), &SERIAL.to_be_bytes()),
            CertIdField::Algorithm,
        ),
        (
            cert_id(SHA256, &world.other.name, ca.key.point(), &SERIAL.to_be_bytes()),
            CertIdField::IssuerName,
        ),
        (
            cert_id(SHA256, &ca.name, world.other.key.point(), &SERIAL.to_be_bytes()),
            CertIdField::IssuerKey,
        ),
        (
            cert_id(SHA256, &ca.name, ca.key.point(), &(SERIAL + 1).to_be_bytes()),
            CertIdField::Serial,
        ),
    ] {
        let only = world.changed(|answer| answer.singles[0].cert_id = changed.clone());
        assert_eq!(only.unwrap_err(), OcspReason::OtherCertificate { differs });
        // Beside the right one it is a bystander, whatever it says.
        for place in 0..2 {
            let beside = world.changed(|answer| {
                let mut other = answer.singles[0].clone();
                other.cert_id = changed.clone();
                other.status = revoked(now(), None);
                answer.singles.insert(place, other);
            });
            assert_eq!(beside.unwrap().status(), OcspStatus::Good);
        }
    }
    let twice = world.changed(|answer| {
        let mut again = answer.singles[0].clone();
        again.status = revoked(now(), None);
        answer.singles.push(again);
    });
    assert_eq!(twice.unwrap_err(), OcspReason::Ambiguous);
    let none = world.changed(|answer| answer.singles.clear());
    assert_eq!(none.unwrap_err().check(), OcspCheck::Certificate);
}

#[test]
fn sha1_names_issuers_where_configured() {
    let world = World::new();
    let request = OcspRequest::new(
        &world.ca.anchor,
        &serial(SERIAL),
        CertIdHash::Sha1,
        Some(&NONCE_BYTES),
    );
    let judge = |hash| {
        let mut answer = world.answer();
        answer.singles[0].cert_id =
            cert_id(hash, &world.ca.name, world.ca.key.point(), &SERIAL.to_be_bytes());
        let bytes = answer.sign(&world.responder.0);
        verify(&bytes, &request, &[&world.ca.anchor], &policy(), now()).map(|answer| answer.status())
    };
    assert_eq!(judge(SHA1), Ok(OcspStatus::Good));
    assert!(judge(SHA256).is_err());
}

#[test]
fn dates_count_to_the_second() {
    let world = World::new();
    let skew = 300;
    let judge = |produced: i64, this: i64, next: Option<i64>| {
        world.changed(|answer| {
            answer.produced_at = later(produced);
            answer.singles[0].this_update = later(this);
            answer.singles[0].next_update = next.map(later);
        })
    };
    let future = |seconds| OcspReason::FromTheFuture {
        at: now().plus_seconds(seconds),
    };
    let expired = |seconds| OcspReason::Expired {
        at: now().plus_seconds(seconds),
    };
    for (produced, this, next, expected) in [
        (0, 0, Some(600), None),
        (skew, skew, Some(600), None),
        (skew + 1, 0, Some(600), Some(future(skew + 1))),
        (0, skew + 1, Some(600), Some(future(skew + 1))),
        (-600, -600, Some(-skew), None),
        (-600, -600, Some(-skew - 1), Some(expired(-skew - 1))),
        (-600, -600, None, None),
        (-2000, -1200, None, Some(OcspReason::DatesDisagree)),
        (-1200, -1200, None, None),
        (-1201, -1201, None, Some(expired(-301))),
        (0, 0, Some(-1), Some(OcspReason::DatesDisagree)),
        (0, 0, Some(0), None),
        (-400, -100, Some(600), None),
        (-401, -100, Some(600), Some(OcspReason::DatesDisagree)),
        (0, -86_700, Some(600), None),
        (
            0,
            -86_701,
            Some(600),
            Some(OcspReason::TooOld {
                this_update: now().plus_seconds(-86_701),
            }),
        ),
    ] {
        let read = judge(produced, this, next);
        assert_eq!(read.err(), expected, "{produced} {this} {next:?}");
    }
    // Used again no longer than nextUpdate, and never with the tolerance added.
    let until = |this, next| judge(0, this, next).unwrap().valid_until();
    assert_eq!(until(-100, Some(600)), now().plus_seconds(600));
    assert_eq!(until(-100, None), now().plus_seconds(800));
    assert_eq!(until(-86_000, Some(6000)), now().plus_seconds(400));
    // RFC 6960 knows GeneralizedTime only.
    let utc = world.changed(|answer| answer.produced_at = tlv(0x17, b"261118000000Z"));
    assert_eq!(utc.unwrap_err().check(), OcspCheck::Form);
}

#[test]
fn critical_extensions_must_be_known() {
    let world = World::new();
    let strange = pki::Oid::new_unwrap("1.2.3.4");
    for critical in [false, true] {
        let unusual = extension(strange, critical, &[5, 0]);
        let expected = critical.then_some(OcspReason::UnknownCriticalExtension { oid: strange });
        let of_all = world.changed(|answer| answer.extensions.push(unusual.clone()));
        assert_eq!(of_all.err(), expected);
        let of_one = world.changed(|answer| answer.singles[0].extensions.push(unusual.clone()));
        assert_eq!(of_one.err(), expected);
        let nonce = world.changed(|answer| {
            answer.extensions = vec![extension(maker::NONCE, critical, &octets(&NONCE_BYTES))];
        });
        assert!(nonce.is_ok());
    }
    let twice = world.changed(|answer| answer.extensions.push(maker::nonce(&NONCE_BYTES)));
    assert_eq!(twice.unwrap_err().check(), OcspCheck::Form);
}

fn link(kind: u8, authority: u8, hash: &[u8], serial: &[u8]) -> Vec<u8> {
    sequence(&[
        tlv(10, &[kind]),
        tlv(10, &[authority]),
        octets(hash),
        integer(serial),
    ])
}

#[test]
fn links_are_read_under_the_configured_identifier_only() {
    let world = World::new();
    let value = sequence(&[link(0, 0, &[0xcd; 32], &[0, 0xd0]), link(2, 1, &[0xce; 32], &[7])]);
    let with = |critical: bool, value: &[u8], policy: &OcspPolicy| {
        let mut answer = world.answer();
        answer.singles[0].extensions = vec![extension(LINKS, critical, value)];
        world.judge_by(&answer.sign(&world.responder.0), policy)
    };
    let answer = with(true, &value, &policy()).unwrap();
    let [first, second] = answer.links() else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (first.kind, first.authority),
        (LinkKind::Predecessor, LinkAuthority::UserAuthentication)
    );
    assert_eq!(first.issuer_key_hash, "cd".repeat(32));
    assert_eq!(first.serial.expose_bytes(), [0xd0]);
    assert_eq!(
        (second.kind, second.authority),
        (LinkKind::Signing, LinkAuthority::DigitalSignature)
    );
    assert_eq!(format!("{first:?}"), "OcspLink { kind: Predecessor, .. }");
    let elsewhere = OcspPolicy {
        link_extension: Some(pki::Oid::new_unwrap("1.2.3.4")),
        ..policy()
    };
    assert!(with(false, &value, &elsewhere).unwrap().links().is_empty());
    assert_eq!(
        with(true, &value, &elsewhere).unwrap_err(),
        OcspReason::UnknownCriticalExtension { oid: LINKS }
    );
    let many: Vec<_> = (1..=17).map(|serial| link(5, 0, &[1; 32], &[serial])).collect();
    assert_eq!(
        with(false, &sequence(&many[1..]), &policy())
            .unwrap()
            .links()
            .len(),
        16
    );
    for bad in [
        Vec::new(),
        tlv(0x31, &[]),
        sequence(&many),
        sequence(&[link(6, 0, &[1; 32], &[1])]),
        sequence(&[link(0, 2, &[1; 32], &[1])]),
        sequence(&[link(0, 0, &[1; 31], &[1])]),
        sequence(&[link(0, 0, &[1; 32], &[0])]),
        sequence(&[link(0, 0, &[1; 32], &[1; 21])]),
        sequence(&[link(0, 0, &[1; 32], &[1]), link(0, 0, &[1; 32], &[1])]),
        [sequence(&[]), vec![5, 0]].concat(),
    ] {
        let read = with(false, &bad, &policy());
        assert_eq!(read.unwrap_err().check(), OcspCheck::Links, "{bad:02x?}");
    }
}

#[test]
fn failures_that_nobody_signs_are_failures() {
    let world = World::new();
    for (code, status) in [
        (1, ResponseStatus::MalformedRequest),
        (2, ResponseStatus::InternalError),
        (3, ResponseStatus::TryLater),
        (4, ResponseStatus::Other(4)),
        (5, ResponseStatus::SignatureRequired),
        (6, ResponseStatus::Unauthorized),
        (200, ResponseStatus::Other(200)),
    ] {
        let bytes = sequence(&[tlv(10, &[code])]);
        assert_eq!(
            world.judge(&bytes).unwrap_err(),
            OcspReason::NotSuccessful(status)
        );
    }
    // "Successful" without an answer, and an answer of another type.
    assert_eq!(
        world.judge(&sequence(&[tlv(10, &[0])])).unwrap_err().check(),
        OcspCheck::Form
    );
    let strange = pki::Oid::new_unwrap("1.2.3.4");
    assert_eq!(
        world.judge(&whole(strange, &[0x30, 0])).unwrap_err(),
        OcspReason::ResponseType { oid: strange }
    );
    // A version that does not exist.
    let version = world.changed(|answer| answer.version = tlv(0xa0, &integer(&[1])));
    assert_eq!(version.unwrap_err().check(), OcspCheck::Form);
}

#[test]
fn counts_and_sizes_are_bounded() {
    let world = World::new();
    let too_many = |read: Result<OcspAnswer, OcspReason>| matches!(read, Err(OcspReason::TooMany { .. }));
    let singles = |count: u32| {
        world.changed(|answer| {
            for more in 1..count {
                let mut single = answer.singles[0].clone();
                single.cert_id = cert_id(
                    SHA256,
                    &world.ca.name,
                    world.ca.key.point(),
                    &(SERIAL + more).to_be_bytes(),
                );
                answer.singles.push(single);
            }
        })
    };
    assert!(singles(16).is_ok());
    assert!(too_many(singles(17)));
    let certificates =
        |count| world.changed(|answer| answer.certificates = vec![world.responder.1.clone(); count]);
    assert!(certificates(8).is_ok());
    assert!(too_many(certificates(9)));
    let extensions = |count: u8| {
        world.changed(|answer| {
            for more in 1..count {
                let oid = pki::Oid::new_unwrap(&format!("1.2.3.{more}"));
                answer.extensions.push(extension(oid, false, &[5, 0]));
            }
        })
    };
    assert!(extensions(16).is_ok());
    assert!(too_many(extensions(17)));
    let bytes = world.answer().sign(&world.responder.0);
    let limit = |max_bytes| OcspPolicy {
        max_bytes,
        ..policy()
    };
    assert!(world.judge_by(&bytes, &limit(bytes.len())).is_ok());
    assert_eq!(
        world.judge_by(&bytes, &limit(bytes.len() - 1)).unwrap_err(),
        OcspReason::TooLarge {
            limit: bytes.len() - 1
        }
    );
}

#[test]
fn nonces_are_sent_within_their_bounds() {
    let world = World::new();
    let length = |nonce: Option<&[u8]>| {
        OcspRequest::new(&world.ca.anchor, &serial(SERIAL), CertIdHash::Sha256, nonce)
            .der()
            .len()
    };
    let none = length(None);
    assert_eq!(length(Some(&[])), none);
    assert_eq!(length(Some(&[0; 129])), none);
    assert!(length(Some(&[0; 1])) > none);
    assert!(length(Some(&[0; 128])) > length(Some(&[0; 32])));
}
