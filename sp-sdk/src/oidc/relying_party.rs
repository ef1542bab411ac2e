//! A client of the platform.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Entropy, Timestamp};
use jose::{Algorithm, digest, encode_base64url};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::provider::Provider;
use super::{Answer, OidcConfig, OidcReason, RequestOptions, SentRequest, SignIn};
use crate::MachineEntropy;
use crate::http::{Answered, Fetch, Http, Outgoing};
use crate::key::{ServiceKey, random_text};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clocks differ a little.
pub(super) const SKEW_SECONDS: i64 = 60;

/// A client of the platform, shared by all requests of a service.
pub struct RelyingParty {
    pub(super) config: OidcConfig,
    pub(super) algorithm: Algorithm,
    pub(super) provider: Arc<Provider>,
    key: Option<ServiceKey>,
    dpop: Option<ServiceKey>,
    nonce: Mutex<Option<String>>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "RelyingParty({} at {})",
            self.config.client_id, self.config.issuer
        )
    }
}

impl RelyingParty {
    /// Reads the platform's discovery document and keys.
    pub async fn discover(config: OidcConfig, now: Timestamp) -> Result<Self, OidcReason> {
        let fetch = Http::new(&config.trusted_ca_pem, &config.addresses)?;
        Self::discover_by(config, Arc::new(fetch), now).await
    }

    /// The same by a connection of the service's own.
    pub async fn discover_by(
        config: OidcConfig,
        fetch: Arc<dyn Fetch>,
        now: Timestamp,
    ) -> Result<Self, OidcReason> {
        let algorithm = Algorithm::from_name(&config.id_token_signed_response_alg)
            .filter(|algorithm| *algorithm != Algorithm::Es384)
            .ok_or(OidcReason::Setting {
                what: "id_token_signed_response_alg",
            })?;
        if !config.redirect_uri.starts_with("https://") {
            return Err(OidcReason::Setting { what: "redirect_uri" });
        }
        let pem = config.private_key_pem.as_ref();
        let key = pem.map(|pem| ServiceKey::from_pem(pem.reveal())).transpose()?;
        let provider = Arc::new(Provider::discover(&config.issuer, fetch, now).await?);
        let dpop = if config.dpop && provider.current(now).await.discovered.takes_dpop() {
            Some(ServiceKey::generate()?)
        } else {
            None
        };
        Ok(Self {
            config,
            algorithm,
            provider,
            key,
            dpop,
            nonce: Mutex::default(),
            entropy: Arc::new(MachineEntropy),
        })
    }

    /// The platform's documents, to share them with a resource server or a monitor.
    pub fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// The address to send the browser to, and what to keep for that browser. A client that can prove itself pushes the request
    /// first (RFC 9126): the browser then carries a name for it and nothing else.
    pub async fn begin(
        &self,
        options: &RequestOptions,
        now: Timestamp,
    ) -> Result<(String, SentRequest), OidcReason> {
        let known = self.provider.current(now).await;
        let discovered = &known.discovered;
        let entropy = self.entropy.as_ref();
        let sent = SentRequest {
            state: random_text(entropy),
            nonce: random_text(entropy),
            verifier: random_text(entropy),
            sent_at: now,
            max_age_seconds: options.max_age_seconds,
            levels: options.levels.clone(),
            resource: options.resource.clone(),
        };
        let parameters = self.parameters(options, &sent);
        let pushed = discovered
            .pushed_authorization_request_endpoint
            .as_ref()
            .filter(|_| self.is_confidential());
        let query = match pushed {
            Some(endpoint) => vec![
                ("client_id", self.config.client_id.clone()),
                ("request_uri", self.push(endpoint, parameters, now).await?),
            ],
            None => parameters,
        };
        let mut address = url::Url::parse(&discovered.authorization_endpoint)
            .map_err(|_| OidcReason::Discovery("its authorization_endpoint is malformed".to_owned()))?;
        address.query_pairs_mut().extend_pairs(query);
        Ok((address.into(), sent))
    }

    fn parameters(&self, options: &RequestOptions, sent: &SentRequest) -> Vec<(&'static str, String)> {
        let mut scope = vec!["openid"];
        scope.extend(options.scopes.iter().map(String::as_str));
        let challenge = encode_base64url(digest::sha256(sent.verifier.as_bytes()));
        let mut all = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.config.client_id.clone()),
            ("redirect_uri", self.config.redirect_uri.clone()),
            ("scope", scope.join(" ")),
            ("state", sent.state.clone()),
            ("nonce", sent.nonce.clone()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let names: Vec<&str> = options
            .levels
            .iter()
            .chain(&options.certainty)
            .map(String::as_str)
            .collect();
        if !names.is_empty() {
            all.push(("acr_values", names.join(" ")));
        }
        let more = [
            (
                "max_age",
                options.max_age_seconds.map(|seconds| seconds.to_string()),
            ),
            ("resource", options.resource.clone()),
            ("ui_locales", options.ui_locales.clone()),
            // The code is good with our key alone (RFC 9449 section 10).
            ("dpop_jkt", self.dpop.as_ref().map(|key| key.kid().to_owned())),
        ];
        all.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
        all
    }

