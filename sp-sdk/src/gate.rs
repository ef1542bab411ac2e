//! The gate: who is signed in, whether that is enough for this page, and the way to the platform and back where it is not.
//!
//! **Owns** the one walk of both protocols: a request without session, or with one that a guard finds too weak, is led to the platform
//! with what is missing (`acr_values` and `max_age`, or `RequestedAuthnContext` and `ForceAuthn`), and back to the page that was asked for.
//! Free of any web framework: [`crate::web`] turns its answers into HTTP.
//!
//! **What happens to forms.** A page is asked for again by its address; what a form carried is not kept anywhere, since nobody could say
//! how long and for whom. So a form that meets a guard is not led away silently: the answer says that nothing was sent, and leads back to
//! the page with the form ([`Admission::NotSent`]). Put the guard on the page with the form too, and it happens only when the session ends
//! or ages between the two.
//!
//! **What strangers can fill.** A question under way is in the cookie of who asked, sealed (`sealed.rs`): however many are begun, none is
//! pushed out. Kept here, in bounded number, are only proofs and logouts, which begin with a sign-in.
//!
//! **Deliberately absent**: a bound on how often one address begins (the web server's, which knows addresses); pages, and what the
//! service does with the person.
//!
//! **One more protocol**: a variant of [`Partner`], and its arm in the functions here; the compiler lists them.

mod asked;
mod reason;
mod sealed;

use std::sync::Arc;

use domain::{Clock, Entropy, SloBinding, Timestamp};

pub use asked::{PageAsked, Purpose, local_address};
pub use reason::GateReason;

use self::asked::{Asked, Before, Sent};
use self::sealed::{Opened, Seal};
use crate::guard::{Guard, Reached, StepUp};
use crate::oidc::{Answer, FrontChannelLogout, OidcReason, RelyingParty, SentLogout};
use crate::one_use::{OneUse, Use};
use crate::saml::{IncomingLogout, LoggedOut, OutgoingLogout, Party, SamlReason};
use crate::session::{PlatformSession, Session, SessionId, SessionStore, SignedOut, StoreFault};
use crate::{MachineClock, MachineEntropy, Pending, SeenOnce, key, oidc, saml};

/// By which protocol the platform is asked.
#[derive(Debug)]
pub enum Partner {
    /// OpenID Connect.
    Oidc(Box<RelyingParty>),
    /// SAML.
    Saml(Box<Party>),
}

/// A proof that the platform signed somebody in, in either protocol.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// OpenID Connect.
    Oidc(oidc::SignIn),
    /// SAML.
    Saml(saml::SignIn),
}

impl SignIn {
    /// The person's pseudonym at this service.
    pub fn subject(&self) -> &str {
        match self {
            Self::Oidc(person) => person.subject(),
            Self::Saml(person) => person.pseudonym(),
        }
    }

    /// What it reached.
    pub fn reached(&self) -> Reached {
        match self {
            Self::Oidc(person) => Reached::by_oidc(person),
            Self::Saml(person) => Reached::by_saml(person),
        }
    }

    fn platform_session(&self) -> PlatformSession {
        match self {
            Self::Oidc(person) => PlatformSession::Oidc {
                sid: person.session().map(str::to_owned),
                id_token: person.id_token().to_owned(),
            },
            Self::Saml(person) => PlatformSession::Saml {
                index: person.session_index().map(str::to_owned),
            },
        }
    }
}

/// A session with its name, as a page gets it.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The digest of its name.
    pub id: SessionId,
    /// The session.
    pub session: Session,
}

/// Where the browser goes, and what the cookie [`Gate::ASKED_COOKIE`] is set to.
#[derive(Debug)]
pub struct Leave {
    /// Absolute, at the platform.
    pub address: String,
    /// The cookie's value.
    pub cookie: String,
}

/// What a guard says of a request.
#[derive(Debug)]
pub enum Admission {
    /// Go on.
    Admitted(Box<Admitted>),
    /// The browser goes to the platform and comes back to the page.
    Ask(Leave),
    /// What the form carried was not sent. The address is where the form can be filled in again: the way leads through a sign-in.
    NotSent {
        /// On this service.
        page: String,
    },
    /// A program asked, which cannot sign in: it is told what is missing.
    Program(StepUp),
}

