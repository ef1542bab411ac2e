use std::io::{BufReader, Read};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;
use crate::dsig::{self, VerificationKey};
use crate::{Document, Limits, Reason, canonicalise};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SHAPE: Shape = Shape {
    namespace: MD,
    group: "EntitiesDescriptor",
    item: "EntityDescriptor",
    name: "entityID",
    beside: "Extensions",
};
const LIMITS: StreamLimits = StreamLimits {
    size: 1 << 20,
    piece: Limits::aggregated(),
    depth: 4,
    pieces: 100,
    ids: 100,
};

struct Signer(RsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn key(&self) -> VerificationKey {
        use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        VerificationKey::from_spki(der.as_ref()).unwrap()
    }

    /// Signs a document that has `{SIGNATURE}` where the signature shall stand and `ID="root"` at its root.
    fn sign(&self, template: &str, prefixes: &str) -> String {
        let list = if prefixes.is_empty() {
            String::new()
        } else {
            format!(
                r#"<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="{prefixes}"/>"#
            )
        };
        let words: Vec<&str> = prefixes.split(' ').filter(|word| !word.is_empty()).collect();
        let plain = template.replace("{SIGNATURE}", "");
        let document = Document::parse(plain.as_bytes(), &Limits::aggregated()).unwrap();
        let canonical = canonicalise(document.root(), &words).unwrap();
        let digest = crate::encode_base64(dsig::DigestAlgorithm::Sha256.digest(&canonical).as_ref());
        let info = format!(
            r##"<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#root"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">{list}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"##
        );
        let signature = |value: &str| {
            format!(
                r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"#
            )
        };
        let with = template.replace("{SIGNATURE}", &signature(""));
        let document = Document::parse(with.as_bytes(), &Limits::aggregated()).unwrap();
        let element = document.root().elements().unwrap()[0].elements().unwrap()[0];
        let octets = canonicalise(element, &[]).unwrap();
        let mut value = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &octets, &mut value)
            .unwrap();
        template.replace("{SIGNATURE}", &signature(&crate::encode_base64(&value)))
    }
}

fn entity(name: &str) -> String {
    format!(
        r#"<md:EntityDescriptor entityID="{name}" ID="_{name}"><x:y xmlns:x="urn:x"  b="2"
 a='1&amp;'>&#x41;&amp;<z xmlns=""/></x:y ></md:EntityDescriptor >"#
    )
}

fn template() -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- head --><md:EntitiesDescriptor xmlns:md=\"{MD}\" xmlns:q=\"urn:q\" ID=\"root\" \
         Name='n'>\r\n {{SIGNATURE}}<!-- c -->\n<md:Extensions><q:p/></md:Extensions>{}\n\
         <md:EntitiesDescriptor validUntil='x' xmlns:w=\"urn:w\" w:v='1'> \n {}<!--x--></md:EntitiesDescriptor> {} \
         <md:EntitiesDescriptor/></md:EntitiesDescriptor>\n<!-- tail -->\n",
        entity("a"),
        entity("b"),
        entity("c"),
    )
}

/// Reads in small sips, so that tokens lie across the ends of buffers.
fn sips(text: &str) -> impl std::io::BufRead + '_ {
    struct Sip<'a>(&'a [u8]);
    impl Read for Sip<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.0.len().min(into.len()).min(3);
            let (now, rest) = self.0.split_at(length);
            into[..length].copy_from_slice(now);
            self.0 = rest;
            Ok(length)
        }
    }
    BufReader::with_capacity(5, Sip(text.as_bytes()))
}

fn names(stream: &SignedStream, text: &str) -> Result<Vec<String>, Reason> {
    let mut found = Vec::new();
    stream.read(sips(text), &mut |piece| {
        found.push(match piece {
            Piece::Group(group) => format!("({}", group.attribute("validUntil").unwrap_or("")),
            Piece::Item { element, repeated } => {
                format!(
                    "{}{}",
                    element.attribute("entityID").unwrap(),
                    if repeated { "!" } else { "" }
                )
            }
            Piece::GroupEnds => ")".to_owned(),
        });
        Ok::<(), Reason>(())
    })?;
    Ok(found)
}

#[test]
fn the_pieces_add_up_to_what_the_tree_canonicalises() {
    let signer = Signer::new();
    for prefixes in ["", "q", "#default w md"] {
        let text = signer.sign(&template(), prefixes);
        // The tree's own verification is the yardstick.
        let document = Document::parse(text.as_bytes(), &Limits::aggregated()).unwrap();
        let whole = dsig::verify(document.root(), &[signer.key()]).unwrap();
        let stream =
            SignedStream::verify(sips(&text), SHAPE, LIMITS, &[Signer::new().key(), signer.key()]).unwrap();
        let digest = dsig::DigestAlgorithm::Sha256.digest(whole.canonical());
        assert_eq!(stream.digest(), digest.as_ref(), "{prefixes}");
        assert_eq!((stream.key(), stream.items()), (Some(1), 3));
        assert_eq!(
            names(&stream, &text).unwrap(),
            ["(", "a", "(x", "b", ")", "c", "(", ")", ")"]
        );
        let preamble = stream.preamble().unwrap();
        assert_eq!(preamble.root().attribute("Name"), Some("n"));
        assert_eq!(preamble.root().elements().unwrap().len(), 1);
    }
}

