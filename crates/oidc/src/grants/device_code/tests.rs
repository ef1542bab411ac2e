use super::*;
use crate::sample::{CODE, NOW, VERIFIER, client, code_body, grant, provider, service};
use crate::{CodeRequest, UncheckedTokenRequest, authenticate};

/// A device's question with everything that was found about it.
pub(crate) struct Sample {
    pub(crate) code: &'static str,
    pub(crate) asked_by: Option<ServiceId>,
    pub(crate) fault: Option<DeviceFault>,
    pub(crate) grant: Option<AuthorizationGrant>,
    pub(crate) terms: GrantTerms,
    pub(crate) facts: ClientFacts,
    pub(crate) jkt: Option<&'static str>,
    pub(crate) now: Timestamp,
}

impl Sample {
    /// Somebody agreed.
    pub(crate) fn agreed() -> Self {
        let mut facts = client();
        facts.tokens.device_authorization = true;
        Self {
            code: CODE,
            asked_by: Some(service()),
            fault: Some(DeviceFault::Pending),
            grant: Some(AuthorizationGrant {
                redirect_uri: GRANT_TYPE.to_owned(),
                code_challenge: no_challenge(),
                ..grant()
            }),
            terms: GrantTerms::default(),
            facts,
            jkt: None,
            now: NOW,
        }
    }

    /// Nobody has yet.
    pub(crate) fn pending() -> Self {
        Self {
            grant: None,
            ..Self::agreed()
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn grant_mut(&mut self) -> &mut AuthorizationGrant {
        self.grant.as_mut().unwrap()
    }

    pub(crate) fn ask<T>(&self, run: fn(&Ask<'_>) -> Result<T, Reason>) -> Result<T, Reason> {
        let client = proof();
        run(&Ask {
            device_code: self.code,
            asked_by: self.asked_by.as_ref(),
            fault: self.fault,
            grant: self.grant.as_ref(),
            terms: &self.terms,
            client: &client,
            facts: &self.facts,
            sender: Sender {
                jkt: self.jkt,
                certificate: None,
            },
            now: self.now,
        })
    }
}

fn proof() -> AuthenticatedClient {
    let request = UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), None).unwrap();
    authenticate(&request, &client(), &provider(), NOW).unwrap()
}

fn verdict(ask: &Ask<'_>) -> Result<(), Reason> {
    approve(ask).map(|_| ())
}

#[test]
fn a_device_gets_its_grant_once_somebody_agreed() {
    assert_eq!(Sample::agreed().ask(verdict), Ok(()));
    assert_eq!(
        Sample::pending().ask(verdict),
        Err(Reason::Device(DeviceFault::Pending))
    );
    // The ask was lost (a cache that failed over), the grant was not.
    let lost = Sample::agreed().with(|s| {
        s.asked_by = None;
        s.fault = None;
    });
    assert_eq!(lost.ask(verdict), Ok(()));
}

#[test]
fn who_asks_is_looked_at_before_anything_is_told() {
    let other: ServiceId = format!("svc_{}", "9".repeat(32)).parse().unwrap();
    let late_and_stolen = Sample::agreed().with(|s| {
        s.grant_mut().service = other;
        s.grant_mut().revoked_at = Some(NOW);
        s.now = NOW.plus_seconds(999);
        s.facts.tokens.device_authorization = false;
    });
    assert_eq!(
        late_and_stolen.ask(verdict),
        Err(Reason::Device(DeviceFault::OfAnotherClient))
    );
}

#[test]
fn neither_kind_of_code_passes_for_the_other() {
    let device = Sample::agreed().grant.unwrap();
    let client = proof();
    for redirect_uri in ["https://rp.example/cb", GRANT_TYPE] {
        let asked = CodeRequest {
            code: CODE,
            redirect_uri,
            code_verifier: VERIFIER,
        };
        assert_eq!(
            super::super::authorization_code::approve(&device, &asked, &client, NOW),
            Err(Reason::CodeUnknown)
        );
    }
    let code = Sample::agreed().with(|s| s.grant = Some(grant()));
    assert_eq!(code.ask(verdict), Err(Reason::Device(DeviceFault::Unknown)));
}

#[test]
fn the_grant_type_is_read() {
    let body = format!("grant_type={GRANT_TYPE}&client_id=rp&device_code=abc");
    let request = UncheckedTokenRequest::parse(body.as_bytes(), None).unwrap();
    let crate::GrantRequest::DeviceCode(asked) = request.grant().unwrap() else {
        panic!("another grant");
    };
    assert_eq!(asked.device_code, "abc");
    assert!(!format!("{asked:?}").contains("abc"));
    let none = UncheckedTokenRequest::parse(format!("grant_type={GRANT_TYPE}&client_id=rp").as_bytes(), None);
    assert_eq!(
        none.unwrap().grant().unwrap_err(),
        Reason::ParameterMissing("device_code")
    );
}
