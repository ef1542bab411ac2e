//! The customer database of the sample, in memory: passwords, sessions, notices.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::pbkdf2;
use domain::{Entropy, Timestamp};
use serde::Deserialize;
use sp_sdk::account_linking::{CustomerId, CustomerSession, Notice};
use sp_sdk::session::SessionId;

/// The cookie of a customer's session.
pub(crate) const COOKIE: &str = "__Host-customer";
pub(crate) const NAME: &str = "customer";

/// A customer in the configuration.
#[derive(Deserialize)]
pub(crate) struct Known {
    id: String,
    password: String,
    verified: bool,
}

struct Kept {
    salt: [u8; 16],
    hash: [u8; 32],
    verified: bool,
}

/// A session.
#[derive(Clone)]
pub(crate) struct Entered {
    pub(crate) customer: CustomerId,
    pub(crate) session: SessionId,
    /// When the password was given; a card is no password.
    pub(crate) password_at: Option<Timestamp>,
    pub(crate) form_token: String,
    verified: bool,
    by_person: Option<String>,
    ceremony: Option<String>,
}

impl Entered {
    pub(crate) fn owns_form(&self, token: &str) -> bool {
        jose::digest::same(token.as_bytes(), self.form_token.as_bytes())
    }

    pub(crate) fn as_customer(&self) -> CustomerSession {
        CustomerSession {
            customer: self.customer.clone(),
            session: self.session.clone(),
            proven_at: self.password_at.unwrap_or(Timestamp::from_seconds(0)),
            verified: self.verified,
        }
    }
}

/// All of it.
pub(crate) struct Customers {
    kept: HashMap<String, Kept>,
    sessions: Mutex<HashMap<SessionId, Entered>>,
    told: Mutex<Vec<Notice>>,
}

fn rounds() -> NonZeroU32 {
    // OWASP's figure for PBKDF2 with SHA-256.
    NonZeroU32::new(600_000).unwrap_or(NonZeroU32::MIN)
}

fn open<T>(room: &Mutex<T>) -> MutexGuard<'_, T> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Customers {
    pub(crate) fn new(known: Vec<Known>) -> Result<Self, &'static str> {
        let mut kept = HashMap::new();
        for one in known {
            let mut salt = [0; 16];
            aws_lc_rs::rand::fill(&mut salt).map_err(|_| "no randomness")?;
            let mut hash = [0; 32];
            pbkdf2::derive(
                pbkdf2::PBKDF2_HMAC_SHA256,
                rounds(),
                &salt,
                one.password.as_bytes(),
                &mut hash,
            );
            let verified = one.verified;
            kept.insert(one.id, Kept { salt, hash, verified });
        }
        Ok(Self {
            kept,
            sessions: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// The name of a new session, where ID and password fit.
    pub(crate) fn enter(
        &self,
        id: &str,
        password: &str,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Option<String> {
        let kept = self.kept.get(id)?;
        let given = password.as_bytes();
        pbkdf2::verify(
            pbkdf2::PBKDF2_HMAC_SHA256,
            rounds(),
            &kept.salt,
            given,
            &kept.hash,
        )
        .ok()?;
        Some(self.begin(id, (Some(now), None), entropy))
    }

    /// The name of a new session of whoever is linked.
    pub(crate) fn enter_by_card(
        &self,
        customer: &CustomerId,
        person: &str,
        entropy: &dyn Entropy,
        _now: Timestamp,
    ) -> String {
        self.begin(&customer.0, (None, Some(person.to_owned())), entropy)
    }

    fn begin(
        &self,
        id: &str,
        (password_at, by_person): (Option<Timestamp>, Option<String>),
        entropy: &dyn Entropy,
    ) -> String {
        let (name, session) = SessionId::fresh(entropy);
        let (form_token, _) = SessionId::fresh(entropy);
        let entered = Entered {
            customer: CustomerId(id.to_owned()),
            session: session.clone(),
            password_at,
            form_token,
            verified: self.kept.get(id).is_some_and(|kept| kept.verified),
            by_person,
            ceremony: None,
        };
        open(&self.sessions).insert(session, entered);
        name
    }

    pub(crate) fn session(&self, cookie: &str) -> Option<Entered> {
        open(&self.sessions).get(&SessionId::of_cookie(cookie)).cloned()
    }

    pub(crate) fn keep_ceremony(&self, who: &Entered, ceremony: String) {
        if let Some(entered) = open(&self.sessions).get_mut(&who.session) {
            entered.ceremony = Some(ceremony);
        }
    }

    pub(crate) fn take_ceremony(&self, who: &Entered) -> Option<String> {
        open(&self.sessions).get_mut(&who.session)?.ceremony.take()
    }

    pub(crate) fn end(&self, who: &Entered) {
        open(&self.sessions).remove(&who.session);
    }

    pub(crate) fn end_all(&self, customer: &CustomerId, except: Option<&Entered>) {
        let here = except.map(|entered| &entered.session);
        open(&self.sessions).retain(|id, one| one.customer != *customer || Some(id) == here);
    }

    pub(crate) fn end_by_person(&self, person: &str) {
        open(&self.sessions).retain(|_, one| one.by_person.as_deref() != Some(person));
    }

    /// A real service sends it to the contact that it knew before.
    pub(crate) fn tell(&self, notice: &Notice) {
        open(&self.told).push(notice.clone());
    }

    pub(crate) fn told(&self, customer: &CustomerId) -> Vec<Notice> {
        let told = open(&self.told);
        told.iter()
            .filter(|one| one.customer == *customer)
            .cloned()
            .collect()
    }
}
