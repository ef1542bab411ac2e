//! One sign-in from the service's link to the token or the signed assertion, every hop as a browser makes it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{MachineClock, Platform, RelyingParty};
use domain::Clock as _;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;

use crate::Failure;
use crate::browser::{Answer, Connection, hidden_field, split};
use crate::card::FastCard;

/// What the service speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    /// Code with PKCE, ES256 ID token.
    Oidc,
    /// Redirect in, POST out, assertion signed with RSA-2048.
    Saml,
}

impl Protocol {
    /// In the order of the table.
    pub(crate) const BOTH: [Self; 2] = [Self::Oidc, Self::Saml];

    /// The column's head.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Oidc => "OpenID Connect",
            Self::Saml => "SAML",
        }
    }
}

/// TLS handshakes that a walk made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Handshakes {
    /// The browser's one connection to the front, kept alive.
    pub(crate) front: u32,
    /// The certificate door.
    pub(crate) door: u32,
    /// The service's own connection to the token endpoint.
    pub(crate) service: u32,
}

/// What the floor is written for.
const SPOKEN: &str = "TLSv1_3 TLS13_AES_128_GCM_SHA256 X25519MLKEM768";
const ENTITY: &str = "https://sp-bench.localhost:9/metadata";
const ACS: &str = "https://sp-bench.localhost:9/acs";

/// Cards, services and where the platform is.
pub(crate) struct World {
    cards: Vec<Arc<ClientConfig>>,
    plain: Arc<ClientConfig>,
    front: String,
    client: RelyingParty,
}

impl World {
    /// Registers one service per protocol and makes cards.
    pub(crate) fn prepare(platform: &Platform, cards: usize) -> Result<Self, Failure> {
        let client = RelyingParty::register(platform, "rp-bench");
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"計測用\", en = \"Bench\" }}\nreleased_attributes = [\"assurance_level\", \
             \"authentication_time\", \"authentication_method\"]\n[saml]\nmetadata = '''{}'''\n",
            metadata()
        ));
        let cards = (0..cards.max(1))
            .map(|_| client_config(platform, Some(FastCard::new(platform)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            cards,
            plain: client_config(platform, None)?,
            front: split(&platform.origin, "").0.to_owned(),
            client,
        })
    }

    /// Every card signs in once at every service and agrees.
    pub(crate) fn consent_everywhere(&self) -> Result<(), Failure> {
        for card in 0..self.cards.len() {
            for protocol in Protocol::BOTH {
                self.walk(protocol, card, true)?;
            }
        }
        Ok(())
    }

    /// What front and door agree on with this client.
    pub(crate) fn spoken(&self) -> Result<String, Failure> {
        let mut front = Connection::open(&self.plain, &self.front)?;
        front.ask("/", &BTreeMap::new(), None)?;
        let spoken = front.spoken();
        if spoken == SPOKEN {
            Ok(spoken)
        } else {
            Err(format!("the floor is that of {SPOKEN}, but client and server agreed on {spoken}").into())
        }
    }

    /// One complete sign-in by a browser that nobody knows; `agree` when consent is expected.
    pub(crate) fn walk(&self, protocol: Protocol, card: usize, agree: bool) -> Result<Handshakes, Failure> {
        let mut browser = Browser::open(self, card)?;
        let start = match protocol {
            Protocol::Oidc => self.client.request(""),
            Protocol::Saml => self.authn_request()?,
        };
        let begun = browser.get(&start)?;
        let page_url = begun
            .location
            .clone()
            .ok_or_else(|| unexpected("the request", &begun))?;
        let page = browser.get(&page_url)?;
        let csrf =
            hidden_field(&page.body, "/card", "csrf").ok_or_else(|| unexpected("the sign-in page", &page))?;
        let to_door = browser.post(&format!("{page_url}/card"), &format!("csrf={csrf}&family=card"))?;
        let door_url = to_door
            .location
            .clone()
            .ok_or_else(|| unexpected("the card form", &to_door))?;
        let back = browser.door(&door_url)?;
        let ticket_url = back
            .location
            .clone()
            .ok_or_else(|| unexpected("the door", &back))?;
        let clean = browser.get(&ticket_url)?;
        let clean_url = clean
            .location
            .clone()
            .ok_or_else(|| unexpected("the ticket", &clean))?;
        let mut reply = browser.get(&clean_url)?;
        if agree {
            let csrf =
                hidden_field(&reply.body, "/consent", "csrf").ok_or_else(|| unexpected("consent", &reply))?;
            reply = browser.post(
                &format!("{clean_url}/consent"),
                &format!("csrf={csrf}&decision=agree"),
            )?;
        }
        match protocol {
            Protocol::Oidc => self.redeem(&reply, &mut browser.made)?,
            Protocol::Saml => {
                let message = hidden_field(&reply.body, "/acs", "SAMLResponse");
                let response = STANDARD.decode(message.ok_or_else(|| unexpected("the reply", &reply))?)?;
                let response = String::from_utf8(response)?;
                if !response.contains("SignatureValue") || !response.contains("AuthnStatement") {
                    return Err(format!("no signed assertion in {response}").into());
                }
            }
        }
        Ok(browser.made)
    }

    /// As most relying parties do: a connection of its own for each token request.
    fn redeem(&self, reply: &Answer, made: &mut Handshakes) -> Result<(), Failure> {
        let location = reply
            .location
            .as_deref()
            .ok_or_else(|| unexpected("the reply", reply))?;
        let code = location
            .split_once("code=")
            .and_then(|(_, rest)| rest.split('&').next())
            .ok_or_else(|| format!("no code in {location}"))?;
        let mut connection = Connection::open(&self.plain, &self.front)?;
        made.service += 1;
        let body = self.client.token_request(code);
        let answer = connection.ask("/oidc/token", &BTreeMap::new(), Some(&body))?;
        let tokens: serde_json::Value = serde_json::from_str(&answer.body)?;
        match tokens.get("id_token").and_then(serde_json::Value::as_str) {
            Some(token) if answer.status == 200 && token.split('.').count() == 3 => Ok(()),
            _ => Err(unexpected("the token endpoint", &answer)),
        }
    }

    fn authn_request(&self) -> Result<String, Failure> {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id)?;
        let id = format!("{:032x}", u128::from_be_bytes(id));
        let destination = format!("https://{}/saml/sso", self.front);
        let now = MachineClock.now();
        let request = format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_{id}\" Version=\"2.0\" IssueInstant=\"{now}\" \
             Destination=\"{destination}\" AssertionConsumerServiceURL=\"{ACS}\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"><saml:Issuer>{ENTITY}</saml:Issuer>\
             <samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" AllowCreate=\"true\"/>\
             </samlp:AuthnRequest>"
        );
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflate.write_all(request.as_bytes())?;
        let message = STANDARD.encode(deflate.finish()?);
        let message: String = url::form_urlencoded::byte_serialize(message.as_bytes()).collect();
        Ok(format!("{destination}?SAMLRequest={message}&RelayState=bench"))
    }
}

