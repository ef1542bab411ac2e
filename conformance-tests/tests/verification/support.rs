//! A bank, a person with a card, and what passes between them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{MachineClock, Platform, PlatformOptions};
use domain::{Clock as _, Timestamp};
use reqwest::{Certificate, Client, Method, StatusCode};
use serde_json::{Value, json};
use sim::authority::{CaKind, Hierarchy};
use sim::card::Card;
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::person::{Issued, Medium, PersonRequest};
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

pub(crate) const DOCUMENT: &[u8] = "口座開設申込書 2026年11月21日\n".as_bytes();

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }

    /// The answer that must be a success.
    #[track_caller]
    pub(crate) fn good(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json()
    }

    /// The problem that it must be.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.kind, "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "title_ja"] {
            assert!(problem[member].is_string(), "{member}: {}", self.text);
        }
    }
}

/// The platform of these tests, its OCSP responder on.
pub(crate) async fn platform() -> Platform {
    platform_with("").await
}

/// The same with further lines of `[verification]`.
pub(crate) async fn platform_with(verification: &str) -> Platform {
    let mut platform = Platform::prepare(PlatformOptions {
        jlis: "ocsp_responders = [{ label = \"first\", url = \"{jlis}/ocsp\" }]".to_owned(),
        more_config: format!("[verification]\nwatch_seconds = 1\n{verification}"),
        ..PlatformOptions::default()
    })
    .await;
    std::fs::write(platform.path().join("push-ca.pem"), &platform.ca_pem).unwrap();
    publish(&platform);
    platform.run().await;
    platform
}

