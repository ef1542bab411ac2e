//! SAML service providers: how they ask, and attribute queries.

use std::io::Write as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{MachineClock, Platform};
use domain::Clock as _;
use sim::CardRequest;
use xml::{Name, NewElement};

use crate::Failure;
use crate::browser::{Answer, Sent, hidden_field};
use crate::floor::{Part, Work, work};
use crate::operation::Operation;
use crate::party::Party;
use crate::world::{Browser, World, unexpected};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// What a service provider signs and reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keys {
    /// It signs nothing.
    None,
    /// It signs its requests.
    Signs,
    /// And assertions come encrypted.
    SignsAndDecrypts,
}

/// Redirect in, POST out, assertion signed with RSA-2048.
pub(crate) struct ServiceProvider {
    name: &'static str,
    keys: Keys,
    entity: String,
    acs: String,
    key: RsaKeyPair,
}

impl ServiceProvider {
    /// Registers one with a key pair of the simulator's.
    pub(crate) fn register(platform: &Platform, name: &'static str, keys: Keys) -> Result<Self, Failure> {
        let base = format!("https://sp-{}.localhost:9", format!("{keys:?}").to_lowercase());
        let (_, card) = platform.card(&CardRequest::default());
        let card = card.lock().map_err(|_| "a poisoned card")?;
        let provider = Self {
            name,
            keys,
            entity: format!("{base}/metadata"),
            acs: format!("{base}/acs"),
            key: RsaKeyPair::from_pkcs8(&card.key().pkcs8()?)?,
        };
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"計測用\", en = \"Bench\" }}\nreleased_attributes = [\"assurance_level\", \
             \"authentication_time\", \"authentication_method\"]\n[saml]\nmetadata = '''{}'''\n",
            provider.metadata(&STANDARD.encode(card.certificate()))
        ));
        Ok(provider)
    }

    fn metadata(&self, certificate: &str) -> String {
        let descriptor = |purpose: &str| {
            format!(
                "<KeyDescriptor use=\"{purpose}\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
                 <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            )
        };
        let (signs, descriptors) = match self.keys {
            Keys::None => (false, String::new()),
            Keys::Signs => (true, descriptor("signing")),
            Keys::SignsAndDecrypts => (true, descriptor("signing") + &descriptor("encryption")),
        };
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\"><SPSSODescriptor \
             protocolSupportEnumeration=\"{PROTOCOL}\" AuthnRequestsSigned=\"{signs}\" WantAssertionsSigned=\"true\">\
             {descriptors}<AssertionConsumerService index=\"0\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{}\"/></SPSSODescriptor>\
             </EntityDescriptor>",
            self.entity, self.acs
        )
    }

    /// The head that all its messages have.
    fn message(&self, local: &'static str, destination: &str) -> Result<NewElement, Failure> {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id)?;
        let issuer = NewElement::new(Name::new("saml", ASSERTION, "Issuer")).text(self.entity.clone());
        Ok(NewElement::new(Name::new("samlp", PROTOCOL, local))
            .attribute("ID", format!("_{:032x}", u128::from_be_bytes(id)))
            .attribute("Version", "2.0")
            .attribute("IssueInstant", MachineClock.now().to_string())
            .attribute("Destination", destination.to_owned())
            .child(issuer))
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), octets, &mut signature)?;
        Ok(signature)
    }

    /// A query about a person, signed (profiles-2.0-os section 6).
    fn query(&self, destination: &str, name: &str) -> Result<String, Failure> {
        let name = NewElement::new(Name::new("saml", ASSERTION, "NameID"))
            .attribute("Format", PERSISTENT)
            .text(name.to_owned());
        let subject = NewElement::new(Name::new("saml", ASSERTION, "Subject")).child(name);
        let query = self.message("AttributeQuery", destination)?.child(subject);
        let draft = xml::dsig::Draft::new(query, 1, xml::dsig::SignatureAlgorithm::RsaSha256, None)?;
        let signature = self.sign(draft.signing_input())?;
        let signed = String::from_utf8(draft.attach(&signature)?.to_canonical()?)?;
        Ok(format!(
            "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>{signed}</S:Body></S:Envelope>"
        ))
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Party for ServiceProvider {
    fn name(&self) -> &str {
        self.name
    }

    fn beside(&self) -> (u32, &'static [(Part, u32)]) {
        match self.keys {
            Keys::None => (0, &[(Part::RsaSign, 1)]),
            Keys::Signs => (0, &[(Part::RsaSign, 1), (Part::RsaVerify, 1)]),
            Keys::SignsAndDecrypts => (
                0,
                &[(Part::RsaSign, 1), (Part::RsaVerify, 1), (Part::RsaEncrypt, 1)],
            ),
        }
    }

    fn link(&self, world: &World) -> Result<String, Failure> {
        let destination = format!("{}/saml/sso", world.platform.origin);
        let policy = NewElement::new(Name::new("samlp", PROTOCOL, "NameIDPolicy"))
            .attribute("Format", PERSISTENT)
            .attribute("AllowCreate", "true");
        let request = self
            .message("AuthnRequest", &destination)?
            .attribute("AssertionConsumerServiceURL", self.acs.clone())
            .attribute(
                "ProtocolBinding",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            )
            .child(policy);
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflate.write_all(&request.to_canonical()?)?;
        let mut query = format!(
            "SAMLRequest={}&RelayState=bench",
            encoded(&STANDARD.encode(deflate.finish()?))
        );
        if self.keys != Keys::None {
            query.extend(["&SigAlg=", &encoded(RSA_SHA256)]);
            let signature = STANDARD.encode(self.sign(query.as_bytes())?);
            query.extend(["&Signature=", &encoded(&signature)]);
        }
        Ok(format!("{destination}?{query}"))
    }

    fn take(&self, _world: &World, reply: &Answer) -> Result<String, Failure> {
        let message = hidden_field(&reply.body, "/acs", "SAMLResponse");
        let response = STANDARD.decode(message.ok_or_else(|| unexpected("the reply", reply))?)?;
        let response = String::from_utf8(response)?;
        let holds = match self.keys {
            Keys::SignsAndDecrypts => response.contains("EncryptedAssertion"),
            _ => response.contains("SignatureValue") && response.contains("AuthnStatement"),
        };
        if holds && response.contains("status:Success") {
            Ok(response)
        } else {
            Err(format!("no assertion in {response}").into())
        }
    }
}

/// A service provider asks about somebody who is signed in.
pub(crate) struct AttributeQuery<'a> {
    world: &'a World,
    provider: &'a ServiceProvider,
    names: Vec<String>,
}