    async fn push(
        &self,
        endpoint: &str,
        parameters: Vec<(&'static str, String)>,
        now: Timestamp,
    ) -> Result<String, OidcReason> {
        #[derive(Deserialize)]
        struct Pushed {
            request_uri: String,
        }
        let answer = self.ask(endpoint, parameters, false, now).await?;
        if answer.status != 201 {
            return Err(OidcReason::PushRefused {
                error: error_of(&answer),
            });
        }
        serde_json::from_slice(&answer.body)
            .map(|pushed: Pushed| pushed.request_uri)
            .map_err(|_| OidcReason::Missing {
                parameter: "request_uri",
            })
    }

    /// Redeems and verifies the answer to what was sent from this browser.
    pub async fn finish(
        &self,
        answer: Answer,
        sent: SentRequest,
        now: Timestamp,
    ) -> Result<SignIn, OidcReason> {
        #[derive(Deserialize)]
        struct Tokens {
            access_token: String,
            id_token: Option<String>,
        }
        let code = self.read_answer(answer, &sent)?;
        let known = self.provider.current(now).await;
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.config.redirect_uri.clone()),
            ("code_verifier", sent.verifier.clone()),
        ];
        fields.extend(sent.resource.clone().map(|resource| ("resource", resource)));
        let answer = self
            .ask(&known.discovered.token_endpoint, fields, true, now)
            .await?;
        if answer.status != 200 {
            return Err(OidcReason::CodeRefused {
                error: error_of(&answer),
            });
        }
        let tokens: Tokens = serde_json::from_slice(&answer.body).map_err(|_| OidcReason::Missing {
            parameter: "access_token",
        })?;
        let id_token = tokens.id_token.ok_or(OidcReason::Missing {
            parameter: "id_token",
        })?;
        let verified = self
            .provider
            .verify(&id_token, (&[self.algorithm], &["JWT"], true), now)
            .await?;
        let claims = verified.claims().map_err(OidcReason::Signature)?;
        judge(&claims, &tokens.access_token, &self.expected(&sent), now).map(|judged| SignIn {
            id_token,
            access_token: tokens.access_token,
            ..judged
        })
    }

    fn expected<'a>(&'a self, sent: &'a SentRequest) -> Expected<'a> {
        Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            algorithm: self.algorithm,
            sent,
        }
    }

    /// The headers with which our access token is shown at a resource (RFC 9449 section 7.1, RFC 6750 section 2.1). `nonce` is what
    /// that resource asked for.
    pub fn show_token(
        &self,
        (method, address): (&str, &str),
        access_token: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, OidcReason> {
        let Some(key) = &self.dpop else {
            return Ok(vec![("authorization", format!("Bearer {access_token}"))]);
        };
        let request = (method, address);
        let proof = key.dpop_proof(request, Some(access_token), nonce, self.entropy.as_ref(), now)?;
        Ok(vec![
            ("authorization", format!("DPoP {access_token}")),
            ("dpop", proof),
        ])
    }

    const fn is_confidential(&self) -> bool {
        self.key.is_some() || self.config.client_secret.is_some()
    }

    /// Asks an endpoint of the platform, with our proofs; once more where it wants another `DPoP` nonce (RFC 9449 section 8).
    async fn ask(
        &self,
        endpoint: &str,
        fields: Vec<(&'static str, String)>,
        with_proof: bool,
        now: Timestamp,
    ) -> Result<Answered, OidcReason> {
        let answer = self.ask_once(endpoint, &fields, with_proof, now).await?;
        let Some(nonce) = answer.dpop_nonce.clone().filter(|_| with_proof) else {
            return Ok(answer);
        };
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce);
        if answer.status == 400 && error_of(&answer) == "use_dpop_nonce" {
            return self.ask_once(endpoint, &fields, with_proof, now).await;
        }
        Ok(answer)
    }

    async fn ask_once(
        &self,
        endpoint: &str,
        fields: &[(&'static str, String)],
        with_proof: bool,
        now: Timestamp,
    ) -> Result<Answered, OidcReason> {
        let (client, entropy) = (&self.config.client_id, self.entropy.as_ref());
        let mut all = fields.to_vec();
        let mut headers = Vec::new();
        match (&self.key, &self.config.client_secret) {
            (Some(key), _) => {
                let assertion = key.client_assertion(client, &self.config.issuer, entropy, now)?;
                all.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                all.push(("client_assertion", assertion));
            }
            (None, Some(secret)) => headers.push(("authorization", basic(client, secret.reveal()))),
            (None, None) => {}
        }
        if !all.iter().any(|(name, _)| *name == "client_id") && self.config.client_secret.is_none() {
            all.push(("client_id", client.clone()));
        }
        if let Some(key) = self.dpop.as_ref().filter(|_| with_proof) {
            let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
            headers.push((
                "dpop",
                key.dpop_proof(("POST", endpoint), None, nonce.as_deref(), entropy, now)?,
            ));
        }
        let pairs: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut request = Outgoing::form(endpoint, &pairs);
        request.headers.extend(headers);
        Ok(self.provider.fetch().send(request).await?)
    }

    /// The code of an answer that is the platform's, to this browser's question.
    fn read_answer(&self, answer: Answer, sent: &SentRequest) -> Result<String, OidcReason> {
        let state = answer.state.ok_or(OidcReason::Missing { parameter: "state" })?;
        if !digest::same(state.as_bytes(), sent.state.as_bytes()) {
            return Err(OidcReason::AnswersAnotherRequest);
        }
        if answer.iss.as_deref() != Some(&self.config.issuer) {
            return Err(OidcReason::AnotherIssuer);
        }
        if let Some(error) = answer.error {
            return Err(OidcReason::NotSignedIn { error });
        }
        answer.code.ok_or(OidcReason::Missing { parameter: "code" })
    }
}

/// What an ID token is held against.
struct Expected<'a> {
    issuer: &'a str,
    client_id: &'a str,
    algorithm: Algorithm,
    sent: &'a SentRequest,
}

/// The claims of an ID token whose signature was verified (Core 1.0 section 3.1.3.7).
fn judge(
    claims: &Map<String, Value>,
    access_token: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<SignIn, OidcReason> {
    let sent = expected.sent;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let needed = |name: &'static str| text(name).ok_or(OidcReason::Claim(name));
    check_issue(claims, expected.issuer, expected.client_id, now)?;
    if !digest::same(needed("nonce")?.as_bytes(), sent.nonce.as_bytes()) {
        return Err(OidcReason::Claim("nonce"));
    }
    if text("at_hash").is_some_and(|told| told != digest::left_half(expected.algorithm, access_token)) {
        return Err(OidcReason::AnotherAccessToken);
    }
    let level = text("acr");
    if !sent.levels.is_empty() && !level.as_ref().is_some_and(|level| sent.levels.contains(level)) {
        return Err(OidcReason::LevelNotAskedFor);
    }
    let authenticated_at = claims
        .get("auth_time")
        .map(|at| at.as_i64().ok_or(OidcReason::Claim("auth_time")))
        .transpose()?
        .map(Timestamp::from_seconds);
    check_freshness(authenticated_at, sent)?;
    let methods = claims.get("amr").and_then(Value::as_array);
    let methods = methods.into_iter().flatten().filter_map(Value::as_str);
    Ok(SignIn {
        subject: needed("sub")?,
        level,
        ial: text("ial"),
        aal: text("aal"),
        certainty: text("revocation_certainty"),
        methods: methods.map(str::to_owned).collect(),
        authenticated_at,
        session: text("sid"),
        id_token: String::new(),
        access_token: String::new(),
    })
}

/// Who issued a token, to whom and when: the same for ID tokens and logout tokens.
pub(super) fn check_issue(
    claims: &Map<String, Value>,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<(), OidcReason> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(OidcReason::Claim("iss"));
    }
    // We alone: whoever else it were for could show it to us.
    let is_us = |audience: &Value| audience.as_str() == Some(client_id);
    let for_us = match claims.get("aud") {
        Some(Value::Array(all)) => matches!(all.as_slice(), [one] if is_us(one)),
        Some(one) => is_us(one),
        None => false,
    };
    if !for_us {
        return Err(OidcReason::Claim("aud"));
    }
    if claims.get("azp").is_some_and(|party| !is_us(party)) {
        return Err(OidcReason::Claim("azp"));
    }
    let time = |name: &'static str| {
        let at = claims.get(name).and_then(Value::as_i64);
        at.map(Timestamp::from_seconds).ok_or(OidcReason::Claim(name))
    };
    if time("exp")?.plus_seconds(SKEW_SECONDS) <= now {
        return Err(OidcReason::Expired);
    }
    if time("iat")? > now.plus_seconds(SKEW_SECONDS) {
        return Err(OidcReason::Claim("iat"));
    }
    Ok(())
}

/// `max_age` (Core 1.0 section 3.1.2.1): the sign-in is at most that much older than the question.
fn check_freshness(authenticated_at: Option<Timestamp>, sent: &SentRequest) -> Result<(), OidcReason> {
    let Some(max_age) = sent.max_age_seconds else {
        return Ok(());
    };
    let oldest = sent
        .sent_at
        .plus_seconds(-i64::from(max_age))
        .plus_seconds(-SKEW_SECONDS);
    if authenticated_at.is_some_and(|at| at >= oldest) {
        Ok(())
    } else {
        Err(OidcReason::NotFresh)
    }
}

/// `error` of an OAuth refusal (RFC 6749 section 5.2), bounded.
fn error_of(answer: &Answered) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice(&answer.body).map_or_else(
        |_| format!("status {}", answer.status),
        |refusal: Refusal| {
            let plain = |c: &char| c.is_ascii_graphic();
            refusal.error.chars().filter(plain).take(80).collect()
        },
    )
}

/// RFC 6749 section 2.3.1: both encoded as in a form.
fn basic(client: &str, secret: &str) -> String {
    use base64::Engine as _;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client), encode(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[cfg(test)]
mod tests;
