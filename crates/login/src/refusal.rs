//! Everything the sign-in may say no to: each with a stable public code. The person reads the page of that code, the
//! operator opens the reference, the service learns only what [`ServiceAnswer`] says.

use domain::RevocationReason;
use serde::{Deserialize, Serialize};

/// A refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    // --- what the certificate door sees ---
    /// The handshake completed without a certificate.
    NoCertificate,
    /// The certificate's validity has ended.
    Expired,
    /// The certificate's validity has not begun.
    NotYetValid,
    /// The certificate is revoked.
    Revoked(RevocationReason),
    /// No pinned CA signed it.
    UnknownCa,
    /// A test hierarchy, and this is production.
    TestCaInProduction,
    /// The 署名用 certificate was chosen.
    SigningCertificate,
    /// Its policy is none that we were told to accept.
    UnknownPolicy,
    /// It departs from the profile.
    MalformedProfile,
    /// Its key is too weak.
    WeakKey,
    /// The revocation list is too old to trust.
    CrlStale,
    /// There is no revocation list.
    CrlMissing,
    /// A newer certificate has replaced it.
    CertificateReplaced,
    // --- what the authority's responder says, where a service asks for it ---
    /// The responder did not answer, or not in a way that can be relied on. Never to be read as "good".
    StatusUnavailable,
    /// The responder answered that it does not know the certificate.
    StatusUnknown,
    /// The responder and the lists contradict one another: an incident, and nobody is let in meanwhile.
    StatusContradiction,
    // --- what the matching desk sees ---
    /// The source of links did not answer.
    LinksUnavailable,
    /// J-LIS may not know the certificate yet (up to 24 hours after issue).
    CertificateNotSettled,
    /// Whose certificate it is could not be told, and a person has to decide.
    IdentityUndecided,
    /// A person decided that the certificate does not sign in.
    IdentityRefused,
    /// The account is closed.
    AccountClosed,
    /// The person wished the account closed, and has not said that they want to begin anew.
    AccountLeft,
    /// The service expects another person.
    OtherPerson,
    // --- tickets and transactions ---
    /// The browser that came back is not the one that began.
    TicketOtherBrowser,
    /// The ticket came too late.
    TicketExpired,
    /// The ticket came before.
    TicketUsed,
    /// The transaction's time is over.
    TransactionExpired,
    /// No such transaction in this browser.
    TransactionUnknown,
    /// The transaction was answered already.
    TransactionAnswered,
    /// Too many tries within one transaction or from one address.
    TooManyAttempts,
    // --- cards in devices ---
    /// A card in a device does not reach what is asked for: the certificate door would.
    DeviceNotEnough,
    /// The code was not claimed, the card did not sign, or the number was not typed in time.
    DeviceTooLate,
    /// Nobody shows this code, or somebody claimed it before.
    DeviceCodeUnknown,
    /// The challenge was signed before.
    DeviceChallengeUsed,
    /// What came is no signature over the challenge, too often.
    DeviceSignature,
    /// The person at the reader typed another number, or said that it was not they who began.
    DeviceNotConfirmed,
    // --- services ---
    /// No such service.
    ServiceUnknown,
    /// The service is suspended.
    ServiceSuspended,
    /// The service's request is wrong; its own room says how.
    RequestInvalid,
    // --- decisions ---
    /// No method that we have reaches the level.
    LevelUnreachable,
    /// The service asks for a proofed identity, and the person has not registered one (利用登録).
    EnrolmentRequired,
    /// Pages are forbidden, and the card would have to be used.
    LoginRequired,
    /// Pages are forbidden, and consent would have to be asked.
    ConsentRequired,
    /// The person declined to release the attributes.
    ConsentDeclined,
    /// The person cancelled.
    Cancelled,
    /// The certificate behind the session was revoked.
    SessionEndedByRevocation,
}

/// All that a service learns of a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServiceAnswer {
    /// Authentication failed: `AuthnFailed`, `access_denied`. Everything about the card comes out as this.
    AuthenticationFailed,
    /// `NoPassive`, `login_required`.
    LoginRequired,
    /// `NoPassive`, `consent_required`.
    ConsentRequired,
    /// `RequestDenied`, `access_denied`.
    Denied,
    /// `NoAuthnContext`, `unmet_authentication_requirements`.
    LevelUnmet,
    /// `NoPassive`, `interaction_required`: a page would help, and none may be shown.
    InteractionRequired,
    /// `AuthnFailed`, `temporarily_unavailable`: our own revocation data are too old for anybody. Nothing about a card.
    Unavailable,
    /// Nothing: there is no checked place to answer to.
    Silence,
}

