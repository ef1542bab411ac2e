//! Paths over intermediate authorities, lists of authorities, lists as a stream, signed messages.

use std::sync::OnceLock;

use domain::Timestamp;
use pki::cms::SignedData;
use pki::{
    Anchors, Certificate, Crl, CrlLimits, EntrySink, Issuers, PathInputs, RevocationList, RevocationLists,
    RevocationReason, Status, StreamedCrl, Target, TrustAnchor, find_path,
};
use sim::authority::{CaKind, Hierarchy};
use sim::cms::{CmsOptions, signed_data};
use sim::gpki::{Bridge, Draft, ListDraft, ListEntry, Party, Subtrees};
use sim::keys::{KeyAlgorithm, KeyCache};
use sim::person::{Medium, PersonRequest};
use sim::{CardRequest, Simulation};

const TARGET: u8 = 0;
const BETWEEN: u8 = 1;
const LIST: u8 = 2;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_219_200)
}

fn bridge() -> &'static Bridge {
    static BRIDGE: OnceLock<Bridge> = OnceLock::new();
    BRIDGE.get_or_init(|| Bridge::generate(now()).unwrap())
}

/// Frames: a kind, two bytes of length, that many bytes.
fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut all = Vec::new();
    while let [kind, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (frame, after) = rest.split_at(length);
        all.push((*kind % 3, frame));
        bytes = after;
        if all.len() == 24 {
            break;
        }
    }
    all
}

fn framed(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, part) in parts {
        out.push(*kind);
        out.extend_from_slice(&u16::try_from(part.len()).unwrap().to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Nobody gets a path who was not issued a certificate, whatever lies between; and no search leaves its bounds.
pub(crate) fn path(bytes: &[u8]) {
    static TRUSTED: OnceLock<Anchors> = OnceLock::new();
    static GENUINE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let trusted = TRUSTED.get_or_init(|| {
        let root = Certificate::parse(&bridge().jpki_1_root).unwrap();
        Anchors::new([root]).unwrap()
    });
    let genuine = GENUINE.get_or_init(|| {
        let bridge = bridge();
        let mut all = bridge.between();
        all.extend([
            bridge.corporation.clone(),
            bridge.responder.clone(),
            bridge.stray.clone(),
            bridge.jpki_1_root.clone(),
            bridge.jpki_2_root.clone(),
        ]);
        all
    });
    let frames = frames(bytes);
    let of = |wanted: u8| {
        frames
            .iter()
            .filter(move |(kind, _)| *kind == wanted)
            .map(|(_, der)| *der)
    };
    let Some(Ok(target)) = of(TARGET).next().map(Certificate::parse) else {
        return;
    };
    let Ok(target) = Target::new(target) else { return };
    let Ok(issuers) = Issuers::from_der(of(BETWEEN)) else {
        return;
    };
    let lists = RevocationLists::from_der(of(LIST));
    let inputs = PathInputs::at(now());
    for status in [Status::NotAsked, Status::Lists(&lists)] {
        let work = match find_path(&target, &[&issuers], trusted, status, &inputs) {
            Ok(path) => {
                assert!(
                    genuine.iter().any(|der| der == path.target().der()),
                    "a path for a stranger"
                );
                path.explanation().work
            }
            Err(refusal) => {
                let _ = refusal.explanation.to_string();
                refusal.explanation.work
            }
        };
        assert!(work.signatures <= inputs.budget.signatures && work.candidates <= inputs.budget.candidates);
    }
}

pub(crate) fn paths() -> Vec<Vec<u8>> {
    let bridge = bridge();
    let between = bridge.between();
    let lists = bridge.lists(now(), &[]).unwrap();
    let whole = |target: &[u8], with_lists: bool| {
        let mut parts = vec![(TARGET, target)];
        parts.extend(between.iter().map(|der| (BETWEEN, der.as_slice())));
        if with_lists {
            parts.extend(lists.iter().map(|der| (LIST, der.as_slice())));
        }
        framed(&parts)
    };
    vec![
        whole(&bridge.corporation, true),
        whole(&bridge.responder, false),
        framed(&[(TARGET, &rich())]),
    ]
}

/// A certificate with every extension that paths look at.
fn rich() -> Vec<u8> {
    let root = Party::new("Example", "root", "root", KeyAlgorithm::P256).unwrap();
    let some = Subtrees {
        directories: vec![sim::gpki::directory("Example", &["a"])],
        hosts: vec!["example.jp".to_owned()],
    };
    Draft::authority(3, now())
        .path_length(3)
        .policies(&[sim::gpki::JPKI_POLICY, sim::gpki::ANY_POLICY])
        .mapping(&[(sim::gpki::JPKI_POLICY, sim::gpki::BRIDGE_POLICY)])
        .policy_constraints(Some(1), Some(2))
        .inhibit_any_policy(1)
        .permitted(&some)
        .hosts(&["a.example.jp"])
        .distribution_point("ldap://crl.example/1", Some(&root.name))
        .sign(&root, &root)
        .unwrap()
}

/// Any reading is a reading: it ends.
pub(crate) fn authority_list(bytes: &[u8]) {
    let _ = RevocationList::parse(bytes);
}

pub(crate) fn authority_lists() -> Vec<Vec<u8>> {
    let issuer = &bridge().verifier;
    let entry = |serial, reason, issuer: Option<&Party>| ListEntry {
        serial,
        at: now(),
        reason,
        issuer: issuer.map(|party| party.name.clone()),
    };
    let indirect = ListDraft::new(7, now())
        .point("ldap://crl.example/1")
        .reasons([0x60, 0])
        .indirect()
        .sign(
            issuer,
            &[
                entry(5, Some(sim::crl::RevocationReason::Superseded), Some(issuer)),
                entry(6, None, None),
            ],
        );
    let delta = ListDraft::new(8, now())
        .delta_to(7)
        .sign(issuer, &[entry(5, None, None)]);
    let mut all = bridge().lists(now(), &[]).unwrap();
    all.extend([indirect.unwrap(), delta.unwrap()]);
    all
}

#[derive(Default)]
struct Heard(Vec<(Vec<u8>, i64, RevocationReason)>);

impl EntrySink for Heard {
    type Refusal = ();

    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), ()> {
        let bytes = serial
            .to_be_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        self.0.push((bytes, seconds, reason));
        Ok(())
    }

    fn long(&mut self, serial: &[u8], seconds: i64, reason: RevocationReason) -> Result<(), ()> {
        self.0.push((serial.to_vec(), seconds, reason));
        Ok(())
    }
}

/// What the stream believes, the reader in memory believes too, and they hear the same entries.
pub(crate) fn streamed_list(bytes: &[u8]) {
    let anchors = [trusted().clone()];
    let limits = CrlLimits {
        max_bytes: 1 << 20,
        max_entries: 10_000,
        digest_on_own_thread: false,
    };
    let mut heard = Heard::default();
    let mut source = bytes;
    if let Ok(list) = StreamedCrl::read(&mut source, &anchors, &limits, &mut heard) {
        let other = Crl::verify(bytes, &anchors).expect("believed as a stream only");
        let entries: Vec<_> = other
            .entries()
            .map(|entry| entry.expect("an entry that only the stream reads"))
            .map(|entry| (entry.serial.to_vec(), entry.revoked_at.seconds(), entry.reason))
            .collect();
        assert_eq!(heard.0, entries);
        assert_eq!(list.entries(), entries.len() as u64);
    }
}

fn trusted() -> &'static TrustAnchor {
    static ANCHOR: OnceLock<TrustAnchor> = OnceLock::new();
    ANCHOR.get_or_init(|| {
        let world = Simulation::in_memory("fuzz", KeyCache::shared());
        let authority = world
            .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
            .unwrap();
        TrustAnchor::from_der(&authority.certificate).unwrap()
    })
}

