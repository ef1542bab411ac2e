//! The plain server as a process, and a sign-in's hops at it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Failure;
use crate::browser::{Connection, FORM, Sent};
use crate::floor::{Part, Work, work};
use crate::operation::Operation;
use crate::plain::ports;
use crate::world::World;

/// A plain server that ends with this value.
pub(crate) struct PlainServer {
    child: Child,
    front: String,
    door: String,
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl PlainServer {
    /// Starts one with the certificates of a platform.
    pub(crate) fn start(world: &World) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("plain-server")
            .arg(world.platform.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let (front, door) = ports(&line).ok_or("the plain server does not start")?;
        Ok(Self {
            child,
            front: format!("idp.localhost:{}", front.port()),
            door: format!("plain.card.idp.localhost:{}", door.port()),
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

/// The hops of a sign-in, of either protocol.
pub(crate) struct PlainSignIn<'a> {
    pub(crate) name: &'static str,
    pub(crate) world: &'a World,
    pub(crate) server: &'a PlainServer,
    /// With OpenID Connect a code is redeemed; with SAML the last page holds an assertion.
    pub(crate) oidc: bool,
}

impl Operation for PlainSignIn<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn work(&self) -> Work {
        if self.oidc {
            work(3, &[(Part::RsaVerify, 2), (Part::EcdsaSign, 1)])
        } else {
            work(2, &[(Part::RsaVerify, 2), (Part::RsaSign, 1)])
        }
    }

    fn perform(&self, citizen: usize) -> Result<(), Failure> {
        let cookies = BTreeMap::from([("__Host-browser".to_owned(), "x".repeat(43))]);
        let mut front = self.world.connect_to(&self.server.front)?;
        let query = format!("?{}", "x".repeat(400));
        expect(&mut front, &format!("/hop{query}"), &cookies, None)?;
        expect(&mut front, "/page", &cookies, None)?;
        expect(
            &mut front,
            "/hop",
            &cookies,
            Some("csrf=xxxxxxxxxxxxxxxxxxxxxxxxxxx&family=card"),
        )?;
        let mut door = self.world.card_to(citizen, &self.server.door)?;
        expect(&mut door, "/door", &BTreeMap::new(), None)?;
        drop(door);
        expect(&mut front, "/commit", &cookies, None)?;
        if !self.oidc {
            return expect(&mut front, "/assertion", &cookies, None);
        }
        expect(&mut front, "/commit", &cookies, None)?;
        let mut service = self.world.connect_to(&self.server.front)?;
        let body = "x".repeat(300);
        let sent = Sent {
            fields: &[],
            body: Some((FORM, &body)),
        };
        let answer = service.send("/token", sent)?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err("the plain server failed".into())
        }
    }
}

fn expect(
    connection: &mut Connection,
    target: &str,
    cookies: &BTreeMap<String, String>,
    form: Option<&str>,
) -> Result<(), Failure> {
    match connection.ask(target, cookies, form)?.status {
        200 | 303 => Ok(()),
        _ => Err("the plain server failed".into()),
    }
}
