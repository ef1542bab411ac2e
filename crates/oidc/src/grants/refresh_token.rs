//! `refresh_token` (RFC 6749 section 6, RFC 9700 section 4.14): rotated at each use, in a family that is withdrawn as a whole when an
//! old one comes again.
//!
//! A token reads `<grant>.<family>.<token>`: 32 hexadecimal digits of the grant's name, a secret of 128 bits that the whole family
//! shares, a secret of 256 bits of its own. So a token that was rotated away is told from one that was made up, without a list of old
//! ones: whoever knows the family's secret had one of them.

mod fault;
#[cfg(test)]
pub(crate) mod sample;

use std::fmt;

use domain::{
    AuthorizationGrant, Entropy, GrantId, RefreshFamily, RefreshPermission, SecurityProfile, Timestamp,
    TokenHash,
};
use zeroize::Zeroizing;

pub use self::fault::RefreshFault;
use super::Approved;
use crate::rules::refresh_token as rules;
use crate::{AuthenticatedClient, OpaqueSecret, Reason, Sender};

/// Seconds for which a token that was used counts once more, where its sender proves a key.
pub const RETRY_SECONDS: i64 = 30;

/// A refresh token on its way to the client. Never printed.
pub struct RefreshToken {
    prefix: Zeroizing<String>,
    text: Zeroizing<String>,
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

impl RefreshToken {
    /// The first one of a grant.
    pub fn first(grant: &GrantId, entropy: &dyn Entropy) -> Self {
        let family: Zeroizing<[u8; 16]> = Zeroizing::new(entropy.array());
        let family = Zeroizing::new(jose::encode_base64url(family.as_slice()));
        let digits = grant.as_str().trim_start_matches(GrantId::PREFIX);
        Self::below(format!("{digits}.{}", family.as_str()), entropy)
    }

    fn below(prefix: String, entropy: &dyn Entropy) -> Self {
        let own = OpaqueSecret::generate(entropy);
        Self {
            text: Zeroizing::new(format!("{prefix}.{}", own.reveal())),
            prefix: Zeroizing::new(prefix),
        }
    }

    /// The text that goes to the client, once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What we keep of the family's secret.
    pub fn family(&self) -> TokenHash {
        OpaqueSecret::hash_of(&self.prefix)
    }

    /// What we keep of the token.
    pub fn hash(&self) -> TokenHash {
        OpaqueSecret::hash_of(&self.text)
    }
}

/// A refresh token as somebody shows it: nothing is proven yet.
#[derive(Clone, Eq, PartialEq)]
pub struct Presented {
    /// Which record to look up.
    pub grant: GrantId,
    pub(crate) family: TokenHash,
    pub(crate) token: TokenHash,
    prefix: Zeroizing<String>,
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

impl Presented {
    /// Takes a token apart; `None` for what was never one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, own) = text.rsplit_once('.')?;
        let (digits, family) = prefix.split_once('.')?;
        let sized = |text: &str, bytes| jose::decode_base64url(text).is_some_and(|read| read.len() == bytes);
        if !sized(family, 16) || !sized(own, 32) {
            return None;
        }
        Some(Self {
            grant: format!("{}{digits}", GrantId::PREFIX).parse().ok()?,
            family: OpaqueSecret::hash_of(prefix),
            token: OpaqueSecret::hash_of(text),
            prefix: Zeroizing::new(prefix.to_owned()),
        })
    }

    /// Whether whoever shows it had a token of this family.
    pub fn is_of(&self, family: &RefreshFamily) -> bool {
        self.grant == family.grant && jose::digest::same(self.family.0.as_bytes(), family.family.0.as_bytes())
    }

    /// The next one of the family.
    pub fn successor(&self, entropy: &dyn Entropy) -> RefreshToken {
        RefreshToken::below(self.prefix.as_str().to_owned(), entropy)
    }
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What came.
    pub presented: &'a Presented,
    /// The record under its grant.
    pub family: &'a RefreshFamily,
    /// The grant.
    pub grant: &'a AuthorizationGrant,
    /// Who shows it.
    pub client: &'a AuthenticatedClient,
    /// Which refresh tokens it may have today.
    pub permission: RefreshPermission,
    /// Which keys the sender proved.
    pub sender: Sender<'a>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// The moment.
    pub now: Timestamp,
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

/// The table. Reuse is looked for after everything that says who shows the token, so that nobody else can have a family withdrawn.
pub const RULES: &[Rule] = table![
    token_belongs_to_the_family,
    family_belongs_to_the_client,
    client_is_still_registered_for_refresh,
    family_is_alive,
    sender_has_the_bound_key,
    token_was_not_used_before,
    scope_is_no_wider,
];

/// Proof that a refresh token may be exchanged now by this client. Made by [`approve`] alone.
#[derive(Clone, Debug)]
pub struct ApprovedRefresh<'a> {
    approved: Approved<'a>,
    family: &'a RefreshFamily,
    presented: &'a Presented,
    scope: Option<String>,
    retried: bool,
}

impl<'a> ApprovedRefresh<'a> {
    /// Grant and client.
    pub fn approved(&self) -> Approved<'a> {
        self.approved
    }

    /// The family as it was read.
    pub fn family(&self) -> &'a RefreshFamily {
        self.family
    }

    /// The narrower scope that was asked for; `None` is all that was granted.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Whether the token that was shown goes on: the profile FAPI 2.0 has no rotation, because each token is bound to a client that proves
    /// itself, and a lost answer would end what the person agreed to (FAPI 2.0 Security Profile section 5.3.2.1).
    pub fn keeps_its_token(&self, profile: SecurityProfile) -> bool {
        profile == SecurityProfile::Fapi2 && !self.retried
    }

    /// The next token, and the family with it: write it over the version that was read, or not at all.
    pub fn rotate(&self, entropy: &dyn Entropy, now: Timestamp) -> (RefreshToken, RefreshFamily) {
        let next = self.presented.successor(entropy);
        let mut family = self.family.clone();
        if self.retried {
            // The window counts from the first use, however often it is tried again.
            family.current.push(next.hash());
        } else {
            family.previous = Some(self.presented.token.clone());
            family.current = vec![next.hash()];
            family.rotated_at = now;
        }
        (next, family)
    }
}

/// Checks the family and the grant that were found by `ask.presented.grant`.
pub fn approve<'a>(ask: &Ask<'a>) -> Result<ApprovedRefresh<'a>, Reason> {
    for rule in RULES {
        (rule.check)(ask)?;
    }
    Ok(ApprovedRefresh {
        approved: Approved {
            grant: ask.grant,
            client: ask.client,
        },
        family: ask.family,
        presented: ask.presented,
        scope: rules::scope_is_no_wider::read(ask)?,
        retried: !ask.family.current.contains(&ask.presented.token),
    })
}

#[cfg(test)]
mod tests;