const DOCUMENT: &[u8] = b"a document";

/// Nothing verifies but what was signed.
pub(crate) fn signed_message(bytes: &[u8]) {
    static GENUINE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let genuine = GENUINE.get_or_init(signed_messages);
    let Ok(message) = SignedData::parse(bytes) else {
        return;
    };
    for beside in [None, Some(DOCUMENT)] {
        if let Ok(verified) = message.verify(beside, &[]) {
            assert!(!verified.signers.is_empty());
            if genuine.iter().any(|one| one == bytes) {
                assert_eq!(verified.document, DOCUMENT);
            }
        }
    }
}

pub(crate) fn signed_messages() -> Vec<Vec<u8>> {
    let mut simulation = Simulation::in_memory("fuzz messages", KeyCache::shared());
    let mut all = Vec::new();
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384] {
        let person = simulation.new_person(&PersonRequest::default(), now()).unwrap();
        let request = CardRequest {
            algorithm,
            ..CardRequest::default()
        };
        let kinds = [CaKind::DigitalSignature];
        let issued = simulation
            .issue_to(&person.id, Medium::Card, &kinds, &request, now())
            .unwrap();
        let id = issued.signing.unwrap().id;
        let record = simulation.record(&id).unwrap();
        for detached in [false, true] {
            let mut card = simulation.card(&id).unwrap();
            let options = CmsOptions {
                detached,
                signing_time: now(),
                fault: None,
            };
            all.push(signed_data(record, &mut card, &record.pin, DOCUMENT, &options).unwrap());
        }
    }
    all
}
