//! An authority, a certificate to ask about, responders that answer truthfully or not, and the client under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{Entropy, Timestamp};
use jlis::{
    Asker, CertificateName, Counted, QuestionCounter, QuestionKind, StatusAnswer, StatusFailure,
    StatusQuestion, StatusSource as _, Tally,
};
use jlis_http::{HttpStatusSource, OcspResponder, OcspSettings};
use jpki::{CaKind, JpkiConfig, Mode, PinnedCa};
use pki::ocsp::OcspPolicy;

use crate::maker::{self, Answer, Ca, Key, LINKS, Paper, by_key, extension, now, octets};
use crate::server::{Heard, Reply};

pub(crate) const SERIAL: u32 = 0x00d1_8001;
pub(crate) const OCSP: &str = "application/ocsp-response";

pub(crate) struct Chance;

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

/// Sums, and incidents.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) tally: Tally,
    pub(crate) incidents: AtomicUsize,
    pub(crate) remembered: AtomicUsize,
}

impl QuestionCounter for Counter {
    fn count(&self, event: &Counted<'_>) {
        if event.outcome == jlis::QuestionOutcome::Remembered {
            self.remembered.fetch_add(1, Ordering::SeqCst);
        }
        self.tally.count(event);
    }

    fn contradiction(&self, _: QuestionKind, _: [&str; 2]) {
        self.incidents.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) responder: Arc<(Key, Vec<u8>)>,
    pub(crate) config: JpkiConfig,
    pub(crate) name: CertificateName,
    pub(crate) counter: Arc<Counter>,
}

impl World {
    pub(crate) fn new() -> Self {
        let ca = Ca::new("JPKI");
        let pinned = PinnedCa::from_der(
            CaKind::UserAuthentication,
            "generation 1",
            ca.anchor.certificate().der(),
        )
        .unwrap();
        Self {
            responder: Arc::new(ca.responder(&Paper::responder("responder"))),
            name: CertificateName {
                ca_kind: CaKind::UserAuthentication,
                issuer_key_hash: ca.anchor.key_hash().to_owned(),
                serial: maker::serial(SERIAL),
            },
            config: JpkiConfig::new(Mode::Test, vec![pinned]),
            counter: Arc::default(),
            ca,
        }
    }

    /// Answers truthfully, but for what `change` does to it.
    pub(crate) fn answering(
        &self,
        change: impl Fn(&mut Answer) + Send + Sync + 'static,
    ) -> impl Fn(&Heard) -> Reply + Send + Sync + 'static {
        let responder = Arc::clone(&self.responder);
        move |heard| Reply::ok(OCSP, signed(&responder, heard, &change))
    }

    /// Always says this status, as of `of` seconds after now.
    pub(crate) fn saying(
        &self,
        status: Vec<u8>,
        of: i64,
    ) -> impl Fn(&Heard) -> Reply + Send + Sync + 'static {
        self.answering(move |answer| say(answer, &status, of))
    }

    /// Quick limits, several responders.
    pub(crate) fn settings(urls: &[String]) -> OcspSettings {
        let responders = urls
            .iter()
            .enumerate()
            .map(|(place, url)| OcspResponder {
                label: format!("responder {}", place + 1),
                address: format!("{url}/ocsp"),
                tls: None,
            })
            .collect();
        let policy = OcspPolicy {
            link_extension: Some(LINKS),
            ..OcspPolicy::default()
        };
        OcspSettings {
            each: Duration::from_secs(1),
            whole: Duration::from_secs(4),
            hedge_after: Duration::from_mins(1),
            failures: 1000,
            ..OcspSettings::new(responders, policy)
        }
    }

    pub(crate) fn client(&self, settings: OcspSettings) -> HttpStatusSource {
        HttpStatusSource::new(settings, Arc::new(Chance), self.counter.clone()).unwrap()
    }

    pub(crate) async fn ask(&self, client: &HttpStatusSource) -> Result<StatusAnswer, StatusFailure> {
        self.ask_at(client, now(), None).await
    }

    pub(crate) async fn ask_at(
        &self,
        client: &HttpStatusSource,
        at: Timestamp,
        max_age_seconds: Option<i64>,
    ) -> Result<StatusAnswer, StatusFailure> {
        let asker = Asker::Platform;
        let question = StatusQuestion {
            max_age_seconds,
            ..StatusQuestion::new(&self.name, &self.config, &asker, at)
        };
        client.ask(&question).await
    }

    /// How many questions were counted since the last time.
    pub(crate) fn counted(&self) -> u64 {
        self.counter.tally.take().iter().map(|(_, _, sum)| sum).sum()
    }
}

pub(crate) fn say(answer: &mut Answer, status: &[u8], of: i64) {
    let at = now().plus_seconds(of);
    answer.produced_at = maker::generalized(at);
    answer.singles[0].status = status.to_vec();
    answer.singles[0].this_update = maker::generalized(at);
    answer.singles[0].next_update = Some(maker::generalized(at.plus_seconds(600)));
}

/// The response to a request, with the nonce of the request, before and after `change`.
pub(crate) fn signed(
    responder: &(Key, Vec<u8>),
    heard: &Heard,
    change: &(impl Fn(&mut Answer) + ?Sized),
) -> Vec<u8> {
    let (cert_id, nonce) = question(&heard.body);
    let mut answer = Answer::about(cert_id, by_key(&responder.0), vec![responder.1.clone()]);
    answer.extensions = nonce
        .iter()
        .map(|nonce| extension(maker::NONCE, false, &octets(nonce)))
        .collect();
    change(&mut answer);
    answer.sign(&responder.0)
}

/// `CertID` and nonce of a request, read without the room under test.
fn question(request: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let tbs = content(content(request).0).0;
    let (list, rest) = content(tbs);
    let cert_id = content(list).0.to_vec();
    let nonce = (!rest.is_empty()).then(|| {
        // [2] { SEQUENCE { SEQUENCE { OID, OCTET STRING { OCTET STRING } } } }
        let extension = content(content(content(rest).0).0).0;
        let value = content(extension).1;
        content(content(value).0).0.to_vec()
    });
    (cert_id, nonce)
}

/// The content of the first element, and what follows it.
fn content(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (start, length) = match bytes[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(bytes[2])),
        _ => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
    };
    bytes[start..].split_at(length)
}

/// Waits until something is so, without end only if it never is.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
