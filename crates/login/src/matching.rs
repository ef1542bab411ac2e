//! The matching desk: whose certificate is this?

use domain::{Credential, CredentialState};

/// What the source of links said about an unknown certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PredecessorAnswer {
    /// The certificate is known, so nobody was asked.
    NotAsked,
    /// The source could not answer: never read as "none".
    Unavailable,
    /// There is no predecessor.
    None,
    /// There is a predecessor, and this is what we hold of it (`None`: the platform never saw it).
    Predecessor(Option<Credential>),
}

/// Whose certificate it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Match {
    /// A known certificate.
    Known(Credential),
    /// The successor of a known certificate: bind it to the same account and supersede the old one.
    Successor {
        /// What the person signed in with before.
        of: Credential,
    },
    /// Nobody we know: a new account.
    NewPerson,
    /// The source of links did not answer; no account may be made.
    LinksUnavailable,
    /// A certificate that a newer one has replaced. Its holder has the newer card.
    Superseded,
}

/// Decides from what we hold of the certificate and, only if that is nothing, from the predecessor answer.
///
/// An unknown certificate asks for its predecessor first, and only "no predecessor" makes a new account. A predecessor
/// that the platform never saw makes one too: the person did not sign in with it.
pub fn match_account(known: Option<Credential>, answer: PredecessorAnswer) -> Match {
    match (known, answer) {
        (Some(credential), _) if credential.state == CredentialState::Active => Match::Known(credential),
        (Some(_), _) => Match::Superseded,
        (None, PredecessorAnswer::Predecessor(Some(of))) => Match::Successor { of },
        (None, PredecessorAnswer::Predecessor(None) | PredecessorAnswer::None) => Match::NewPerson,
        (None, PredecessorAnswer::Unavailable | PredecessorAnswer::NotAsked) => Match::LinksUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AccountId, CardKind, CertificateDigest, CredentialId, Entropy, SealedSerial, Timestamp};

    struct Constant;

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn credential(state: CredentialState) -> Credential {
        Credential {
            id: CredentialId::generate(&Constant),
            account: AccountId::generate(&Constant),
            kind: CardKind::UserAuthenticationCard,
            digest: CertificateDigest {
                key_version: 1,
                value: "d".to_owned(),
            },
            serial: SealedSerial {
                key_version: 1,
                sealed: "s".to_owned(),
            },
            issuer_key_hash: "h".to_owned(),
            state,
            not_after: Timestamp::from_seconds(9),
            created_at: Timestamp::from_seconds(1),
        }
    }

    #[test]
    fn only_a_plain_no_makes_a_new_account() {
        let active = credential(CredentialState::Active);
        let rows = [
            (
                Some(active.clone()),
                PredecessorAnswer::NotAsked,
                Match::Known(active.clone()),
            ),
            (
                Some(active.clone()),
                PredecessorAnswer::Unavailable,
                Match::Known(active.clone()),
            ),
            (
                Some(credential(CredentialState::Superseded)),
                PredecessorAnswer::NotAsked,
                Match::Superseded,
            ),
            (None, PredecessorAnswer::NotAsked, Match::LinksUnavailable),
            (None, PredecessorAnswer::Unavailable, Match::LinksUnavailable),
            (None, PredecessorAnswer::None, Match::NewPerson),
            (None, PredecessorAnswer::Predecessor(None), Match::NewPerson),
            (
                None,
                PredecessorAnswer::Predecessor(Some(active.clone())),
                Match::Successor { of: active.clone() },
            ),
        ];
        for (known, answer, expected) in rows {
            assert_eq!(
                match_account(known.clone(), answer.clone()),
                expected,
                "{known:?} {answer:?}"
            );
        }
    }
}