/// The same with a changed configuration file, and with or without lists of the 署名用 authority.
pub(crate) async fn platform_changed(change: impl FnOnce(String) -> String, lists: bool) -> Platform {
    let mut platform = Platform::prepare(PlatformOptions::default()).await;
    let path = platform.path().join("idp-server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(text)).unwrap();
    if lists {
        publish(&platform);
    }
    platform.run().await;
    platform
}

/// Every event of the audit, of one action.
pub(crate) fn audit(platform: &Platform, action: &str) -> Vec<Value> {
    let exported = platform.command(&["audit", "export"]);
    String::from_utf8(exported.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| {
            let event: Value = serde_json::from_str(line["text"].as_str().unwrap()).unwrap();
            (event["action"] == action).then_some(event)
        })
        .collect()
}

/// Sends a person's signed withdrawal, as anybody may.
pub(crate) async fn withdraw(platform: &Platform, message: &[u8]) -> Answer {
    let request = client(platform)
        .post(format!("{}/v1/withdrawals", platform.origin))
        .header("content-type", "application/json")
        .body(json!({"message": base64(message)}).to_string());
    read(request).await
}

/// Fresh lists of both authorities with everything revoked so far, made at one time.
pub(crate) fn publish(platform: &Platform) {
    publish_at(platform, MachineClock.now());
}

/// The same with a chosen date.
pub(crate) fn publish_at(platform: &Platform, made: Timestamp) {
    publish_only(platform, CaKind::DigitalSignature, made);
    platform.publish_list_of(made, made.plus_seconds(86_400));
}

/// The list of one authority.
pub(crate) fn publish_only(platform: &Platform, kind: CaKind, made: Timestamp) {
    if kind == CaKind::UserAuthentication {
        platform.publish_list_of(made, made.plus_seconds(86_400));
        return;
    }
    let list = platform
        .simulation
        .lock()
        .unwrap()
        .publish_crl(Hierarchy::Test, kind, made, made.plus_seconds(86_400))
        .unwrap();
    let draft = platform.path().join("draft-sign");
    std::fs::write(&draft, list).unwrap();
    std::fs::rename(&draft, platform.path().join("crl/sign.crl")).unwrap();
}

/// Somebody with both certificates on a card.
pub(crate) struct Person {
    simulation: Arc<Mutex<Simulation>>,
    pub(crate) id: String,
    pub(crate) signing: CardRecord,
    pub(crate) authentication: CardRecord,
}

impl Person {
    pub(crate) fn new(platform: &Platform) -> Self {
        Self::with(platform, &CardRequest::default())
    }

    pub(crate) fn with(platform: &Platform, request: &CardRequest) -> Self {
        let simulation = Arc::clone(&platform.simulation);
        let mut world = simulation.lock().unwrap();
        let now = MachineClock.now();
        let person = world.new_person(&PersonRequest::default(), now).unwrap();
        let Issued {
            authentication,
            signing,
        } = world
            .issue_to(&person.id, Medium::Card, &CaKind::ALL, request, now)
            .unwrap();
        drop(world);
        Self {
            simulation,
            id: person.id,
            signing: signing.unwrap(),
            authentication: authentication.unwrap(),
        }
    }

    /// The person after something happened, by the newest certificates.
    pub(crate) fn after(&self, issued: Issued) -> Self {
        Self {
            simulation: Arc::clone(&self.simulation),
            id: self.id.clone(),
            signing: issued.signing.unwrap_or_else(|| self.signing.clone()),
            authentication: issued
                .authentication
                .unwrap_or_else(|| self.authentication.clone()),
        }
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, Simulation> {
        self.simulation.lock().unwrap()
    }

    pub(crate) fn sign(&self, document: &[u8]) -> Vec<u8> {
        self.sign_with(document, false, None, MachineClock.now())
    }

    pub(crate) fn sign_with(
        &self,
        document: &[u8],
        detached: bool,
        fault: Option<CmsFault>,
        signing_time: Timestamp,
    ) -> Vec<u8> {
        let mut card = self.card();
        let options = CmsOptions {
            detached,
            signing_time,
            fault,
        };
        signed_data(&self.signing, &mut card, &self.signing.pin, document, &options).unwrap()
    }

    pub(crate) fn card(&self) -> Card {
        self.signing.card().unwrap()
    }

    pub(crate) fn raw(&self, document: &[u8]) -> Vec<u8> {
        self.card().sign(&self.signing.pin, document).unwrap()
    }
}

/// A registered verifier. Its key is an RSA key of the simulation.
pub(crate) struct Bank {
    pub(crate) id: String,
    pub(crate) origin: String,
    pub(crate) client: Client,
    key: Mutex<(Card, String)>,
    token: Mutex<Option<String>>,
    seen: Mutex<Vec<Answer>>,
}

fn sequence(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    // RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }: the last two integers of the SPKI.
    let place = bytes
        .windows(4)
        .position(|window| window == [0x02, 0x82, 0x01, 0x01])
        .unwrap();
    let modulus = bytes[place + 5..place + 5 + 256].to_vec();
    (modulus, vec![1, 0, 1])
}

impl Bank {
    /// A bank with every capability and the purposes `account-opening` (基本4情報) and `mailing`.
    pub(crate) fn new(platform: &Platform, id: &str) -> Self {
        Self::with(platform, id, "")
    }

    /// The same with further lines before the purposes.
    pub(crate) fn with(platform: &Platform, id: &str, more: &str) -> Self {
        let request = CardRequest::default();
        let now = MachineClock.now();
        let record = platform
            .simulation
            .lock()
            .unwrap()
            .make_card(&request, now)
            .unwrap();
        let card = record.card().unwrap();
        let (modulus, exponent) = sequence(&card.key().spki());
        let jwks = json!({"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent)}]});
        let capabilities = if more.contains("capabilities") {
            ""
        } else {
            "capabilities = [\"verify_signatures\", \"watch_status\", \"latest_items\"]"
        };
        let file = format!(
            r#"
id = "{id}"
name = {{ ja = "{id} 銀行", en = "Bank {id}" }}
accreditation = "試験 {id}"
accredited_until = "2099-01-01T00:00:00Z"
jwks = '{jwks}'
{capabilities}
{more}
[[purposes]]
code = "account-opening"
name = {{ ja = "口座開設", en = "Opening an account" }}
four_items = true
[[purposes]]
code = "mailing"
name = {{ ja = "郵便物の送付", en = "Mailing" }}
"#
        );
        let path = platform.path().join(format!("{id}.toml"));
        std::fs::write(&path, file).unwrap();
        let added = platform.command(&["verifier", "add", path.to_str().unwrap()]);
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        Self {
            id: id.to_owned(),
            origin: platform.origin.clone(),
            client: client(platform),
            key: Mutex::new((card, record.pin)),
            token: Mutex::new(None),
            seen: Mutex::new(Vec::new()),
        }
    }

    /// A client assertion with chosen claims.
    pub(crate) fn assertion(&self, change: impl FnOnce(&mut Value)) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = MachineClock.now().seconds();
        let mut claims = json!({
            "iss": self.id, "sub": self.id, "aud": format!("{}/v1/token", self.origin),
            "iat": now, "exp": now + 60,
            "jti": format!("j-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)),
        });
        change(&mut claims);
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": "1", "typ": "JWT"}).to_string());
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut key = self.key.lock().unwrap();
        let pin = key.1.clone();
        let signature = key.0.sign(&pin, input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Asks for a token with an assertion.
    pub(crate) async fn token_with(&self, assertion: &str) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", assertion)
            .finish();
        let request = self
            .client
            .post(format!("{}/v1/token", self.origin))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.keep(read(request).await)
    }

    async fn token(&self) -> String {
        let held = self.token.lock().unwrap().clone();
        if let Some(token) = held {
            return token;
        }
        let answer = self.token_with(&self.assertion(|_| {})).await.good();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        *self.token.lock().unwrap() = Some(token.clone());
        token
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.origin))
            .bearer_auth(self.token().await);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        self.keep(read(request).await)
    }

    fn keep(&self, answer: Answer) -> Answer {
        self.seen.lock().unwrap().push(answer.clone());
        answer
    }

    /// Every octet that this bank was ever answered.
    pub(crate) fn everything_seen(&self) -> String {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|answer| answer.text.as_str()).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Has a message verified.
    pub(crate) async fn verify(&self, message: &[u8]) -> Answer {
        self.verify_as(message, json!({})).await
    }

    /// The same with further members of the request.
    pub(crate) async fn verify_as(&self, message: &[u8], more: Value) -> Answer {
        let mut body = json!({"purpose": "account-opening", "cms": {"message": base64(message)}});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("/v1/signatures/verify", body).await
    }

    /// A text for the person to sign.
    pub(crate) async fn text(&self, kind: &str, purpose: &str, days: i64) -> (String, String) {
        let until = MachineClock.now().plus_seconds(days * 86_400 + 9 * 3600);
        let until: String = until.to_rfc3339().unwrap().chars().take(10).collect();
        let request = json!({"kind": kind, "purpose": purpose, "until": until});
        let answer = self.post("/v1/consent-texts", request).await.good();
        let member = |name: &str| answer[name].as_str().unwrap().to_owned();
        (member("text"), member("withdrawal_text"))
    }

    /// A registered watch over a person; its identifier and the text that takes it back.
    pub(crate) async fn watch(&self, person: &Person) -> (String, String) {
        let (text, withdrawal) = self.text("status_watch", "mailing", 365).await;
        let message = base64(&person.sign(text.as_bytes()));
        let answer = self.post("/v1/watches", json!({"message": message})).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
        let id = answer.json()["consent"].as_str().unwrap().to_owned();
        (id, withdrawal)
    }

    /// Notices behind a number, as soon as there are any.
    pub(crate) async fn notices_behind(&self, platform: &Platform, after: u64) -> Vec<Value> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let page = self.get(&format!("/v1/notices?after={after}")).await.good();
            let notices = page["notices"].as_array().unwrap().clone();
            if !notices.is_empty() {
                return notices;
            }
            assert!(Instant::now() < until, "no notice:\n{}", platform.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// An HTTP client that trusts the platform's certificate, for whoever has no credentials too.
pub(crate) fn client(platform: &Platform) -> Client {
    let ca = Certificate::from_pem(platform.ca_pem.as_bytes()).unwrap();
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    Client::builder()
        .add_root_certificate(ca)
        .resolve("idp.localhost", local)
        .build()
        .unwrap()
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let kind = response
        .headers()
        .get("content-type")
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default();
    Answer {
        status,
        kind,
        text: response.text().await.unwrap(),
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Asks again until a condition holds.
pub(crate) async fn eventually<F, Fut>(platform: &Platform, what: &str, mut look: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let until = Instant::now() + Duration::from_secs(30);
    while !look().await {
        assert!(Instant::now() < until, "{what} never came:\n{}", platform.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
