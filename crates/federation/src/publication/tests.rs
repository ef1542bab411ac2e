use std::io::Cursor;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use xml::dsig::{Draft, SignatureAlgorithm};
use xml::{Name, NewElement};

use super::*;
use crate::PublicationReason as Refused;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const RPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn md(local: &'static str) -> NewElement {
    NewElement::new(Name::new("md", MD, local))
}

fn at(seconds: i64) -> String {
    NOW.plus_seconds(seconds).to_rfc3339().unwrap()
}

fn sp(entity_id: &str) -> NewElement {
    sp_at(entity_id, "https://sp.example.go.jp/acs")
}

fn sp_at(entity_id: &str, acs: &str) -> NewElement {
    md("EntityDescriptor")
        .attribute("entityID", entity_id.to_owned())
        .child(
            md("SPSSODescriptor")
                .attribute(
                    "protocolSupportEnumeration",
                    "urn:oasis:names:tc:SAML:2.0:protocol",
                )
                .child(
                    md("AssertionConsumerService")
                        .attribute("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
                        .attribute("Location", acs.to_owned())
                        .attribute("index", "0"),
                ),
        )
}

fn group(valid_for: i64) -> NewElement {
    md("EntitiesDescriptor")
        .attribute("ID", "root")
        .attribute("validUntil", at(valid_for))
        .attribute("cacheDuration", "PT6H")
}

struct Signer(RsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn key(&self) -> VerificationKey {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        VerificationKey::from_spki(der.as_ref()).unwrap()
    }

    fn sign(&self, root: NewElement) -> Vec<u8> {
        let draft = Draft::new(root, 0, SignatureAlgorithm::RsaSha256, None).unwrap();
        let mut value = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                draft.signing_input(),
                &mut value,
            )
            .unwrap();
        draft.attach(&value).unwrap().to_canonical().unwrap()
    }
}

fn demands(keys: &[VerificationKey]) -> Demands<'_> {
    Demands {
        keys: Some(keys),
        valid_until_required: true,
        max_validity_seconds: 14 * 86_400,
        max_octets: 10 << 20,
        max_entities: 1_000,
        before: None,
        now: NOW,
    }
}

fn accept(bytes: &[u8], demands: &Demands<'_>) -> Result<Publication, Refused> {
    Publication::accept(&mut || Ok(Cursor::new(bytes)), demands)
}

/// What comes of each service provider: its name, or its name with the refusal.
fn entities(publication: &Publication, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    publication
        .entities::<_, Refused>(&mut || Ok(Cursor::new(bytes)), NOW, &mut |entity| {
            found.push(match entity.provider {
                Ok(_) => entity.entity_id,
                Err(reason) => format!("{}: {reason}", entity.entity_id),
            });
            Ok(())
        })
        .unwrap();
    found
}