/// How a sign-in ended.
#[derive(Debug)]
pub enum Finished {
    /// A session began: the cookie's value, and the page that was asked for.
    Session {
        /// Of [`Gate::SESSION_COOKIE`].
        cookie: String,
        /// On this service.
        page: String,
    },
    /// No session: the proof is for something else. It is taken out once, by [`Gate::take_proof`] with this cookie's value.
    Proof {
        /// Of [`Gate::ASKED_COOKIE`].
        cookie: String,
        /// On this service.
        page: String,
    },
}

/// Where the browser goes after a sign-out here.
#[derive(Debug)]
pub enum SignedOutHere {
    /// There was no session, or the platform cannot be told: it ended here.
    Here,
    /// On to the platform; the cookie is for [`Gate::ASKED_COOKIE`].
    Redirect(Leave),
}

/// What the platform's answer to our logout said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Everywhere that the platform knows of.
    Everywhere,
    /// Here, and not everywhere: the person should close the browser.
    NotEverywhere,
}

/// Seconds for which an answer of the platform is waited for.
const ASKED_SECONDS: i64 = 600;
const MOST_ASKED: usize = 20_000;

/// The gate of one service.
pub struct Gate {
    partner: Partner,
    sessions: Arc<dyn SessionStore>,
    seen: Arc<dyn OneUse>,
    asked: Seal,
    proofs: Pending<(String, SignIn)>,
    leaving: Pending<Leaving>,
    pub(crate) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    session_seconds: i64,
}

#[derive(Clone)]
enum Leaving {
    Oidc(SentLogout),
    Saml(saml::SentLogout),
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({:?})", self.partner)
    }
}

impl Gate {
    /// The cookie of the session.
    pub const SESSION_COOKIE: &'static str = "__Host-session";
    /// The cookie of the question that is under way.
    pub const ASKED_COOKIE: &'static str = "__Host-asked";

    /// A gate with sessions of at most so many seconds.
    pub fn new(partner: Partner, sessions: Arc<dyn SessionStore>, session_seconds: i64) -> Self {
        Self {
            partner,
            sessions,
            seen: Arc::new(SeenOnce::default()),
            asked: Seal::fresh(&MachineEntropy),
            proofs: Pending::new(ASKED_SECONDS, MOST_ASKED),
            leaving: Pending::new(ASKED_SECONDS, MOST_ASKED),
            clock: Arc::new(MachineClock),
            entropy: Arc::new(MachineEntropy),
            session_seconds,
        }
    }

    /// With a memory of used messages that several machines share.
    #[must_use]
    pub fn with_memory(mut self, seen: Arc<dyn OneUse>) -> Self {
        self.seen = seen;
        self
    }

    /// By which protocol the platform is asked.
    pub fn partner(&self) -> &Partner {
        &self.partner
    }

    /// The sessions.
    pub fn sessions(&self) -> &dyn SessionStore {
        self.sessions.as_ref()
    }

