//! Who may answer, one row per rule.

use pki::ocsp::{
    Authorisation, CertIdField, Generations, NoCheckRule, OcspPolicy, OcspReason, ResponderDefect, verify,
};
use pki::{PublicKey, Reason};

#[allow(
    clippy::wildcard_imports,
    reason = "the maker is the vocabulary of these tests"
)]
use crate::maker::*;
use crate::rules::{SERIAL, World, policy};

#[test]
fn only_the_authority_and_its_delegates_may_answer() {
    let world = World::new();
    let defect = |why| Err(OcspReason::Responder(why));
    let issued = |ca: &Ca, change: fn(&mut Paper)| {
        let mut paper = Paper::responder("responder");
        change(&mut paper);
        let (key, der) = ca.responder(&paper);
        world
            .by(&key, vec![der], &policy())
            .map(|answer| answer.authorisation())
    };
    let fine = Ok(Authorisation::Delegated);
    for (what, read, expected) in [
        ("as it should be", issued(&world.ca, |_| ()), fine.clone()),
        (
            "by another authority",
            issued(&world.other, |_| ()),
            defect(ResponderDefect::NotIssuedByTheAuthority),
        ),
        (
            "by the next generation",
            issued(&world.next, |_| ()),
            defect(ResponderDefect::NotIssuedByTheAuthority),
        ),
        (
            "expired a second ago",
            issued(&world.ca, |paper| paper.not_after = now().plus_seconds(-1)),
            defect(ResponderDefect::Expired),
        ),
        (
            "in its last second",
            issued(&world.ca, |paper| paper.not_after = now()),
            fine.clone(),
        ),
        (
            "valid in a second",
            issued(&world.ca, |paper| paper.not_before = now().plus_seconds(1)),
            defect(ResponderDefect::NotYetValid),
        ),
        (
            "without purpose",
            issued(&world.ca, |paper| {
                paper.extensions.remove(1);
            }),
            defect(ResponderDefect::NotForOcsp),
        ),
        (
            "for another purpose",
            issued(&world.ca, |paper| paper.extensions[1] = purposes(&[CLIENT_AUTH])),
            defect(ResponderDefect::NotForOcsp),
        ),
        (
            "for any purpose",
            issued(&world.ca, |paper| paper.extensions[1] = purposes(&[ANY_PURPOSE])),
            defect(ResponderDefect::NotForOcsp),
        ),
        (
            "for two purposes",
            issued(&world.ca, |paper| {
                paper.extensions[1] = purposes(&[CLIENT_AUTH, OCSP_SIGNING]);
            }),
            fine.clone(),
        ),
        (
            "not for signatures",
            issued(&world.ca, |paper| paper.extensions[0] = key_usage(0x20)),
            defect(ResponderDefect::NotForSignatures),
        ),
        (
            "without key usage",
            issued(&world.ca, |paper| {
                paper.extensions.remove(0);
            }),
            fine,
        ),
        (
            "an authority",
            issued(&world.ca, |paper| paper.extensions.push(authority_constraints())),
            defect(ResponderDefect::Authority),
        ),
        (
            "with an unknown critical extension",
            issued(&world.ca, |paper| {
                paper.extensions.push(extension(LINKS, true, &[5, 0]));
            }),
            defect(ResponderDefect::UnknownCriticalExtension(LINKS)),
        ),
        (
            "without nocheck",
            issued(&world.ca, |paper| {
                paper.extensions.remove(2);
            }),
            defect(ResponderDefect::NoCheckMissing),
        ),
    ] {
        assert_eq!(read, expected, "{what}");
    }
}

#[test]
fn a_persons_certificate_is_no_responder() {
    // Everyone holds a certificate that the authority issued directly: without the purpose it answers for nobody.
    let world = World::new();
    let mut paper = Paper::responder("somebody with a card");
    paper.extensions = vec![key_usage(0x80), purposes(&[CLIENT_AUTH])];
    let (key, der) = world.ca.responder(&paper);
    let read = world.by(&key, vec![der], &policy());
    assert_eq!(
        read.unwrap_err(),
        OcspReason::Responder(ResponderDefect::NotForOcsp)
    );
}

#[test]
fn a_responder_is_found_by_name_or_key_among_bystanders() {
    let world = World::new();
    let (stranger, stranger_der) = world.other.responder(&Paper::responder("responder"));
    let mut answer = world.answer();
    answer.responder = by_name(&name("responder"));
    answer.certificates = vec![stranger_der.clone(), world.responder.1.clone()];
    let read = world.judge(&answer.sign(&world.responder.0)).unwrap();
    assert_eq!(read.authorisation(), Authorisation::Delegated);
    // The same name, the stranger's signature: the one who may answer did not sign.
    assert_eq!(
        world.judge(&answer.sign(&stranger)).unwrap_err(),
        OcspReason::Signature(Reason::BadSignature)
    );
    answer.certificates = vec![stranger_der];
    assert_eq!(
        world.judge(&answer.sign(&stranger)).unwrap_err(),
        OcspReason::Responder(ResponderDefect::NotIssuedByTheAuthority)
    );
    answer.certificates = Vec::new();
    assert_eq!(
        world.judge(&answer.sign(&world.responder.0)).unwrap_err(),
        OcspReason::UnknownResponder
    );
    answer.certificates = vec![vec![0x30, 0]];
    assert!(matches!(
        world.judge(&answer.sign(&world.responder.0)).unwrap_err(),
        OcspReason::Responder(ResponderDefect::Unreadable(_))
    ));
    answer.certificates = vec![vec![0x30, 0], world.responder.1.clone()];
    assert!(world.judge(&answer.sign(&world.responder.0)).is_ok());
}

