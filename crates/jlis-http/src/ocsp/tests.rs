//! Two results at the same moment, which no server of a test can bring about on purpose.

use domain::Timestamp;
use jlis::{Asker, CertificateName, Links, QuestionKind, StatusEvidence, Tally};
use pki::{RevocationReason, SerialNumber};

use super::*;

struct Zero;

impl Entropy for Zero {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn source() -> HttpStatusSource {
    let responder = OcspResponder {
        label: "one".to_owned(),
        address: "http://127.0.0.1:9/ocsp".to_owned(),
        tls: None,
    };
    let settings = OcspSettings::new(vec![responder], OcspPolicy::default());
    HttpStatusSource::new(settings, Arc::new(Zero), Arc::new(Tally::default())).unwrap()
}

fn asked() -> Arc<Asked> {
    Arc::new(Asked {
        name: CertificateName {
            ca_kind: jpki::CaKind::UserAuthentication,
            issuer_key_hash: "ab".repeat(32),
            serial: SerialNumber::from_bytes(&[1]).unwrap(),
        },
        anchors: Vec::new().into(),
        asker: Asker::Platform,
        kind: QuestionKind::StatusOfAuthentication,
        max_age_seconds: None,
        now: Timestamp::from_seconds(0),
        begun: Instant::now(),
    })
}

fn verified(label: &str, status: OcspStatus) -> Attempt {
    let at = Timestamp::from_seconds(0);
    Attempt {
        label: label.to_owned(),
        outcome: Outcome::Verified(Arc::new(Remembered {
            status,
            valid_until: at,
            links: Links::default(),
            evidence: Arc::new(StatusEvidence {
                responder: label.to_owned(),
                responder_key_hash: String::new(),
                produced_at: at,
                this_update: at,
                next_update: None,
                verified_at: at,
                nonce_matched: true,
                request: Vec::new(),
                response: Vec::new(),
            }),
        })),
    }
}

fn revoked() -> OcspStatus {
    OcspStatus::Revoked {
        reason: RevocationReason::CertificateHold,
        at: Timestamp::from_seconds(0),
    }
}

#[tokio::test]
async fn of_two_results_at_one_moment_the_worse_one_counts() {
    let contradiction = || Attempt {
        label: "two".to_owned(),
        outcome: Outcome::Contradiction("one".to_owned()),
    };
    let good = OcspStatus::Good;
    let refused = Err("contradiction");
    for (first, second, expected) in [
        (verified("one", good), verified("two", good), Ok(good)),
        (
            verified("one", good),
            verified("two", OcspStatus::Unknown),
            Ok(good),
        ),
        (verified("one", good), verified("two", revoked()), Ok(revoked())),
        (verified("one", revoked()), verified("two", good), Ok(revoked())),
        (verified("one", good), contradiction(), refused),
        (verified("one", revoked()), contradiction(), refused),
        (contradiction(), verified("two", good), refused),
        (contradiction(), verified("two", revoked()), refused),
    ] {
        let source = source();
        let mut race = Race::new(&source, asked());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        race.running.spawn(async move {
            let _ = sender.send(());
            second
        });
        // The task has ended before anything is taken.
        receiver.await.unwrap();
        tokio::task::yield_now().await;
        let result = race.take(first).unwrap();
        let told = result
            .map(|answer| answer.status)
            .map_err(|failure| match failure {
                StatusFailure::Contradiction { .. } => "contradiction",
                _ => "something else",
            });
        assert_eq!(told, expected);
    }
}