#[test]
fn one_bad_entity_spoils_no_other() {
    let signer = Signer::new();
    let keys = [signer.key()];
    let idp = md("EntityDescriptor")
        .attribute("entityID", "idp")
        .child(md("IDPSSODescriptor"));
    let nested = |seconds: i64, name: &str| {
        md("EntitiesDescriptor")
            .attribute("validUntil", at(seconds))
            .child(sp(name))
    };
    let root = group(86_400)
        .child(sp("good"))
        .child(idp)
        .child(sp_at("script", "javascript:alert(1)"))
        .child(sp_at("plain", "http://sp.example.go.jp/acs"))
        .child(nested(60, "soon"))
        .child(nested(-360, "late"))
        .child(sp("twice"))
        .child(sp("twice"))
        .child(sp(" good"))
        .child(sp("good\u{9}"));
    let bytes = signer.sign(root);
    let publication = accept(&bytes, &demands(&keys)).unwrap();
    let insecure = "the location must be https (or http on localhost)";
    assert_eq!(
        entities(&publication, &bytes),
        [
            "good".to_owned(),
            format!("script: {insecure}: javascript:alert(1)"),
            format!("plain: {insecure}: http://sp.example.go.jp/acs"),
            "soon".to_owned(),
            "late: its validUntil has passed".to_owned(),
            "twice: the document has two entities with this entityID".to_owned(),
            "twice: the document has two entities with this entityID".to_owned(),
            " good: its entityID has white space around it".to_owned(),
            "good\u{9}: its entityID has white space around it".to_owned(),
        ]
    );
    assert_eq!(publication.cache_seconds(), Some(21_600));
    assert_eq!(publication.mark().valid_until, Some(NOW.plus_seconds(86_400)));
    // Another document in its place is noticed before anything of it is handed out.
    let other = signer.sign(group(86_400).child(sp("other")));
    let mut handed_out = 0;
    let walked = publication.entities::<_, Refused>(&mut || Ok(Cursor::new(&other)), NOW, &mut |_| {
        handed_out += 1;
        Ok(())
    });
    assert_eq!(
        (walked, handed_out),
        (Err(Refused::Xml(xml::Reason::DigestMismatch)), 0)
    );
}

#[test]
fn an_entity_of_one_of_several_documents_ends_with_it() {
    let bytes = group(86_400)
        .child(sp("a"))
        .child(sp("b").attribute("validUntil", at(60)))
        .to_canonical()
        .unwrap();
    let vouched = Demands {
        keys: None,
        ..demands(&[])
    };
    let publication = accept(&bytes, &vouched).unwrap();
    let found = |end: Option<i64>| {
        let document = Mark {
            created: None,
            valid_until: end.map(|seconds| NOW.plus_seconds(seconds)),
        };
        let mut found = Vec::new();
        publication
            .entities::<_, Refused>(&mut || Ok(Cursor::new(&bytes)), NOW, &mut |entity| {
                let entity = entity.within(document);
                found.push((entity.valid_until, entity.fingerprint));
                Ok(())
            })
            .unwrap();
        found
    };
    let (none, day, two) = (found(None), found(Some(86_400)), found(Some(172_800)));
    assert_eq!(
        day,
        found(publication.mark().valid_until.map(|end| end.seconds_since(NOW)))
    );
    let ends = |found: &[(Option<Timestamp>, [u8; 32])]| [found[0].0, found[1].0];
    let after = |seconds| Some(NOW.plus_seconds(seconds));
    assert_eq!(ends(&none), [None, after(60)]);
    assert_eq!(ends(&day), [after(86_400), after(60)]);
    assert_eq!(ends(&two), [after(172_800), after(60)]);
    // Another end is another entity: it is taken in again.
    assert!(none[0].1 != day[0].1 && day[0].1 != two[0].1 && day[1].1 != two[1].1);
}

#[test]
fn one_entity_alone_may_be_published_too() {
    let signer = Signer::new();
    let keys = [signer.key()];
    let bytes = signer.sign(sp("alone").attribute("ID", "a").attribute("validUntil", at(60)));
    let publication = accept(&bytes, &demands(&keys)).unwrap();
    assert_eq!(entities(&publication, &bytes), ["alone"]);
    assert_eq!(
        accept(&bytes, &demands(&[Signer::new().key()])).unwrap_err(),
        Refused::Xml(xml::Reason::SignatureInvalid)
    );
    let unsigned = sp("alone").to_canonical().unwrap();
    assert_eq!(
        accept(&unsigned, &demands(&keys)).unwrap_err(),
        Refused::Xml(xml::Reason::IdMissing)
    );
    let vouched = Demands {
        keys: None,
        valid_until_required: false,
        ..demands(&[])
    };
    assert_eq!(
        entities(&accept(&unsigned, &vouched).unwrap(), &unsigned),
        ["alone"]
    );
}

