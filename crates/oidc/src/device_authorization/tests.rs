use domain::Entropy;

use super::*;
use crate::sample::{NOW, client, encode, provider, request_raw, service};

struct Constant;

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        for (place, byte) in buffer.iter_mut().enumerate() {
            *byte = u8::try_from(place).unwrap_or_default();
        }
    }
}

fn registered() -> ClientFacts {
    let mut client = client();
    client.tokens.device_authorization = true;
    client.tokens.dpop_required = false;
    client.requests.resources = vec!["https://api.example".to_owned()];
    client
}

fn asked(parameters: &[(&str, &str)]) -> Result<Request, Reason> {
    let pairs: Vec<_> = [("client_id", "rp"), ("scope", "openid")]
        .iter()
        .filter(|(name, _)| !parameters.iter().any(|(other, _)| other == name))
        .chain(parameters)
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    check(&request_raw(&pairs.join("&")), &registered(), &provider()).1
}

#[test]
fn a_plain_request_needs_no_address_and_no_challenge() {
    let request = asked(&[]).unwrap();
    let wanted = request.wanted();
    assert_eq!(wanted.scope, ["openid"]);
    assert!(wanted.prompt.login && wanted.prompt.consent && !wanted.prompt.none);
    assert_eq!(wanted.dpop_thumbprint, None);
}

#[test]
fn what_is_asked_beyond_scopes_is_read_as_elsewhere() {
    let request = asked(&[
        ("acr_values", "aal3 aal2"),
        ("max_age", "60"),
        ("resource", "https://api.example"),
        ("dpop_jkt", crate::sample::CHALLENGE),
    ])
    .unwrap();
    let wanted = request.wanted();
    assert_eq!(wanted.acr_values, ["aal3", "aal2"]);
    assert_eq!(wanted.max_age_seconds, Some(60));
    assert_eq!(wanted.resources, ["https://api.example"]);
    assert_eq!(wanted.dpop_thumbprint, Some(crate::sample::CHALLENGE));
}

#[test]
fn refusals_have_the_errors_of_their_rules() {
    for (parameters, error) in [
        (&[("scope", "profile")][..], "invalid_scope"),
        (&[("scope", "")], "invalid_request"),
        (&[("client_id", "other")], "invalid_client"),
        (&[("request", "a.b.c")], "request_not_supported"),
        (&[("request_uri", "urn:x")], "request_uri_not_supported"),
        (&[("prompt", "none")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("resource", "https://other.example")], "invalid_target"),
        (&[("dpop_jkt", "x")], "invalid_request"),
        (
            &[("authorization_details", "[{}]")],
            "invalid_authorization_details",
        ),
        (&[("claims", "[]")], "invalid_request"),
    ] {
        let reason = asked(parameters).unwrap_err();
        let error_of = reason.error_code().as_str();
        assert_eq!(error_of, error, "{parameters:?}: {reason}");
    }
    let (trace, outcome) = check(&request_raw("client_id=rp&scope=openid"), &client(), &provider());
    assert_eq!(outcome, Err(Reason::Device(DeviceFault::NotRegistered)));
    assert_eq!(trace.refusal().unwrap().rule, "client_is_registered_for_devices");
    assert_eq!(trace.lines.len(), RULES.len());
}

#[test]
fn the_reply_is_that_of_rfc_8628_and_a_number() {
    let (code, user_code) = (OpaqueSecret::generate(&Constant), UserCode::generate(&Constant));
    let numbers = Numbers::generate(&Constant);
    let reply = reply(&code, &user_code, &numbers, &provider());
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, Some("no-store"))
    );
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    let expected = json!({
        "device_code": code.reveal(),
        "user_code": "BCDF-GHJK",
        "verification_uri": "https://idp.example/activate",
        "verification_uri_complete": "https://idp.example/activate?user_code=BCDF-GHJK",
        "expires_in": 600,
        "interval": 5,
        "match_number": numbers.shown(),
    });
    assert_eq!(body, expected);
    assert!(
        !body["verification_uri_complete"]
            .as_str()
            .unwrap()
            .contains(numbers.shown())
    );
}

fn record() -> Asked<()> {
    Asked {
        service: service(),
        asked_at: NOW,
        expires_at: NOW.plus_seconds(600),
        numbers: Numbers::generate(&Constant),
        wanted: (),
        stage: Stage::Waiting,
    }
}

fn transaction(digit: &str) -> domain::TransactionId {
    format!("{}{}", domain::TransactionId::PREFIX, digit.repeat(32))
        .parse()
        .unwrap()
}

#[test]
fn one_browser_enters_and_picks_the_number_of_the_device() {
    let (mine, other) = (transaction("1"), transaction("2"));
    let mut asked = record();
    let right = asked.numbers.shown().to_owned();
    let wrong = asked
        .numbers
        .choices()
        .iter()
        .find(|n| **n != right)
        .unwrap()
        .clone();
    assert_eq!(asked.fault(NOW), DeviceFault::Pending);
    assert_eq!(
        asked.pick(&mine, &right, NOW),
        Err(DeviceFault::Unknown),
        "nobody entered"
    );
    asked.enter(mine.clone(), NOW.plus_seconds(599)).unwrap();
    assert_eq!(asked.fault(NOW), DeviceFault::Pending);
    assert_eq!(
        asked.enter(other.clone(), NOW),
        Err(DeviceFault::Unknown),
        "a second browser"
    );
    assert_eq!(
        asked.pick(&other, &right, NOW),
        Err(DeviceFault::Unknown),
        "another sign-in"
    );
    assert_eq!(asked.pick(&mine, &wrong, NOW), Err(DeviceFault::Denied));
    assert_eq!(asked.pick(&mine, "", NOW), Err(DeviceFault::Denied));
    assert_eq!(
        asked.pick(&mine, &right, NOW.plus_seconds(600)),
        Err(DeviceFault::Expired)
    );
    assert_eq!(asked.pick(&mine, &right, NOW), Ok(()));
    asked.refuse();
    assert_eq!(asked.pick(&mine, &right, NOW), Err(DeviceFault::Denied), "over");
    assert_eq!(asked.fault(NOW.plus_seconds(601)), DeviceFault::Denied);
    assert_eq!(asked.enter(other, NOW), Err(DeviceFault::Unknown));
}

#[test]
fn late_is_late() {
    let mut asked = record();
    assert_eq!(asked.fault(NOW.plus_seconds(599)), DeviceFault::Pending);
    assert_eq!(asked.fault(NOW.plus_seconds(600)), DeviceFault::Expired);
    assert_eq!(
        asked.enter(transaction("1"), NOW.plus_seconds(600)),
        Err(DeviceFault::Expired)
    );
}

#[test]
fn a_record_comes_back_from_the_store() {
    let mut asked = record();
    asked.enter(transaction("1"), NOW).unwrap();
    let text = serde_json::to_string(&asked).unwrap();
    assert_eq!(serde_json::from_str::<Asked<()>>(&text).unwrap(), asked);
}
