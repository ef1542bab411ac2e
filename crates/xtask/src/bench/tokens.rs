//! What clients and resource servers ask after a sign-in. Each question comes on a connection of its own, as small clients do.

use std::collections::VecDeque;
use std::sync::Mutex;

use conformance_tests::{RelyingParty, SigningClient};

use crate::Failure;
use crate::browser::{FORM, Sent};
use crate::floor::{Part, Work, work};
use crate::operation::Operation;
use crate::party::{Public, field, tokens};
use crate::world::{Browser, World, unexpected};

const RESOURCE: &str = "https://api.localhost/bench";
/// Families of refresh tokens, and access tokens: more than are used at a time.
const KEPT: usize = 64;

/// A refresh token is exchanged for the next one, a new access token and a new ID token.
pub(crate) struct Refresh<'a> {
    world: &'a World,
    client: RelyingParty,
    held: Mutex<VecDeque<String>>,
}

impl<'a> Refresh<'a> {
    pub(crate) fn ready(world: &'a World) -> Result<Self, Failure> {
        let client = RelyingParty::register_for(&world.platform, "rp-refresh", "refresh = \"session\"");
        let party = Public {
            name: "",
            client: client.clone(),
            more: String::new(),
        };
        let mut held = VecDeque::new();
        for number in 0..KEPT {
            let tokens = Browser::open(world, number)?.sign_in(&party)?;
            held.push_back(field(&tokens, "refresh_token")?);
        }
        Ok(Self {
            world,
            client,
            held: Mutex::new(held),
        })
    }
}

impl Operation for Refresh<'_> {
    fn name(&self) -> &'static str {
        "refresh"
    }

    fn work(&self) -> Work {
        work(1, &[(Part::EcdsaSign, 1)])
    }

    fn perform(&self, _citizen: usize) -> Result<(), Failure> {
        let hold = || self.held.lock().map_err(|_| "poisoned tokens");
        let token = hold()?.pop_front().ok_or("more at once than tokens")?;
        let body = format!(
            "grant_type=refresh_token&refresh_token={token}&client_id={}",
            self.client.client_id
        );
        let answer = self.world.ask(
            "/oidc/token",
            Sent {
                fields: &[],
                body: Some((FORM, &body)),
            },
        )?;
        let next = field(&tokens(&answer)?, "refresh_token")?;
        hold()?.push_back(next);
        Ok(())
    }
}

/// A resource server asks about a signed access token that was shown to it.
pub(crate) struct Introspection<'a> {
    world: &'a World,
    server: SigningClient,
    tokens: Vec<String>,
}

impl<'a> Introspection<'a> {
    pub(crate) fn ready(world: &'a World) -> Result<Self, Failure> {
        let platform = &world.platform;
        let resources = format!("resources = [\"{RESOURCE}\"]");
        let resource: String = url::form_urlencoded::byte_serialize(RESOURCE.as_bytes()).collect();
        let party = Public {
            name: "",
            client: RelyingParty::register_for(platform, "rp-caller", &resources),
            more: format!("&resource={resource}"),
        };
        let serves = format!("[oidc.tokens]\nserves = [\"{RESOURCE}\"]");
        let server = SigningClient::register(platform, "rs-bench", &serves);
        let tokens = (0..world.cards())
            .map(|card| field(&Browser::open(world, card)?.sign_in(&party)?, "access_token"))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            world,
            server,
            tokens,
        })
    }
}

impl Operation for Introspection<'_> {
    fn name(&self) -> &'static str {
        "introspection"
    }

    fn work(&self) -> Work {
        // The resource server's assertion, and our own signature in the token.
        work(1, &[(Part::EcdsaVerify, 2)])
    }

    fn perform(&self, citizen: usize) -> Result<(), Failure> {
        let token = self.tokens.get(citizen % self.tokens.len()).ok_or("no token")?;
        let body = format!(
            "token={token}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={}",
            self.server.assertion()
        );
        let answer = self.world.ask(
            "/oidc/introspection",
            Sent {
                fields: &[("accept", "application/json")],
                body: Some((FORM, &body)),
            },
        )?;
        if answer.status == 200 && answer.body.contains("\"active\":true") {
            Ok(())
        } else {
            Err(unexpected("introspection", &answer))
        }
    }
}