impl<'a> AttributeQuery<'a> {
    /// Signs every card's person in.
    pub(crate) fn about_everybody(world: &'a World, provider: &'a ServiceProvider) -> Result<Self, Failure> {
        let mut names = Vec::new();
        for card in 0..world.cards() {
            let response = Browser::open(world, card)?.sign_in(provider)?;
            let name = response.split("<saml:NameID ").nth(1).and_then(|rest| {
                let (_, rest) = rest.split_once('>')?;
                rest.split('<').next()
            });
            names.push(name.ok_or("a response without a name")?.to_owned());
        }
        Ok(Self {
            world,
            provider,
            names,
        })
    }
}

impl Operation for AttributeQuery<'_> {
    fn name(&self) -> &'static str {
        "AttributeQuery"
    }

    fn work(&self) -> Work {
        // The query's signature; the assertion's and the response's.
        work(1, &[(Part::RsaVerify, 1), (Part::RsaSign, 2)])
    }

    fn perform(&self, citizen: usize) -> Result<(), Failure> {
        let address = format!("{}/saml/attributes", self.world.platform.origin);
        let name = self.names.get(citizen % self.names.len()).ok_or("nobody")?;
        let envelope = self.provider.query(&address, name)?;
        let answer = self.world.ask(
            "/saml/attributes",
            Sent {
                fields: &[],
                body: Some(("text/xml", &envelope)),
            },
        )?;
        if answer.status == 200 && answer.body.contains("AttributeStatement") {
            Ok(())
        } else {
            Err(unexpected("the query", &answer))
        }
    }
}