/// A publisher's clock may be five minutes behind ours; as long as the document before could still be shown, its end tells which is older.
#[test]
fn an_end_is_read_by_clocks_that_differ() {
    let signer = Signer::new();
    let keys = [signer.key()];
    let ends = |seconds| {
        let root = md("EntitiesDescriptor").attribute("ID", "root");
        signer.sign(root.attribute("validUntil", at(seconds)).child(sp("a")))
    };
    let after = Demands {
        before: Some(Mark {
            created: None,
            valid_until: Some(NOW.plus_seconds(-100)),
        }),
        ..demands(&keys)
    };
    let expired = Refused::Expired {
        valid_until: NOW.plus_seconds(-300),
    };
    let older = Refused::Older { by: "validUntil" };
    for (seconds, demands, expected) in [
        (-299, demands(&keys), None),
        (-300, demands(&keys), Some(expired)),
        (-200, after, Some(older)),
    ] {
        assert_eq!(accept(&ends(seconds), &demands).err(), expected, "{seconds}");
    }
}

#[test]
fn time_and_order() {
    let signer = Signer::new();
    let keys = [signer.key()];
    let made = |valid_for: Option<i64>, created: Option<i64>| {
        let mut root = md("EntitiesDescriptor").attribute("ID", "root");
        if let Some(seconds) = valid_for {
            root = root.attribute("validUntil", at(seconds));
        }
        if let Some(seconds) = created {
            let info = NewElement::new(Name::new("mdrpi", RPI, "PublicationInfo"))
                .attribute("publisher", "p")
                .attribute("creationInstant", at(seconds));
            root = root.child(md("Extensions").child(info));
        }
        signer.sign(root.child(sp("a")))
    };
    let before = |created: Option<i64>, valid_until: Option<i64>| Demands {
        before: Some(Mark {
            created: created.map(|seconds| NOW.plus_seconds(seconds)),
            valid_until: valid_until.map(|seconds| NOW.plus_seconds(seconds)),
        }),
        valid_until_required: false,
        ..demands(&keys)
    };
    for (valid_for, created, demands, expected) in [
        (Some(60), None, demands(&keys), Ok(())),
        (None, None, demands(&keys), Err(Refused::NoValidUntil)),
        (
            Some(14 * 86_400 + 1),
            None,
            demands(&keys),
            Err(Refused::ValidTooLong { limit: 14 * 86_400 }),
        ),
        // The same again, and a newer one.
        (Some(60), Some(-5), before(Some(-5), Some(60)), Ok(())),
        (Some(61), Some(-4), before(Some(-5), Some(60)), Ok(())),
        (
            Some(61),
            Some(-6),
            before(Some(-5), Some(60)),
            Err(Refused::Older {
                by: "creationInstant",
            }),
        ),
        // Which is newer is told by when it was made: an emergency may have an earlier end, or none.
        (Some(59), Some(-4), before(Some(-5), Some(60)), Ok(())),
        (None, Some(-4), before(Some(-5), Some(60)), Ok(())),
        (
            Some(59),
            Some(-5),
            before(None, Some(60)),
            Err(Refused::Older { by: "validUntil" }),
        ),
        (
            None,
            None,
            before(None, Some(60)),
            Err(Refused::Older { by: "validUntil" }),
        ),
        // What is past bars nothing.
        (Some(59), None, before(None, Some(0)), Ok(())),
        (
            None,
            None,
            before(None, Some(0)),
            Err(Refused::Older { by: "validUntil" }),
        ),
        // Nor does a clock that was wrong once.
        (Some(60), Some(300), demands(&keys), Ok(())),
        (Some(60), Some(301), demands(&keys), Err(Refused::FromTheFuture)),
        // Saying nothing is no way around.
        (
            Some(61),
            None,
            before(Some(-5), Some(60)),
            Err(Refused::Older {
                by: "creationInstant",
            }),
        ),
    ] {
        let bytes = made(valid_for, created);
        assert_eq!(
            accept(&bytes, &demands).map(drop),
            expected,
            "{valid_for:?} {created:?}"
        );
    }
    let bad = signer.sign(group(60).attribute("Name", "x").child(sp("a")));
    let text = String::from_utf8(bad).unwrap().replace("PT6H", "sometimes");
    let vouched = Demands {
        keys: None,
        ..demands(&[])
    };
    assert_eq!(
        accept(text.as_bytes(), &vouched).unwrap_err(),
        Refused::InvalidValue {
            what: "cacheDuration"
        }
    );
}

