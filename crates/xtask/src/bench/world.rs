//! One platform, cards whose accounts have agreed to everything, and the way a browser walks through a sign-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformance_tests::Platform;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::Failure;
use crate::browser::{Answer, Connection, Sent, hidden_field, split};
use crate::card::FastCard;
use crate::party::Party;

/// What the floor is written for.
const SPOKEN: &str = "TLSv1_3 TLS13_AES_128_GCM_SHA256 X25519MLKEM768";

/// A running platform and who uses it.
pub(crate) struct World {
    pub(crate) platform: Platform,
    cards: Vec<Arc<ClientConfig>>,
    plain: Arc<ClientConfig>,
    front: String,
}

impl World {
    /// Makes cards.
    pub(crate) fn new(platform: Platform, cards: usize) -> Result<Self, Failure> {
        Ok(Self {
            cards: (0..cards.max(1))
                .map(|_| client_config(&platform, Some(FastCard::new(&platform)?)))
                .collect::<Result<_, _>>()?,
            plain: client_config(&platform, None)?,
            front: split(&platform.origin, "").0.to_owned(),
            platform,
        })
    }

    /// The server.
    pub(crate) fn process(&self) -> Result<u32, Failure> {
        Ok(self.platform.process_id().ok_or("the server is not running")?)
    }

    /// How many cards there are.
    pub(crate) fn cards(&self) -> usize {
        self.cards.len()
    }

    /// Every card signs in once at this service and agrees.
    pub(crate) fn consent_everywhere(&self, party: &dyn Party) -> Result<(), Failure> {
        for card in 0..self.cards.len() {
            Browser::open(self, card)?.sign_in(party)?;
        }
        Ok(())
    }

    /// What front and door agree on with this client; the floor is that of nothing else.
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

    /// What a service's server asks, on a connection of its own.
    pub(crate) fn ask(&self, target: &str, sent: Sent<'_>) -> Result<Answer, Failure> {
        self.connect()?.send(target, sent)
    }

    /// A service's server's connection.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        self.connect_to(&self.front)
    }

    /// The same to another server.
    pub(crate) fn connect_to(&self, authority: &str) -> Result<Connection, Failure> {
        Connection::open(&self.plain, authority)
    }

    /// A connection with a card.
    pub(crate) fn card_to(&self, card: usize, authority: &str) -> Result<Connection, Failure> {
        let card = self.cards.get(card % self.cards.len()).ok_or("no card")?;
        Connection::open(card, authority)
    }
}

/// A browser without past: one connection to the front, kept alive, and its cookies.
pub(crate) struct Browser<'a> {
    world: &'a World,
    card: usize,
    front: Connection,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn open(world: &'a World, card: usize) -> Result<Self, Failure> {
        Ok(Self {
            world,
            card,
            front: world.connect()?,
            cookies: BTreeMap::new(),
        })
    }

    /// The same browser later: its cookies, on a new connection.
    pub(crate) fn reconnect(&mut self) -> Result<(), Failure> {
        self.front = self.world.connect()?;
        Ok(())
    }

    /// From the service's link to what the service has of it. Uses the card where it is asked for, and agrees where that is asked.
    pub(crate) fn sign_in(&mut self, party: &dyn Party) -> Result<String, Failure> {
        let begun = self.get(&party.link(self.world)?)?;
        let page_url = led("the request", &begun)?;
        let page = self.get(&page_url)?;
        let mut reply = match hidden_field(&page.body, "/card", "csrf") {
            Some(csrf) => self.by_card(&page_url, &csrf)?,
            None => page,
        };
        if let Some(csrf) = hidden_field(&reply.body, "/consent", "csrf") {
            let form = format!("csrf={csrf}&decision=agree");
            reply = self.post(&format!("{page_url}/consent"), &form)?;
        }
        party.take(self.world, &reply)
    }

    /// To the door and back.
    fn by_card(&mut self, page_url: &str, csrf: &str) -> Result<Answer, Failure> {
        let to_door = self.post(&format!("{page_url}/card"), &format!("csrf={csrf}&family=card"))?;
        let back = self.door(&led("the card form", &to_door)?)?;
        let clean = self.get(&led("the door", &back)?)?;
        self.get(&led("the ticket", &clean)?)
    }

    pub(crate) fn get(&mut self, url: &str) -> Result<Answer, Failure> {
        self.ask(url, None)
    }

    pub(crate) fn post(&mut self, url: &str, form: &str) -> Result<Answer, Failure> {
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
        let (authority, target) = split(url, "");
        let mut door = self.world.card_to(self.card, authority)?;
        door.ask(target, &BTreeMap::new(), None)
    }
}

fn led(what: &str, answer: &Answer) -> Result<String, Failure> {
    answer.location.clone().ok_or_else(|| unexpected(what, answer))
}

pub(crate) fn unexpected(what: &str, answer: &Answer) -> Failure {
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
