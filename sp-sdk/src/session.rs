//! Sessions of the service: a value, and a port for where they are kept.
//!
//! The browser holds a random name in a cookie; the store sees its digest alone ([`SessionId`]), so that who reads the store signs in
//! as nobody. Sessions are found by name, and ended by what the platform says ([`SignedOut`]).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::{Entropy, Timestamp};
use jose::digest;
use serde::{Deserialize, Serialize};

use crate::guard::Reached;
use crate::key::random_text;

/// The digest of a session's secret name.
#[derive(Clone, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SessionId(String);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(***)")
    }
}

impl SessionId {
    /// A fresh name for the cookie, and its digest for the store.
    pub fn fresh(entropy: &dyn Entropy) -> (String, Self) {
        let name = random_text(entropy);
        let id = Self::of_cookie(&name);
        (name, id)
    }

    /// Of the cookie's value.
    pub fn of_cookie(value: &str) -> Self {
        Self(digest::sha256_hex(value.as_bytes()))
    }

    /// For the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By what the platform knows the session.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub enum PlatformSession {
    /// OpenID Connect.
    Oidc {
        /// `sid`
        sid: Option<String>,
        /// For `id_token_hint`.
        id_token: String,
    },
    /// SAML.
    Saml {
        /// `SessionIndex`
        index: Option<String>,
    },
}

impl fmt::Debug for PlatformSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oidc { .. } => "PlatformSession::Oidc(***)",
            Self::Saml { .. } => "PlatformSession::Saml(***)",
        })
    }
}

impl PlatformSession {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Oidc { sid, .. } => sid.as_deref(),
            Self::Saml { index } => index.as_deref(),
        }
    }
}

/// A session of the service.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// The person's pseudonym at this service.
    pub subject: String,
    /// What the sign-in reached.
    pub reached: Reached,
    /// By what the platform knows it.
    pub platform: PlatformSession,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ends whatever is done in it.
    pub until: Timestamp,
    /// For forms of this session (against CSRF).
    pub form_token: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(until {}, ***)", self.until)
    }
}

impl Session {
    /// Whether a form came from a page of this session.
    pub fn owns_form(&self, token: &str) -> bool {
        digest::same(token.as_bytes(), self.form_token.as_bytes())
    }
}

/// Who signed out, as the platform says.
#[derive(Clone, Eq, PartialEq)]
pub struct SignedOut {
    /// The person's pseudonym at this service, where it is said.
    pub subject: Option<String>,
    /// The platform's sessions that are over; none means all of the person's.
    pub sessions: Vec<String>,
}

impl fmt::Debug for SignedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedOut({} sessions)", self.sessions.len())
    }
}

impl SignedOut {
    /// Everything of one person.
    pub fn everywhere(subject: &str) -> Self {
        Self {
            subject: Some(subject.to_owned()),
            sessions: Vec::new(),
        }
    }

    /// Whether a session is meant. Nobody named means nobody: a message without names ends nothing.
    pub fn means(&self, session: &Session) -> bool {
        let person = self
            .subject
            .as_ref()
            .is_none_or(|subject| *subject == session.subject);
        let named = match session.platform.name() {
            // Which of the person's sessions it is, is not known: it is ended rather than left.
            None => self.subject.is_some(),
            Some(name) => self.sessions.iter().any(|one| one == name),
        };
        person && (named || (self.sessions.is_empty() && self.subject.is_some()))
    }
}

/// The store cannot answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreFault(pub String);

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service's own store cannot answer: {}", self.0)
    }
}

impl std::error::Error for StoreFault {}

/// Where sessions are kept. A service on several machines implements it over what they share.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a session.
    async fn keep(&self, id: &SessionId, session: Session) -> Result<(), StoreFault>;
    /// Finds a session that is not over.
    async fn find(&self, id: &SessionId, now: Timestamp) -> Result<Option<Session>, StoreFault>;
    /// Ends one; whether it was there.
    async fn end(&self, id: &SessionId) -> Result<bool, StoreFault>;
    /// Ends all that are meant, except one; how many.
    async fn end_meant(&self, who: &SignedOut, except: Option<&SessionId>) -> Result<usize, StoreFault>;
}

/// Sessions in this process, in bounded number.
#[derive(Debug)]
pub struct MemorySessions {
    most: usize,
    kept: Mutex<HashMap<SessionId, Session>>,
}

impl MemorySessions {
    /// At most so many; when it is full, the oldest goes.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            kept: Mutex::default(),
        }
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn keep(&self, id: &SessionId, session: Session) -> Result<(), StoreFault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            let began = session.began_at;
            kept.retain(|_, one| one.until > began);
        }
        if kept.len() >= self.most {
            let oldest = kept
                .iter()
                .min_by_key(|(_, one)| one.began_at)
                .map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                kept.remove(&oldest);
            }
        }
        kept.insert(id.clone(), session);
        Ok(())
    }

    async fn find(&self, id: &SessionId, now: Timestamp) -> Result<Option<Session>, StoreFault> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(id).filter(|session| session.until > now).cloned())
    }

    async fn end(&self, id: &SessionId) -> Result<bool, StoreFault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.remove(id).is_some())
    }

    async fn end_meant(&self, who: &SignedOut, except: Option<&SessionId>) -> Result<usize, StoreFault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.len();
        kept.retain(|id, session| except == Some(id) || !who.means(session));
        Ok(before.saturating_sub(kept.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(subject: &str, sid: Option<&str>) -> Session {
        Session {
            subject: subject.to_owned(),
            reached: Reached::by_token(None, None),
            platform: PlatformSession::Oidc {
                sid: sid.map(str::to_owned),
                id_token: "token".to_owned(),
            },
            began_at: Timestamp::from_seconds(0),
            until: Timestamp::from_seconds(100),
            form_token: "f".to_owned(),
        }
    }

    fn out(subject: Option<&str>, sessions: &[&str]) -> SignedOut {
        SignedOut {
            subject: subject.map(str::to_owned),
            sessions: sessions.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    #[test]
    fn exactly_who_is_named_is_meant() {
        for (who, subject, sid, meant) in [
            (out(Some("a"), &[]), "a", Some("s1"), true),
            (out(Some("a"), &[]), "b", Some("s1"), false),
            (out(Some("a"), &["s1"]), "a", Some("s1"), true),
            (out(Some("a"), &["s1"]), "a", Some("s2"), false),
            (out(Some("a"), &["s1"]), "b", Some("s1"), false),
            (out(None, &["s1"]), "b", Some("s1"), true),
            (out(None, &["s1"]), "b", Some("s2"), false),
            (out(None, &[]), "a", Some("s1"), false),
            (out(None, &[]), "a", None, false),
            (out(None, &["s1"]), "a", None, false),
            (out(Some("a"), &["s1"]), "a", None, true),
        ] {
            assert_eq!(who.means(&session(subject, sid)), meant, "{subject} {sid:?}");
        }
    }
}