/// Every known way of hanging a signed document elsewhere, generated: which identifier the evil root has, what is carried along (the
/// original with or without its signature), where it hangs, where the signature stands, where the evil entity stands. Whatever is accepted,
/// no entity of it is one that was not signed (Somorovsky and others, "On Breaking SAML", 2012, section 4).
#[test]
fn a_signature_covers_nothing_but_what_was_signed() {
    let signer = Signer::new();
    let keys = [signer.key()];
    let good = String::from_utf8(signer.sign(group(86_400).child(sp("good")))).unwrap();
    let (open, rest) = good.split_once('>').unwrap();
    let (signature, body) = rest.split_once("</ds:Signature>").unwrap();
    let signature = format!("{signature}</ds:Signature>");
    let body = body.strip_suffix("</md:EntitiesDescriptor>").unwrap();
    let bare = format!("{open}>{body}</md:EntitiesDescriptor>");
    let evil = String::from_utf8(sp("evil").to_canonical().unwrap()).unwrap();
    let mut tried = 0;
    for id in [
        "ID=\"root\"",
        "ID=\"evil\"",
        "ID=\"root\" Id=\"root\"",
        "id=\"root\"",
        "",
    ] {
        let head = open.replace("ID=\"root\"", id);
        for carried in [&bare, &good] {
            let within = |place: &str| {
                signature.replace(
                    "</ds:Signature>",
                    &format!("<ds:{place}>{carried}</ds:{place}></ds:Signature>"),
                )
            };
            let insides = [
                format!("{carried}{evil}"),
                format!("{evil}{carried}"),
                format!("<md:Extensions>{carried}</md:Extensions>{evil}"),
                evil.replacen('>', &format!("><md:Extensions>{carried}</md:Extensions>"), 1),
                format!("<md:EntitiesDescriptor>{carried}{evil}</md:EntitiesDescriptor>"),
                format!("<md:EntitiesDescriptor>{carried}</md:EntitiesDescriptor>{evil}"),
                format!("{body}{evil}"),
                format!("{evil}{body}"),
                evil.clone(),
            ];
            for inside in &insides {
                let end = "</md:EntitiesDescriptor>";
                for document in [
                    format!("{head}>{signature}{inside}{end}"),
                    format!("{head}>{inside}{signature}{end}"),
                    format!("{head}>{}{inside}{end}", within("Object")),
                    format!("{head}>{}{inside}{end}", within("KeyInfo")),
                    format!("{head}>{signature}{signature}{inside}{end}"),
                    format!("{head}><md:Extensions>{signature}</md:Extensions>{inside}{end}"),
                    format!("{head}>{inside}{end}"),
                    format!("{head}><!-- -->{signature}<!-- -->{inside}<!-- -->{end}"),
                    format!(
                        "<md:EntityDescriptor xmlns:md=\"{MD}\" entityID=\"evil\" {id}>{signature}{inside}</md:EntityDescriptor>"
                    ),
                    format!("{good}{inside}"),
                    format!("{inside}{good}"),
                ] {
                    tried += 1;
                    if let Ok(publication) = accept(document.as_bytes(), &demands(&keys)) {
                        assert_eq!(
                            entities(&publication, document.as_bytes()),
                            ["good"],
                            "{document}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(tried, 990);
    let publication = accept(good.as_bytes(), &demands(&keys)).unwrap();
    assert_eq!(entities(&publication, good.as_bytes()), ["good"]);
}