    /// Whether the question's cookie must ride a cross-site POST.
    pub fn answers_are_posted(&self) -> bool {
        matches!(self.partner, Partner::Saml(_))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The session behind a cookie.
    pub async fn session(&self, cookie: Option<&str>) -> Result<Option<Admitted>, StoreFault> {
        let Some(cookie) = cookie else {
            return Ok(None);
        };
        let id = SessionId::of_cookie(cookie);
        let session = self.sessions.find(&id, self.now()).await?;
        Ok(session.map(|session| Admitted { id, session }))
    }

    /// Whether the session behind a cookie is enough for a page; if not, the way to the platform and back.
    pub async fn admit(
        &self,
        cookie: Option<&str>,
        guard: Guard,
        page: &PageAsked<'_>,
    ) -> Result<Admission, GateReason> {
        let (step_up, before) = match self.session(cookie).await? {
            None => (guard.step_up(false), None),
            Some(admitted) => match guard.check(&admitted.session.reached, self.now()) {
                Ok(()) => return Ok(Admission::Admitted(Box::new(admitted))),
                Err(unmet) => (unmet.step_up, Some(admitted)),
            },
        };
        if page.is_program {
            return Ok(Admission::Program(step_up));
        }
        if !page.is_safe {
            return Ok(Admission::NotSent {
                page: page.form_page(),
            });
        }
        let back = local_address(page.address).unwrap_or("/").to_owned();
        self.ask(&step_up, guard, (Purpose::Session, &back), before)
            .await
            .map(Admission::Ask)
    }

    /// Begins a sign-in that leads to a page of this service; the session behind the cookie, where there is one, ends with it.
    pub async fn begin(&self, cookie: Option<&str>, guard: Guard, page: &str) -> Result<Leave, GateReason> {
        let back = local_address(page).unwrap_or("/").to_owned();
        let before = self.session(cookie).await?;
        self.ask(&guard.step_up(false), guard, (Purpose::Session, &back), before)
            .await
    }

    /// Begins a sign-in that makes no session: its proof is for `purpose` alone. The card is used now, whoever was signed in.
    pub async fn begin_proof(&self, guard: Guard, purpose: &str, page: &str) -> Result<Leave, GateReason> {
        let back = local_address(page).unwrap_or("/").to_owned();
        let purpose = Purpose::Proof(purpose.to_owned());
        self.ask(&guard.step_up(true), guard, (purpose, &back), None)
            .await
    }

    async fn ask(
        &self,
        step_up: &StepUp,
        guard: Guard,
        (purpose, page): (Purpose, &str),
        before: Option<Admitted>,
    ) -> Result<Leave, GateReason> {
        let now = self.now();
        let (address, sent) = match &self.partner {
            Partner::Oidc(party) => {
                let (address, sent) = party.begin(&step_up.oidc(), now).await?;
                (address, Sent::Oidc(sent))
            }
            Partner::Saml(party) => {
                let own = party.current(now).await;
                let (address, sent) = own.begin(&step_up.saml(), self.entropy.as_ref(), now)?;
                (address, Sent::Saml(sent))
            }
        };
        let mut asked = Asked {
            sent,
            guard,
            purpose,
            page: page.to_owned(),
            before: before.map(Before::from),
        };
        let until = now.plus_seconds(ASKED_SECONDS);
        let cookie = self.asked.close(&asked, until).or_else(|| {
            // An address so long that no cookie holds it: the way back leads to the first page.
            "/".clone_into(&mut asked.page);
            self.asked.close(&asked, until)
        });
        let cookie = cookie.ok_or(GateReason::Seal)?;
        Ok(Leave { address, cookie })
    }

    /// The answer at the redirect URI.
    pub async fn finish_oidc(
        &self,
        asked: Option<&str>,
        session: Option<&str>,
        answer: Answer,
    ) -> Result<Finished, GateReason> {
        let Opened { value: asked, name } = self.look_at(asked)?;
        let (Partner::Oidc(party), Sent::Oidc(sent)) = (&self.partner, asked.sent) else {
            return Err(GateReason::NotAsked);
        };
        let person = party.finish(answer, sent, self.now()).await?;
        self.answered(&name)?;
        let before = (asked.before, session);
        self.finish(
            SignIn::Oidc(person),
            asked.guard,
            (asked.purpose, asked.page),
            before,
        )
        .await
    }

    /// The form at the assertion consumer service.
    pub async fn finish_saml(
        &self,
        asked: Option<&str>,
        session: Option<&str>,
        saml_response: &str,
    ) -> Result<Finished, GateReason> {
        let Opened { value: asked, name } = self.look_at(asked)?;
        let (Partner::Saml(party), Sent::Saml(sent)) = (&self.partner, asked.sent) else {
            return Err(GateReason::NotAsked);
        };
        let person = party
            .verify(saml_response, sent, self.seen.as_ref(), self.now())
            .await?;
        self.answered(&name)?;
        let before = (asked.before, session);
        self.finish(
            SignIn::Saml(person),
            asked.guard,
            (asked.purpose, asked.page),
            before,
        )
        .await
    }

    fn look_at(&self, cookie: Option<&str>) -> Result<Opened<Asked>, GateReason> {
        let opened = cookie.and_then(|cookie| self.asked.open(cookie, self.now()));
        opened.ok_or(GateReason::NotAsked)
    }

    /// One question has one sign-in. It is remembered when the platform's answer was found good, so that strangers fill no memory.
    fn answered(&self, name: &str) -> Result<(), GateReason> {
        let now = self.now();
        match self.seen.remember(name, now.plus_seconds(ASKED_SECONDS), now) {
            Use::First => Ok(()),
            Use::Again => Err(GateReason::NotAsked),
            Use::Unavailable => Err(match &self.partner {
                Partner::Oidc(_) => OidcReason::MemoryUnavailable.into(),
                Partner::Saml(_) => SamlReason::MemoryUnavailable.into(),
            }),
        }
    }

    async fn finish(
        &self,
        person: SignIn,
        guard: Guard,
        (purpose, mut page): (Purpose, String),
        (asked_in, cookie): (Option<Before>, Option<&str>),
    ) -> Result<Finished, GateReason> {
        let now = self.now();
        // Asked for and not met: to ask again would be a circle.
        guard
            .check(&person.reached(), now)
            .map_err(|unmet| GateReason::StillUnmet(unmet.missing))?;
        if let Purpose::Proof(purpose) = purpose {
            let cookie = self.proofs.put((purpose, person), self.entropy.as_ref(), now);
            return Ok(Finished::Proof { cookie, page });
        }
        // The name is new at each sign-in: one that was planted before is worth nothing (session fixation).
        let here = self.session(cookie).await?.map(Before::from);
        for before in asked_in.into_iter().chain(here) {
            self.sessions.end(&before.id).await?;
            if before.subject != person.subject() {
                // Somebody else came back: not into the middle of what the one before was doing.
                "/".clone_into(&mut page);
            }
        }
        let (cookie, id) = SessionId::fresh(self.entropy.as_ref());
        let session = Session {
            subject: person.subject().to_owned(),
            reached: person.reached(),
            platform: person.platform_session(),
            began_at: now,
            until: now.plus_seconds(self.session_seconds),
            form_token: key::random_text(self.entropy.as_ref()),
        };
        self.sessions.keep(&id, session).await?;
        Ok(Finished::Session { cookie, page })
    }

    /// Takes out the proof of a sign-in that was begun for a purpose by [`Gate::begin_proof`]; it is there once.
    pub fn take_proof(&self, cookie: Option<&str>, purpose: &str) -> Option<SignIn> {
        let (begun_for, person) = self.proofs.take(cookie?, self.now())?;
        (begun_for == purpose).then_some(person)
    }

    /// Ends the session here, and leads on to the platform, which ends its own and tells everybody else.
    pub async fn sign_out(&self, cookie: Option<&str>) -> Result<SignedOutHere, GateReason> {
        let Some(admitted) = self.session(cookie).await? else {
            return Ok(SignedOutHere::Here);
        };
        self.sessions.end(&admitted.id).await?;
        let now = self.now();
        let (address, leaving) = match (&self.partner, &admitted.session.platform) {
            (Partner::Oidc(party), PlatformSession::Oidc { id_token, .. }) => {
                match party.begin_logout(Some(id_token), now).await? {
                    None => return Ok(SignedOutHere::Here),
                    Some((address, sent)) => (address, Leaving::Oidc(sent)),
                }
            }
            (Partner::Saml(party), PlatformSession::Saml { index }) => {
                let own = party.current(now).await;
                if own.single_logout.is_none() {
                    return Ok(SignedOutHere::Here);
                }
                let person = (admitted.session.subject.as_str(), index.as_deref());
                let binding = SloBinding::HttpRedirect;
                let (message, sent) = own.begin_logout(person, binding, self.entropy.as_ref(), now)?;
                let OutgoingLogout::Redirect(address) = message else {
                    return Ok(SignedOutHere::Here);
                };
                (address, Leaving::Saml(sent))
            }
            _ => return Ok(SignedOutHere::Here),
        };
        let cookie = self.leaving.put(leaving, self.entropy.as_ref(), now);
        Ok(SignedOutHere::Redirect(Leave { address, cookie }))
    }

    /// The browser came back from the platform's logout with this `state`.
    pub fn came_back(&self, asked: Option<&str>, state: Option<&str>) -> Result<Ended, GateReason> {
        let now = self.now();
        let leaving = asked.and_then(|cookie| Some((cookie, self.leaving.get(cookie, now)?)));
        match leaving {
            Some((cookie, Leaving::Oidc(sent))) if sent.is_answered_by(state) => {
                self.leaving.take(cookie, now).ok_or(GateReason::NotAsked)?;
                Ok(Ended::Everywhere)
            }
            _ => Err(GateReason::NotAsked),
        }
    }

    /// A logout token of the platform's; how many sessions it ended.
    ///
    /// # Errors
    /// [`GateReason::is_ours`] tells a fault of ours (answer 503, the platform tries again) from a token that is refused (400).
    pub async fn hear_logout_token(&self, logout_token: &str) -> Result<usize, GateReason> {
        let Partner::Oidc(party) = &self.partner else {
            return Err(GateReason::NotAsked);
        };
        let now = self.now();
        let heard = match party.hear_logout(logout_token, self.seen.as_ref(), now).await {
            // Its work is done: the platform repeats a message whose answer was lost.
            Err(OidcReason::HeardBefore) => return Ok(0),
            heard => heard?,
        };
        let ended = self.sessions.end_meant(heard.signed_out(), None).await?;
        heard.done(self.seen.as_ref(), now);
        Ok(ended)
    }

    /// The address that the platform's page loads; how many sessions it ended.
    pub async fn hear_front_channel(&self, told: &FrontChannelLogout) -> Result<usize, GateReason> {
        let Partner::Oidc(party) = &self.partner else {
            return Err(GateReason::NotAsked);
        };
        let who = party.hear_front_channel(told)?;
        Ok(self.sessions.end_meant(&who, None).await?)
    }

    /// A SAML logout message by any binding: a request is answered, a response ends our own logout.
    ///
    /// # Errors
    /// By SOAP, where [`GateReason::is_ours`]: answer 503 without a `LogoutResponse`, the platform tries again.
    pub async fn hear_saml(
        &self,
        incoming: &IncomingLogout,
        asked: Option<&str>,
    ) -> Result<SamlHeard, GateReason> {
        let Partner::Saml(party) = &self.partner else {
            return Err(GateReason::NotAsked);
        };
        let now = self.now();
        if incoming.is_response() {
            let leaving = asked.and_then(|cookie| Some((cookie, self.leaving.get(cookie, now)?)));
            let Some((cookie, Leaving::Saml(sent))) = leaving else {
                return Err(GateReason::NotAsked);
            };
            let heard = party.hear_logout_response(incoming, &sent, now).await?;
            // Any page can post something here with the browser's cookie: only the platform's answer uses the question up.
            self.leaving.take(cookie, now).ok_or(GateReason::NotAsked)?;
            return Ok(match heard {
                LoggedOut::Everywhere => SamlHeard::Ended(Ended::Everywhere),
                LoggedOut::Partly | LoggedOut::No => SamlHeard::Ended(Ended::NotEverywhere),
            });
        }
        let heard = party
            .hear_logout_request(incoming, self.seen.as_ref(), now)
            .await?;
        let ended = if heard.is_repeated() {
            true
        } else {
            match self.sessions.end_meant(heard.signed_out(), None).await {
                Ok(_) => {
                    heard.done(self.seen.as_ref(), now);
                    true
                }
                // Any status is final there; by a browser it is the only answer that there is.
                Err(fault) if heard.binding() == SloBinding::Soap => return Err(fault.into()),
                Err(_) => false,
            }
        };
        let own = party.current(now).await;
        let answer = own.answer_logout(heard, ended, self.entropy.as_ref(), now)?;
        Ok(SamlHeard::Answer(answer))
    }

    /// Ends everything of one person, except one session; how many.
    pub async fn end_everything(
        &self,
        subject: &str,
        except: Option<&SessionId>,
    ) -> Result<usize, StoreFault> {
        let who = SignedOut::everywhere(subject);
        self.sessions.end_meant(&who, except).await
    }
}

/// What a SAML logout message led to.
#[derive(Debug)]
pub enum SamlHeard {
    /// The platform asked: this goes back.
    Answer(OutgoingLogout),
    /// The platform answered.
    Ended(Ended),
}

impl From<SamlReason> for GateReason {
    fn from(reason: SamlReason) -> Self {
        Self::Saml(reason)
    }
}

#[cfg(test)]
mod tests;
