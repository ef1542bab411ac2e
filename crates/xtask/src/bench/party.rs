//! A service that people sign in to, and the sign-in as an operation.

use std::sync::Mutex;

use conformance_tests::{DpopKey, Platform, RelyingParty, SigningClient};
use serde_json::Value;

use crate::Failure;
use crate::browser::{Answer, FORM, Sent};
use crate::floor::{Part, Work, work};
use crate::operation::Operation;
use crate::world::{Browser, World, unexpected};

/// What a service's server does before and after the person's browser.
pub(crate) trait Party: Sync {
    /// The row's head.
    fn name(&self) -> &str;
    /// The cryptography of a sign-in beside handshakes and the card; and the handshakes of its own server.
    fn beside(&self) -> (u32, &'static [(Part, u32)]);
    /// The address that it sends the browser to.
    fn link(&self, world: &World) -> Result<String, Failure>;
    /// What it makes of the reply: tokens as JSON, or a response.
    fn take(&self, world: &World, reply: &Answer) -> Result<String, Failure>;
}

/// A complete sign-in by a browser that nobody knows.
pub(crate) struct SignIn<'a> {
    pub(crate) world: &'a World,
    pub(crate) party: &'a dyn Party,
}

impl Operation for SignIn<'_> {
    fn name(&self) -> &str {
        self.party.name()
    }

    fn work(&self) -> Work {
        let (handshakes, beside) = self.party.beside();
        // Front and door; the card's certificate by its authority, and its `CertificateVerify`.
        let mut work = work(2 + handshakes, beside);
        match work.iter_mut().find(|(part, _)| *part == Part::RsaVerify) {
            Some((_, times)) => *times += 2,
            None => work.push((Part::RsaVerify, 2)),
        }
        work
    }

    fn perform(&self, citizen: usize) -> Result<(), Failure> {
        Browser::open(self.world, citizen)?.sign_in(self.party).map(drop)
    }
}

/// Code with PKCE, public client, ES256.
pub(crate) struct Public {
    pub(crate) name: &'static str,
    pub(crate) client: RelyingParty,
    /// Further parameters of its request.
    pub(crate) more: String,
}

impl Public {
    pub(crate) fn register(platform: &Platform) -> Self {
        Self {
            name: "sign-in OIDC",
            client: RelyingParty::register(platform, "rp-bench"),
            more: String::new(),
        }
    }
}

impl Party for Public {
    fn name(&self) -> &str {
        self.name
    }

    fn beside(&self) -> (u32, &'static [(Part, u32)]) {
        (1, &[(Part::EcdsaSign, 1)])
    }

    fn link(&self, _world: &World) -> Result<String, Failure> {
        Ok(self.client.request(&self.more))
    }

    /// As most relying parties do: a connection of its own for each token request.
    fn take(&self, world: &World, reply: &Answer) -> Result<String, Failure> {
        let body = self.client.token_request(code(reply)?);
        let sent = Sent {
            fields: &[],
            body: Some((FORM, &body)),
        };
        tokens(&world.ask("/oidc/token", sent)?)
    }
}

/// Code with PKCE, pushed request, `private_key_jwt`, DPoP: two connections of its server's own, one for the push and one for the code.
pub(crate) struct Pushed {
    client: SigningClient,
    key: DpopKey,
    nonce: Mutex<String>,
}

impl Pushed {
    pub(crate) fn register(platform: &Platform) -> Self {
        let settings = "[oidc.requests]\nrequire_pushed_authorization_requests = true\n[oidc.tokens]\ndpop_bound_access_tokens = true";
        Self {
            client: SigningClient::register(platform, "rp-pushed", settings),
            key: DpopKey::default(),
            nonce: Mutex::default(),
        }
    }

    fn authenticated(&self, body: &str) -> String {
        format!(
            "{body}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={}",
            self.client.assertion()
        )
    }
}

impl Party for Pushed {
    fn name(&self) -> &'static str {
        "sign-in OIDC, PAR + DPoP + private_key_jwt"
    }

    fn beside(&self) -> (u32, &'static [(Part, u32)]) {
        // Two client assertions and a proof.
        (2, &[(Part::EcdsaSign, 1), (Part::EcdsaVerify, 3)])
    }

    fn link(&self, world: &World) -> Result<String, Failure> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(self.client.parameters());
        let body = self.authenticated(&body.finish());
        let sent = Sent {
            fields: &[],
            body: Some((FORM, &body)),
        };
        let answer = world.ask("/oidc/par", sent)?;
        let json: Value = serde_json::from_str(&answer.body)?;
        match json.get("request_uri").and_then(Value::as_str) {
            Some(uri) if answer.status == 201 => Ok(self.client.bring(uri)),
            _ => Err(unexpected("the push", &answer)),
        }
    }

    fn take(&self, world: &World, reply: &Answer) -> Result<String, Failure> {
        let address = format!("{}/oidc/token", self.client.rp.origin);
        let mut connection = world.connect()?;
        for _ in 0..2 {
            let nonce = self.nonce.lock().map_err(|_| "a poisoned nonce")?.clone();
            let body = self.authenticated(&self.client.rp.token_request(code(reply)?));
            let proof = self.key.proof("POST", &address, &nonce, None);
            let sent = Sent {
                fields: &[("dpop", &proof)],
                body: Some((FORM, &body)),
            };
            let answer = connection.send("/oidc/token", sent)?;
            if !answer.body.contains("use_dpop_nonce") {
                return tokens(&answer);
            }
            // Once in two minutes.
            let next = answer.nonce.ok_or("no nonce")?;
            *self.nonce.lock().map_err(|_| "a poisoned nonce")? = next;
        }
        Err("the nonce that was given is not taken".into())
    }
}

fn code(reply: &Answer) -> Result<&str, Failure> {
    let location = reply
        .location
        .as_deref()
        .ok_or_else(|| unexpected("the reply", reply))?;
    let code = location
        .split_once("code=")
        .and_then(|(_, rest)| rest.split('&').next());
    code.ok_or_else(|| format!("no code in {location}").into())
}

/// The JSON of an answer that holds an ID token.
pub(crate) fn tokens(answer: &Answer) -> Result<String, Failure> {
    match field(&answer.body, "id_token") {
        Ok(token) if answer.status == 200 && token.split('.').count() == 3 => Ok(answer.body.clone()),
        _ => Err(unexpected("the token endpoint", answer)),
    }
}

/// A text in a JSON object.
pub(crate) fn field(json: &str, name: &str) -> Result<String, Failure> {
    let json: Value = serde_json::from_str(json)?;
    let text = json.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no {name} in an answer").into())
}
