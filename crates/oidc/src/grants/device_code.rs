//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 sections 3.4 and 3.5).
//!
//! The grant that a person's yes makes stands in the Ledger under the hash of the device code, from the batch in which it was agreed to. Such
//! a grant has no address and no challenge ([`is_of_a_device`]), so neither of the two kinds of code passes for the other.

use domain::{AuthorizationGrant, CodeChallenge, GrantTerms, ServiceId, Timestamp};

use super::Approved;
use crate::device_authorization::DeviceFault;
use crate::rules::device_code as rules;
use crate::{AuthenticatedClient, ClientFacts, Reason, Sender};

/// `grant_type`; and what stands in a device's grant where a code's has its address, which no client can register.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What stands in a device's grant where a code's has its challenge: nothing that a verifier could match.
pub fn no_challenge() -> CodeChallenge {
    CodeChallenge(String::new())
}

/// Whether a grant was made for a device code.
pub fn is_of_a_device(grant: &AuthorizationGrant) -> bool {
    grant.redirect_uri == GRANT_TYPE && grant.code_challenge == no_challenge()
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// `device_code`.
    pub device_code: &'a str,
    /// Who asked for the code, where the ask is still kept.
    pub asked_by: Option<&'a ServiceId>,
    /// What is missing, by the ask.
    pub fault: Option<DeviceFault>,
    /// The grant under the code's hash, once the person has agreed.
    pub grant: Option<&'a AuthorizationGrant>,
    /// What stands beside the grant.
    pub terms: &'a GrantTerms,
    /// Who shows the code.
    pub client: &'a AuthenticatedClient,
    /// What rules know of it.
    pub facts: &'a ClientFacts,
    /// Which keys the sender proved.
    pub sender: Sender<'a>,
    /// The moment.
    pub now: Timestamp,
}

/// A row of a table.
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

/// Who may ask at all: looked at before the question is counted.
pub const RULES_OF_WHO_ASKS: &[Rule] = table![
    code_was_issued_to_the_client,
    client_is_still_registered_for_devices,
];

/// Whether there is something to be had.
pub const RULES: &[Rule] = table![
    person_has_agreed,
    grant_is_in_time_and_not_withdrawn,
    sender_has_the_named_key,
];

/// Whether this client may ask about this code.
pub fn may_ask(ask: &Ask<'_>) -> Result<(), Reason> {
    RULES_OF_WHO_ASKS.iter().try_for_each(|rule| (rule.check)(ask))
}

/// Checks what was found by the hash of `ask.device_code`.
pub fn approve<'a>(ask: &Ask<'a>) -> Result<Approved<'a>, Reason> {
    may_ask(ask)?;
    RULES.iter().try_for_each(|rule| (rule.check)(ask))?;
    match ask.grant {
        Some(grant) => Ok(Approved {
            grant,
            client: ask.client,
        }),
        None => Err(Reason::Device(DeviceFault::Pending)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