#[test]
fn what_was_not_signed_is_refused() {
    let signer = Signer::new();
    let text = signer.sign(&template(), "");
    let keys = [signer.key()];
    let refused = |text: &str| {
        SignedStream::verify(sips(text), SHAPE, LIMITS, &keys)
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(
        refused(&text.replace("b=\"2\"", "b=\"3\"")),
        Reason::DigestMismatch
    );
    assert_eq!(
        refused(&text.replace("Name='n'", "Name='m'")),
        Reason::DigestMismatch
    );
    assert_eq!(
        refused(&text.replace("ID=\"_c\"", "ID=\"_a\"")),
        Reason::IdRepeated
    );
    assert_eq!(
        refused(&template().replace("{SIGNATURE}", "")),
        Reason::SignatureMissing
    );
    assert_eq!(
        SignedStream::verify(sips(&text), SHAPE, LIMITS, &[Signer::new().key()]).map(drop),
        Err(Reason::SignatureInvalid)
    );
    assert_eq!(
        SignedStream::verify(sips(&text), SHAPE, LIMITS, &[]).map(drop),
        Err(Reason::NoKey)
    );
    // Between the walks nothing can be exchanged.
    let stream = SignedStream::verify(sips(&text), SHAPE, LIMITS, &keys).unwrap();
    assert_eq!(
        names(&stream, &text.replace("b=\"2\"", "b=\"3\"")),
        Err(Reason::DigestMismatch)
    );
    let cut = text.replace(&entity("c"), "");
    assert_eq!(names(&stream, &cut), Err(Reason::DigestMismatch));
}

#[test]
fn limits_and_shape() {
    let plain = template().replace("{SIGNATURE}", "");
    let with = |limits: StreamLimits| SignedStream::unsigned(sips(&plain), SHAPE, limits).map(drop);
    assert_eq!(with(LIMITS), Ok(()));
    assert_eq!(
        with(StreamLimits { size: 300, ..LIMITS }),
        Err(Reason::TooLarge { limit: 300 })
    );
    assert_eq!(
        with(StreamLimits { depth: 1, ..LIMITS }),
        Err(Reason::TooDeep { limit: 1 })
    );
    assert_eq!(
        with(StreamLimits { pieces: 5, ..LIMITS }),
        Err(Reason::TooManyNodes { limit: 5 })
    );
    assert_eq!(
        with(StreamLimits { ids: 2, ..LIMITS }),
        Err(Reason::TooManyNodes { limit: 2 })
    );
    let piece = Limits {
        size: 64,
        ..Limits::aggregated()
    };
    assert_eq!(
        with(StreamLimits { piece, ..LIMITS }),
        Err(Reason::TooLarge { limit: 64 })
    );
    let refused = |text: &str| {
        SignedStream::unsigned(sips(text), SHAPE, LIMITS)
            .map(drop)
            .unwrap_err()
    };
    let inner = |body: &str| {
        refused(&format!(
            "<EntitiesDescriptor xmlns='{MD}'>{body}</EntitiesDescriptor>"
        ))
    };
    let unexpected = |element: &str| Reason::Unexpected {
        element: element.to_owned(),
    };
    for (text, expected) in [
        ("<x/>", unexpected("x")),
        ("<EntitiesDescriptor/>", unexpected("EntitiesDescriptor")),
        ("", Reason::NotWellFormed),
        (
            "<!DOCTYPE a><EntitiesDescriptor/>",
            Reason::Forbidden(Construct::DocumentType),
        ),
        (
            "<?x y?><EntitiesDescriptor/>",
            Reason::Forbidden(Construct::ProcessingInstruction),
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    for (body, expected) in [
        ("<x/>", unexpected("x")),
        (
            "<EntityDescriptor xmlns='urn:x' entityID='a'/>",
            unexpected("EntityDescriptor"),
        ),
        (
            "<EntitiesDescriptor xmlns='urn:x'/>",
            unexpected("EntitiesDescriptor"),
        ),
        ("<EntityDescriptor/>", Reason::IdMissing),
        (
            "<EntityDescriptor entityID='a'/>text",
            Reason::MixedContent {
                element: "EntitiesDescriptor".to_owned(),
            },
        ),
        ("<Extensions/><Extensions/>", unexpected("Extensions")),
        (
            "<![CDATA[x]]>",
            Reason::Forbidden(Construct::CharacterDataSection),
        ),
        ("&e;", Reason::NotWellFormed),
        ("</EntitiesDescriptor><EntitiesDescriptor>", Reason::NotWellFormed),
        ("<EntityDescriptor entityID='a'></x>", Reason::NotWellFormed),
    ] {
        assert_eq!(inner(body), expected, "{body}");
    }
    let twice = format!(
        "<EntitiesDescriptor xmlns='{MD}'><EntityDescriptor entityID='a'/><EntityDescriptor entityID='a'/></EntitiesDescriptor>"
    );
    let stream = SignedStream::unsigned(sips(&twice), SHAPE, LIMITS).unwrap();
    assert_eq!(names(&stream, &twice).unwrap(), ["(", "a!", "a!", ")"]);
}

use crate::Construct;