impl Refusal {
    /// Every refusal (with one revocation reason standing for all).
    pub const ALL: [Self; 46] = [
        Self::NoCertificate,
        Self::Expired,
        Self::NotYetValid,
        Self::Revoked(RevocationReason::Unspecified),
        Self::UnknownCa,
        Self::TestCaInProduction,
        Self::SigningCertificate,
        Self::UnknownPolicy,
        Self::MalformedProfile,
        Self::WeakKey,
        Self::CrlStale,
        Self::CrlMissing,
        Self::CertificateReplaced,
        Self::StatusUnavailable,
        Self::StatusUnknown,
        Self::StatusContradiction,
        Self::LinksUnavailable,
        Self::CertificateNotSettled,
        Self::IdentityUndecided,
        Self::IdentityRefused,
        Self::AccountClosed,
        Self::AccountLeft,
        Self::OtherPerson,
        Self::TicketOtherBrowser,
        Self::TicketExpired,
        Self::TicketUsed,
        Self::TransactionExpired,
        Self::TransactionUnknown,
        Self::TransactionAnswered,
        Self::TooManyAttempts,
        Self::DeviceNotEnough,
        Self::DeviceTooLate,
        Self::DeviceCodeUnknown,
        Self::DeviceChallengeUsed,
        Self::DeviceSignature,
        Self::DeviceNotConfirmed,
        Self::ServiceUnknown,
        Self::ServiceSuspended,
        Self::RequestInvalid,
        Self::LevelUnreachable,
        Self::EnrolmentRequired,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::ConsentDeclined,
        Self::Cancelled,
        Self::SessionEndedByRevocation,
    ];

    /// The stable public code, in pages, audit and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked(_) => "revoked",
            Self::UnknownCa => "unknown_ca",
            Self::TestCaInProduction => "test_ca_in_production",
            Self::SigningCertificate => "signing_certificate",
            Self::UnknownPolicy => "unknown_policy",
            Self::MalformedProfile => "malformed_profile",
            Self::WeakKey => "weak_key",
            Self::CrlStale => "crl_stale",
            Self::CrlMissing => "crl_missing",
            Self::CertificateReplaced => "certificate_replaced",
            Self::StatusUnavailable => "status_unavailable",
            Self::StatusUnknown => "status_unknown",
            Self::StatusContradiction => "status_contradiction",
            Self::LinksUnavailable => "links_unavailable",
            Self::CertificateNotSettled => "certificate_not_settled",
            Self::IdentityUndecided => "identity_undecided",
            Self::IdentityRefused => "identity_refused",
            Self::AccountClosed => "account_closed",
            Self::AccountLeft => "account_left",
            Self::OtherPerson => "other_person",
            Self::TicketOtherBrowser => "ticket_other_browser",
            Self::TicketExpired => "ticket_expired",
            Self::TicketUsed => "ticket_used",
            Self::TransactionExpired => "transaction_expired",
            Self::TransactionUnknown => "transaction_unknown",
            Self::TransactionAnswered => "transaction_answered",
            Self::TooManyAttempts => "too_many_attempts",
            Self::DeviceNotEnough => "device_not_enough",
            Self::DeviceTooLate => "device_too_late",
            Self::DeviceCodeUnknown => "device_code_unknown",
            Self::DeviceChallengeUsed => "device_challenge_used",
            Self::DeviceSignature => "device_signature",
            Self::DeviceNotConfirmed => "device_not_confirmed",
            Self::ServiceUnknown => "service_unknown",
            Self::ServiceSuspended => "service_suspended",
            Self::RequestInvalid => "request_invalid",
            Self::LevelUnreachable => "level_unreachable",
            Self::EnrolmentRequired => "enrolment_required",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::ConsentDeclined => "consent_declined",
            Self::Cancelled => "cancelled",
            Self::SessionEndedByRevocation => "session_ended_by_revocation",
        }
    }

    /// What the service may be told.
    pub const fn service_answer(self) -> ServiceAnswer {
        match self {
            Self::LoginRequired => ServiceAnswer::LoginRequired,
            Self::ConsentRequired => ServiceAnswer::ConsentRequired,
            Self::ConsentDeclined | Self::Cancelled => ServiceAnswer::Denied,
            Self::LevelUnreachable | Self::EnrolmentRequired => ServiceAnswer::LevelUnmet,
            Self::CrlStale | Self::CrlMissing => ServiceAnswer::Unavailable,
            Self::ServiceUnknown
            | Self::ServiceSuspended
            | Self::RequestInvalid
            | Self::TransactionUnknown
            | Self::TransactionAnswered
            | Self::TicketOtherBrowser => ServiceAnswer::Silence,
            _ => ServiceAnswer::AuthenticationFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct() {
        let codes: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }

    #[test]
    fn nothing_about_the_card_reaches_the_service() {
        let about_the_card = Refusal::ALL
            .iter()
            .take_while(|refusal| **refusal != Refusal::TicketOtherBrowser);
        for refusal in about_the_card {
            // Lists that are too old are too old for everybody, and coming again helps.
            let expected = match refusal {
                Refusal::CrlStale | Refusal::CrlMissing => ServiceAnswer::Unavailable,
                _ => ServiceAnswer::AuthenticationFailed,
            };
            assert_eq!(refusal.service_answer(), expected, "{refusal:?}");
        }
    }
}
