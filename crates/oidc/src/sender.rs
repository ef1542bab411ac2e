//! Which keys the sender of a request proved beside its client authentication: what tokens are bound to.
//!
//! **Owns** [`Sender`], the order of the rules in `rules/sender_constraint/` as one table ([`RULES`]), and what a client's tokens are
//! bound to ([`constrain`]).
//!
//! **Deliberately absent**: what is bound already (`grants/`, `bearer.rs`).
//!
//! **One more rule**: a file in `rules/sender_constraint/` and its row in [`RULES`].

#[cfg(test)]
pub(crate) mod sample;

use crate::dpop::ProvenKey;
use crate::rules::sender_constraint as rules;
use crate::{ClientFacts, Reason};

/// Proven by a DPoP proof, by the TLS handshake, by both or by nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sender<'a> {
    /// Thumbprint of the DPoP key (RFC 9449 section 6.1).
    pub jkt: Option<&'a str>,
    /// Thumbprint of the TLS client certificate (RFC 8705 section 3.1).
    pub certificate: Option<&'a str>,
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who asks for tokens.
    pub client: &'a ClientFacts,
    /// The key of its DPoP proof.
    pub proven: Option<&'a ProvenKey>,
    /// `x5t#S256` of the certificate of its connection.
    pub certificate: Option<&'a str>,
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

/// The table.
pub const RULES: &[Rule] = table![
    proof_comes_where_tokens_are_bound_to_it,
    proof_is_of_an_algorithm_of_the_client,
    certificate_comes_where_tokens_are_bound_to_it,
    fapi_tokens_are_bound,
];

/// To what the tokens of this request are bound: a proof always binds; a certificate binds the tokens of clients that are registered for
/// it, and merely authenticates all others (RFC 8705 section 3.4).
pub fn constrain<'a>(ask: &Ask<'a>) -> Result<Sender<'a>, Reason> {
    for rule in RULES {
        (rule.check)(ask)?;
    }
    Ok(Sender {
        jkt: ask.proven.map(ProvenKey::jkt),
        certificate: ask.certificate.filter(|_| ask.client.tokens.certificate_required),
    })
}

/// Whether a proof is signed as the client may: the one rule that holds wherever a proof is shown.
pub fn proof_fits(client: &ClientFacts, proven: Option<&ProvenKey>) -> Result<(), Reason> {
    rules::proof_is_of_an_algorithm_of_the_client::check(&Ask {
        client,
        proven,
        certificate: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client;

    #[test]
    fn a_certificate_binds_where_it_is_registered_to() {
        let proof = sample::proven();
        let free = client();
        let mut bound = client();
        bound.tokens.certificate_required = true;
        for (client, certificate) in [(&free, None), (&bound, Some("x"))] {
            let sender = constrain(&Ask {
                client,
                proven: Some(&proof),
                certificate: Some("x"),
            });
            assert_eq!(
                sender,
                Ok(Sender {
                    jkt: Some(proof.jkt()),
                    certificate
                })
            );
        }
    }
}