#[test]
fn the_generation_of_the_key_decides_not_the_name() {
    let world = World::new();
    let any = OcspPolicy {
        generations: Generations::AnyOfTheName,
        ..policy()
    };
    // The authority itself, named: both generations bear the name.
    let by_itself = |key: &Key, policy: &OcspPolicy| {
        let mut answer = world.answer();
        answer.certificates = Vec::new();
        answer.responder = by_name(&world.ca.name);
        world
            .judge_by(&answer.sign(key), policy)
            .map(|answer| answer.authorisation())
    };
    assert_eq!(by_itself(&world.ca.key, &policy()), Ok(Authorisation::Authority));
    assert_eq!(
        by_itself(&world.next.key, &policy()),
        Err(OcspReason::Signature(Reason::BadSignature))
    );
    assert_eq!(by_itself(&world.next.key, &any), Ok(Authorisation::Authority));
    assert_eq!(
        by_itself(&world.other.key, &any),
        Err(OcspReason::Signature(Reason::BadSignature))
    );
    let delegates_only = OcspPolicy {
        authority_may_answer: false,
        ..policy()
    };
    assert_eq!(
        by_itself(&world.ca.key, &delegates_only),
        Err(OcspReason::Responder(ResponderDefect::AuthorityItself))
    );
    // A delegate of the next generation.
    let (key, der) = world.next.responder(&Paper::responder("responder"));
    assert!(world.by(&key, vec![der.clone()], &any).is_ok());
    assert!(world.by(&key, vec![der], &policy()).is_err());
    // Another authority, though it is pinned: neither its delegate nor itself.
    let (key, der) = world.other.responder(&Paper::responder("responder"));
    assert_eq!(
        world.by(&key, vec![der], &any).unwrap_err(),
        OcspReason::Responder(ResponderDefect::NotIssuedByTheAuthority)
    );
    assert_eq!(
        world.by(&world.other.key, Vec::new(), &any).unwrap_err(),
        OcspReason::UnknownResponder
    );
    // An answer about the same serial number of the next generation is about another certificate.
    let read = world.changed(|answer| {
        answer.singles[0].cert_id = cert_id(
            SHA256,
            &world.next.name,
            world.next.key.point(),
            &SERIAL.to_be_bytes(),
        );
    });
    assert_eq!(
        read.unwrap_err(),
        OcspReason::OtherCertificate {
            differs: CertIdField::IssuerKey
        }
    );
    // The question's own generation must be pinned.
    assert_eq!(
        verify(
            &world.answer().sign(&world.responder.0),
            &world.request,
            &[&world.next.anchor],
            &any,
            now()
        ),
        Err(OcspReason::UnknownIssuer)
    );
}

#[test]
fn pinned_and_distrusted_keys_overrule() {
    let world = World::new();
    let stranger = Key::new();
    let pinned = OcspPolicy {
        pinned_responders: vec![PublicKey::from_spki(&stranger.spki()).unwrap()],
        ..policy()
    };
    let read = world.by(&stranger, Vec::new(), &pinned).unwrap();
    assert_eq!(read.authorisation(), Authorisation::Pinned);
    assert_eq!(
        world.by(&stranger, Vec::new(), &policy()).unwrap_err(),
        OcspReason::UnknownResponder
    );
    for key in [&world.responder.0, &world.ca.key] {
        let distrusted = OcspPolicy {
            distrusted_keys: vec![PublicKey::from_spki(&key.spki()).unwrap().sha256()],
            ..policy()
        };
        assert!(world.by(key, vec![world.responder.1.clone()], &policy()).is_ok());
        assert_eq!(
            world
                .by(key, vec![world.responder.1.clone()], &distrusted)
                .unwrap_err(),
            OcspReason::Responder(ResponderDefect::Distrusted)
        );
    }
}

#[test]
fn a_responder_without_nocheck_must_live_shortly() {
    let world = World::new();
    let mut paper = Paper::responder("responder");
    paper.extensions.remove(2);
    paper.not_before = now().plus_seconds(-100);
    paper.not_after = now().plus_seconds(86_300);
    let (key, der) = world.ca.responder(&paper);
    let judge = |seconds| {
        let policy = OcspPolicy {
            no_check: NoCheckRule::OrShortLived { seconds },
            ..policy()
        };
        world.by(&key, vec![der.clone()], &policy).map(|_| ())
    };
    assert_eq!(judge(86_400), Ok(()));
    assert_eq!(
        judge(86_399),
        Err(OcspReason::Responder(ResponderDefect::NoCheckMissing))
    );
}
