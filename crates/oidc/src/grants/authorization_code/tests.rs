use domain::ClientAuthentication;

use super::*;
use crate::sample::{CODE, NOW, VERIFIER, client, client_with, code_body, grant, provider};
use crate::{ClientFacts, UncheckedTokenRequest, authenticate};

fn proof(client: &ClientFacts) -> AuthenticatedClient {
    let request = UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), None).unwrap();
    authenticate(&request, client, &provider(), NOW).unwrap()
}

const ASKED: CodeRequest<'static> = CodeRequest {
    code: CODE,
    redirect_uri: "https://rp.example/cb",
    code_verifier: VERIFIER,
};

#[test]
fn the_right_client_with_the_right_code_in_time() {
    let (grant, client) = (grant(), proof(&client()));
    let approved = approve(&grant, &ASKED, &client, NOW).unwrap();
    assert_eq!((approved.grant(), approved.client()), (&grant, &client));
    assert!(approve(&grant, &ASKED, &client, NOW.plus_millis(59_999)).is_ok());
}

#[test]
fn everything_else_is_refused_by_name() {
    let good = grant();
    let other_service: domain::ServiceId = format!("svc_{}", "9".repeat(32)).parse().unwrap();
    let (short, long) = ("x".repeat(42), "x".repeat(129));
    let with = |change: &dyn Fn(&mut AuthorizationGrant)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let client = proof(&client());
    let wrong_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";
    for (grant, request, now, reason) in [
        (
            good.clone(),
            CodeRequest {
                code: "other",
                ..ASKED
            },
            NOW,
            Reason::CodeUnknown,
        ),
        (
            with(&|g| g.service = other_service.clone()),
            ASKED,
            NOW,
            Reason::CodeOfAnotherClient,
        ),
        (
            with(&|g| g.revoked_at = Some(NOW)),
            ASKED,
            NOW,
            Reason::GrantRevoked,
        ),
        (good.clone(), ASKED, NOW.plus_seconds(60), Reason::CodeExpired),
        (good.clone(), ASKED, NOW.plus_seconds(61), Reason::CodeExpired),
        (
            good.clone(),
            CodeRequest {
                redirect_uri: "https://rp.example/cb/",
                ..ASKED
            },
            NOW,
            Reason::RedirectUriDiffers,
        ),
        (
            good.clone(),
            CodeRequest {
                redirect_uri: "https://rp.example/cb?tenant=1",
                ..ASKED
            },
            NOW,
            Reason::RedirectUriDiffers,
        ),
        (
            good.clone(),
            CodeRequest {
                code_verifier: wrong_verifier,
                ..ASKED
            },
            NOW,
            Reason::VerifierWrong,
        ),
        (
            good.clone(),
            CodeRequest {
                code_verifier: crate::sample::CHALLENGE,
                ..ASKED
            },
            NOW,
            Reason::VerifierWrong,
        ),
        (
            good.clone(),
            CodeRequest {
                code_verifier: &short,
                ..ASKED
            },
            NOW,
            Reason::ParameterMalformed("code_verifier"),
        ),
        (
            good.clone(),
            CodeRequest {
                code_verifier: &long,
                ..ASKED
            },
            NOW,
            Reason::ParameterMalformed("code_verifier"),
        ),
        (
            good.clone(),
            CodeRequest {
                code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r wW1gFWFOEjXk",
                ..ASKED
            },
            NOW,
            Reason::ParameterMalformed("code_verifier"),
        ),
    ] {
        assert_eq!(approve(&grant, &request, &client, now), Err(reason));
    }
}

#[test]
fn another_client_learns_nothing_about_the_code() {
    // Expired, revoked and stolen: what a thief hears is that it is not theirs.
    let mut stolen = grant();
    stolen.revoked_at = Some(NOW);
    stolen.service = format!("svc_{}", "9".repeat(32)).parse().unwrap();
    let client = proof(&client_with(ClientAuthentication::None));
    assert_eq!(
        approve(&stolen, &ASKED, &client, NOW.plus_seconds(999)),
        Err(Reason::CodeOfAnotherClient)
    );
    assert_eq!(
        Reason::CodeOfAnotherClient.error_code(),
        Reason::CodeUnknown.error_code()
    );
}

#[test]
fn a_code_that_names_its_key_is_redeemed_with_it() {
    let terms = |jkt: Option<&str>| GrantTerms {
        dpop_jkt: jkt.map(str::to_owned),
        ..GrantTerms::default()
    };
    let sender = |jkt| Sender {
        jkt,
        certificate: None,
    };
    for (asked, shown, verdict) in [
        (None, None, Ok(())),
        (None, Some("a"), Ok(())),
        (Some("a"), Some("a"), Ok(())),
        (Some("a"), Some("b"), Err(Reason::Dpop(DpopFault::KeyDiffers))),
        (Some("a"), None, Err(Reason::Dpop(DpopFault::KeyDiffers))),
    ] {
        assert_eq!(
            check_key(&terms(asked), sender(shown)),
            verdict,
            "{asked:?} {shown:?}"
        );
    }
}

#[test]
fn codes_of_fapi_clients_live_a_minute_at_most() {
    let mut provider = provider();
    for (configured, standard, fapi) in [(600, 600, 60), (61, 61, 60), (60, 60, 60), (3, 3, 3)] {
        provider.code_lifetime_seconds = configured;
        assert_eq!(
            [SecurityProfile::Standard, SecurityProfile::Fapi2]
                .map(|profile| lifetime_seconds(profile, &provider)),
            [standard, fapi]
        );
    }
}
