use super::*;
use crate::file::{FileKeys, Plan};

const AT: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn later(seconds: i64) -> Timestamp {
    AT.plus_seconds(seconds)
}

/// Keys of the first platform, and one more key for the same use as the first.
fn ring() -> (Ring, KeyId, KeyId) {
    let place = tempfile::tempdir().unwrap();
    let plan = Plan {
        key_use: KeyUse::OpenIdConnect,
        algorithm: SigningAlgorithm::Es256,
    };
    let saml = Plan {
        key_use: KeyUse::Saml,
        algorithm: SigningAlgorithm::Es256,
    };
    let keys = FileKeys::init(&place.path().join("k"), &[plan, saml], "idp.example", AT).unwrap();
    let keys = keys.announce(plan, "idp.example", later(10)).unwrap();
    let ring = keys.ring().clone();
    let (first, second) = (ring.keys()[0].id.clone(), ring.keys()[2].id.clone());
    (ring, first, second)
}

fn words(ring: &Ring, key_use: KeyUse) -> Vec<(&'static str, KeyId)> {
    ring.published(key_use)
        .into_iter()
        .map(|key| (key.state.word(), key.id.clone()))
        .collect()
}

#[test]
fn a_roll_over_from_beginning_to_end() {
    let (ring, first, second) = ring();
    let oidc = KeyUse::OpenIdConnect;
    let active = |ring: &Ring| ring.active(oidc, SigningAlgorithm::Es256).unwrap().id.clone();

    assert_eq!(active(&ring), first);
    assert_eq!(
        words(&ring, oidc),
        [("active", first.clone()), ("announced", second.clone())]
    );

    let planned = Activation::AfterNotice { seconds: 100 };
    assert_eq!(
        ring.activate(&second, planned, later(109)),
        Err(RingFault::NoticeTooShort {
            key: second.clone(),
            wait_seconds: 1
        })
    );
    let rolled = ring.activate(&second, planned, later(110)).unwrap();
    assert_eq!(active(&rolled), second);
    assert_eq!(
        words(&rolled, oidc),
        [("active", second.clone()), ("retired", first.clone())]
    );
    assert_eq!(
        words(&rolled, KeyUse::Saml).len(),
        1,
        "the other use is untouched"
    );
    assert_eq!(rolled.jwks().keys().len(), 2);

    let planned = Removal::AfterLife { seconds: 80 };
    assert_eq!(
        rolled.remove(&first, planned, later(189)),
        Err(RingFault::StillNeeded {
            key: first.clone(),
            wait_seconds: 1
        })
    );
    assert!(rolled.remove(&first, Removal::AtOnce, later(189)).is_ok());
    let done = rolled.remove(&first, planned, later(190)).unwrap();
    assert_eq!(words(&done, oidc), [("active", second)]);
    assert_eq!(done.jwks().keys().len(), 1);
    assert_eq!(done.keys().len(), 3, "the record of a removed key stays");
}

#[test]
fn changes_that_the_life_cycle_does_not_know() {
    let (ring, first, second) = ring();
    let refused = |result: Result<Ring, RingFault>, from: &str, tried: &str| match result {
        Err(RingFault::Transition {
            from: f, tried: t, ..
        }) => assert_eq!((f, t), (from, tried)),
        other => panic!("{other:?}"),
    };
    refused(ring.remove(&first, Removal::AtOnce, AT), "active", "remove");
    refused(
        ring.activate(&first, Activation::AtOnce, AT),
        "active",
        "activate",
    );
    let rolled = ring.activate(&second, Activation::AtOnce, AT).unwrap();
    refused(
        rolled.activate(&first, Activation::AtOnce, AT),
        "retired",
        "activate",
    );
    let done = rolled.remove(&first, Removal::AtOnce, AT).unwrap();
    refused(done.remove(&first, Removal::AtOnce, AT), "removed", "remove");
    refused(
        done.activate(&first, Activation::AtOnce, AT),
        "removed",
        "activate",
    );
    assert!(
        ring.remove(&second, Removal::AfterLife { seconds: 80 }, AT)
            .is_ok(),
        "an announced key that was never used"
    );
    let stranger = KeyId::of_spki(b"nobody");
    assert_eq!(
        ring.remove(&stranger, Removal::AtOnce, AT),
        Err(RingFault::Unknown(stranger))
    );
}

#[test]
fn rings_that_cannot_be() {
    let (ring, first, second) = ring();
    let with = |change: &dyn Fn(&mut Vec<SigningKey>)| {
        let mut keys = ring.keys().to_vec();
        change(&mut keys);
        Ring::new(keys)
    };
    assert!(with(&|_| ()).is_ok());
    let state = KeyState::Active { since: AT };
    assert_eq!(
        with(&|keys| keys[2].state = state),
        Err(RingFault::TwoActive(
            KeyUse::OpenIdConnect,
            SigningAlgorithm::Es256
        ))
    );
    assert_eq!(
        with(&|keys| keys.push(keys[2].clone())),
        Err(RingFault::Repeated(second.clone()))
    );
    assert_eq!(
        with(&|keys| keys[0].algorithm = SigningAlgorithm::Rs256),
        Err(RingFault::Unfit(first.clone()))
    );
    assert_eq!(
        with(&|keys| keys[0].id = second.clone()),
        Err(RingFault::Unfit(second.clone()))
    );
    assert!(matches!(
        with(&|keys| keys[1].certificate_der = None),
        Err(RingFault::NoCertificate(_))
    ));
}

#[test]
fn what_each_protocol_is_shown() {
    let (ring, first, _) = ring();
    let json = ring.jwks().to_json();
    assert_eq!(json["keys"][0]["kid"], first.as_str());
    assert_eq!(json["keys"][0]["alg"], "ES256");
    let names: Vec<_> = json["keys"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(ring.saml_certificates().len(), 1);
}
