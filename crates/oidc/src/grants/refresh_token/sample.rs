//! A family, its grant and a token of it for the tables of tests.

use domain::{AuthorizationGrant, ClientAuthentication, RefreshFamily, RefreshPermission, Timestamp};

use super::{Ask, Presented, RefreshFault, RefreshToken};
use crate::sample::{NOW, TestKey, client, client_with, code_body, grant, provider};
use crate::{AuthenticatedClient, Reason, Sender, UncheckedTokenRequest, authenticate};

pub(crate) struct Chance;

impl domain::Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

#[derive(Clone)]
pub(crate) struct Family {
    pub(crate) stored: RefreshFamily,
    pub(crate) grant: AuthorizationGrant,
    pub(crate) presented: Presented,
    pub(crate) client: AuthenticatedClient,
    pub(crate) permission: RefreshPermission,
    pub(crate) sender: Sender<'static>,
    pub(crate) scope: Option<&'static str>,
    pub(crate) now: Timestamp,
}

impl Family {
    /// A public client, nothing bound, the first token.
    pub(crate) fn new() -> Self {
        let grant = grant();
        let token = RefreshToken::first(&grant.id, &Chance);
        let stored = RefreshFamily {
            grant: grant.id.clone(),
            service: grant.service.clone(),
            account: grant.account.clone(),
            session: grant.session.clone(),
            credential: format!("crd_{}", "7".repeat(32)).parse().unwrap(),
            family: token.family(),
            current: vec![token.hash()],
            previous: None,
            rotated_at: NOW,
            issued_at: NOW,
            expires_at: NOW.plus_seconds(3600),
            offline: false,
            jkt: None,
            certificate: None,
            terms: domain::GrantTerms::default(),
            points: None,
            checked_generation: grant.checked_generation,
        };
        let request = UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), None).unwrap();
        Self {
            presented: Presented::parse(token.reveal()).unwrap(),
            client: authenticate(&request, &client(), &provider(), NOW).unwrap(),
            stored,
            grant,
            permission: RefreshPermission::Session,
            sender: Sender::default(),
            scope: None,
            now: NOW.plus_seconds(10),
        }
    }

    /// The same client, registered with a key.
    pub(crate) fn client_with_key() -> AuthenticatedClient {
        let key = TestKey::new();
        let client = client_with(ClientAuthentication::PrivateKeyJwt {
            jwks: key.set("k").to_json().to_string(),
        });
        let assertion = key.sign(
            "k",
            None,
            &serde_json::json!({
                "iss": "rp", "sub": "rp", "aud": "https://idp.example", "jti": "1", "exp": NOW.seconds() + 60,
            }),
        );
        let body = code_body(&[
            (
                "client_assertion_type",
                Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ),
            ("client_assertion", Some(assertion.as_str())),
        ]);
        let request = UncheckedTokenRequest::parse(body.as_bytes(), None).unwrap();
        authenticate(&request, &client, &provider(), NOW).unwrap()
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    pub(crate) fn ask<T>(&self, rule: fn(&Ask<'_>) -> Result<T, Reason>) -> Result<T, Reason> {
        rule(&self.as_ask())
    }

    pub(crate) fn as_ask(&self) -> Ask<'_> {
        Ask {
            presented: &self.presented,
            family: &self.stored,
            grant: &self.grant,
            client: &self.client,
            permission: self.permission,
            sender: self.sender,
            scope: self.scope,
            now: self.now,
        }
    }
}

pub(crate) fn refused<T>(fault: RefreshFault) -> Result<T, Reason> {
    Err(Reason::Refresh(fault))
}
