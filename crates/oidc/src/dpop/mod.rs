//! Demonstrating proof of possession (RFC 9449): a proof that came with a request becomes the thumbprint of a key, or a refusal.
//!
//! **Owns** reading the `DPoP` header ([`Proof::read`]), the order of the rules in `rules/dpop_proof/` as one table ([`RULES`]), and
//! the proof type [`ProvenKey`].
//!
//! **Deliberately absent**: whether the `jti` was seen before (the caller's unique insert of [`ProvenKey::spent`]), how nonces are made
//! (the caller says which are good now), to what the key is bound (codes in `grants/authorization_code.rs`, refresh tokens in
//! `rules/refresh_token/`, access tokens in `bearer.rs`).
//!
//! **Neighbours**: `jose::PossessedKey` below; the token and userinfo endpoints above.
//!
//! **One more rule**: a file in `rules/dpop_proof/` and its row in [`RULES`].

mod fault;

use domain::{Timestamp, TokenHash};
use jose::{Algorithm, PossessedKey};
use serde_json::{Map, Value};

pub use self::fault::DpopFault;
use crate::rules::dpop_proof as rules;
use crate::{Reason, SpentAssertion};

/// Algorithms of proofs; the discovery document lists them (RFC 9449 section 5.1).
pub const ALGORITHMS: [Algorithm; 6] = Algorithm::ALL;
/// Seconds for which a proof counts, from its `iat` on.
pub const LIFE_SECONDS: i64 = 60;
/// Seconds by which the client's clock may differ from ours.
pub const SKEW_SECONDS: i64 = 30;

/// A proof whose signature was verified, and nothing else.
#[derive(Clone, Eq, PartialEq)]
pub struct Proof {
    claims: Map<String, Value>,
    jkt: String,
    algorithm: Algorithm,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(***)")
    }
}

/// Which nonces a proof may carry.
#[derive(Clone, Copy, Debug)]
pub enum Nonces<'a> {
    /// None is asked for; one that is there is passed over.
    NotAsked,
    /// One of these must be there (RFC 9449 sections 8 and 9).
    Required(&'a [String]),
}

/// The request that a proof came with.
#[derive(Clone, Copy, Debug)]
pub struct ProvenRequest<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Under which addresses the endpoint is known, without query and fragment.
    pub addresses: &'a [&'a str],
    /// The access token that came with it, at resources.
    pub access_token: Option<&'a str>,
    /// Which nonces are good.
    pub nonces: Nonces<'a>,
    /// The moment.
    pub now: Timestamp,
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The proof's claims.
    pub claims: &'a Map<String, Value>,
    /// What it came with.
    pub request: &'a ProvenRequest<'a>,
}

impl<'a> Ask<'a> {
    /// A claim that is a text.
    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, Reason> {
        self.claims
            .get(name)
            .and_then(Value::as_str)
            .ok_or(Reason::Dpop(DpopFault::Claim(name)))
    }
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Rule {
    /// A sentence, and the name of the file.
    pub name: &'static str,
    /// Where it is written.
    pub cites: &'static str,
    /// The rule.
    pub check: fn(&Ask<'_>) -> Result<(), Reason>,
}

macro_rules! table {
    ($($rule:ident),+ $(,)?) => {
        &[$(Rule { name: stringify!($rule), cites: rules::$rule::CITES, check: rules::$rule::check }),+]
    };
}

/// The table. The nonce stands last: a client that is asked for another one need change nothing else.
pub const RULES: &[Rule] = table![
    method_is_that_of_the_request,
    address_is_that_of_the_request,
    proof_is_of_now,
    identifier_is_bounded_text,
    access_token_is_the_one_shown,
    nonce_is_one_of_ours,
];

/// Proof that the sender of a request has a key. Made by [`Proof::check`] alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProvenKey {
    jkt: String,
    algorithm: Algorithm,
    spent: SpentAssertion,
}

impl ProvenKey {
    /// The key's thumbprint (RFC 7638).
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// With what it signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What must be inserted uniquely: the proof counts once (RFC 9449 section 11.1).
    pub fn spent(&self) -> &SpentAssertion {
        &self.spent
    }
}

impl Proof {
    /// Reads the values of the `DPoP` header: none gives `None`, more than one is refused (RFC 9449 section 4.3, check 1).
    pub fn read<'h>(mut values: impl Iterator<Item = &'h str>) -> Result<Option<Self>, Reason> {
        let Some(one) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Reason::Dpop(DpopFault::Several));
        }
        let possessed: PossessedKey = rules::proof_is_signed_by_its_own_key::read(one)?;
        let claims = possessed
            .proof()
            .claims()
            .map_err(|reason| Reason::Dpop(DpopFault::Refused(reason)))?;
        Ok(Some(Self {
            claims,
            jkt: possessed.thumbprint(),
            algorithm: possessed.proof().header().algorithm,
        }))
    }

    /// The thumbprint (RFC 7638) of the key that made it.
    pub fn thumbprint(&self) -> &str {
        &self.jkt
    }

    /// Holds the proof against the request that it came with.
    pub fn check(&self, request: &ProvenRequest<'_>) -> Result<ProvenKey, Reason> {
        let ask = Ask {
            claims: &self.claims,
            request,
        };
        for rule in RULES {
            (rule.check)(&ask)?;
        }
        let id = rules::identifier_is_bounded_text::read(&ask)?;
        let until = rules::proof_is_of_now::end(&ask)?;
        Ok(ProvenKey {
            jkt: self.jkt.clone(),
            algorithm: self.algorithm,
            spent: SpentAssertion {
                key: TokenHash(jose::digest::sha256_hex(format!("{}\0{id}", self.jkt).as_bytes())),
                until,
            },
        })
    }
}

#[cfg(test)]
mod tests;