/// A browser without past: one connection to the front, kept alive, and its cookies.
struct Browser<'a> {
    world: &'a World,
    card: usize,
    front: Connection,
    cookies: BTreeMap<String, String>,
    made: Handshakes,
}

impl<'a> Browser<'a> {
    fn open(world: &'a World, card: usize) -> Result<Self, Failure> {
        Ok(Self {
            world,
            card,
            front: Connection::open(&world.plain, &world.front)?,
            cookies: BTreeMap::new(),
            made: Handshakes {
                front: 1,
                ..Handshakes::default()
            },
        })
    }

    fn get(&mut self, url: &str) -> Result<Answer, Failure> {
        self.ask(url, None)
    }

    fn post(&mut self, url: &str, form: &str) -> Result<Answer, Failure> {
        self.ask(url, Some(form))
    }

    fn ask(&mut self, url: &str, form: Option<&str>) -> Result<Answer, Failure> {
        let (authority, target) = split(url, &self.world.front);
        if authority != self.world.front {
            return Err(format!("a step that leaves the front: {authority}").into());
        }
        let mut answer = self.front.ask(target, &self.cookies, form)?;
        self.cookies.extend(answer.cookies.drain(..));
        Ok(answer)
    }

    /// The one connection with the card; the door closes it.
    fn door(&mut self, url: &str) -> Result<Answer, Failure> {
        let card = self
            .world
            .cards
            .get(self.card % self.world.cards.len())
            .ok_or("no card")?;
        let (authority, target) = split(url, "");
        self.made.door += 1;
        Connection::open(card, authority)?.ask(target, &BTreeMap::new(), None)
    }
}

fn unexpected(what: &str, answer: &Answer) -> Failure {
    format!(
        "{what} answered {} {:?}: {}",
        answer.status, answer.location, answer.body
    )
    .into()
}

/// Trusts the platform's authority, resumes nothing: every connection is somebody's first.
fn client_config(platform: &Platform, card: Option<FastCard>) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(platform.ca_pem.as_bytes())?)?;
    let provider = CryptoProvider {
        // In the order of today's browsers; the floor's key schedule is that of the first.
        cipher_suites: vec![
            TLS13_AES_128_GCM_SHA256,
            TLS13_AES_256_GCM_SHA384,
            TLS13_CHACHA20_POLY1305_SHA256,
        ],
        ..rustls::crypto::aws_lc_rs::default_provider()
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let mut config = match card {
        Some(card) => builder.with_client_cert_resolver(Arc::new(card)),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn metadata() -> String {
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ENTITY}\"><SPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\" WantAssertionsSigned=\"true\">\
         <AssertionConsumerService index=\"0\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{ACS}\"/></SPSSODescriptor></EntityDescriptor>"
    )
}
