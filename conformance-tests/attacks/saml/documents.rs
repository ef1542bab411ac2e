//! Documents that are attacks before anybody asks what they say: entities, document types, bombs, depth, other encodings, over every
//! address that reads XML. Each is refused soon, nothing is fetched, and the platform goes on (CWE-611, CWE-776, CWE-409, CWE-674).

use std::net::TcpListener;
use std::time::{Duration, Instant};

use conformance_tests::{Browser, KnownPerson, Page, Platform, SamlParty, soap_envelope};

use super::{is_signed_in, person, platform, succeeded};

/// Octets that are refused wherever they are sent. `good` is signed: what stands in front of it, how it is written, comments and an entity
/// that comes to the same issuer change nothing of what was signed, so that whoever reads them finds a good signature. `canary` is an
/// address of ours at which nobody may call.
fn documents(good: &str, issuer: &str, canary: &str) -> Vec<(&'static str, Vec<u8>)> {
    let typed = |subset: &str, used: &str| {
        let head = format!("<!DOCTYPE x [{subset}]>");
        format!(
            "{head}{}",
            good.replacen("</saml:Issuer>", &format!("{used}</saml:Issuer>"), 1)
        )
        .into_bytes()
    };
    let laughs = (1..10).fold("<!ENTITY a0 \"lol\">".to_owned(), |all, n| {
        let before = n - 1;
        all + &format!("<!ENTITY a{n} \"{}\">", format!("&a{before};").repeat(10))
    });
    let wide = |mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(good.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let behind_issuer = |piece: &str| {
        good.replacen("</saml:Issuer>", &format!("</saml:Issuer>{piece}"), 1)
            .into_bytes()
    };
    let attributes = (0..5_000).fold(String::new(), |all, n| all + &format!(" a{n}=\"\""));
    let names = (0..5_000).fold(String::new(), |all, n| all + &format!(" xmlns:n{n}=\"urn:{n}\""));
    vec![
        (
            "external entity, network",
            typed(&format!("<!ENTITY e SYSTEM \"{canary}\">"), "&e;"),
        ),
        (
            "external entity, file",
            typed("<!ENTITY e SYSTEM \"file:///etc/passwd\">", "&e;"),
        ),
        (
            "parameter entity",
            typed(&format!("<!ENTITY % p SYSTEM \"{canary}\"> %p;"), ""),
        ),
        (
            "external subset",
            format!("<!DOCTYPE x SYSTEM \"{canary}\">{good}").into_bytes(),
        ),
        (
            "the issuer by an entity",
            format!(
                "<!DOCTYPE x [<!ENTITY i \"{issuer}\">]>{}",
                good.replacen(&format!(">{issuer}<"), ">&i;<", 1)
            )
            .into_bytes(),
        ),
        ("a document type", format!("<!DOCTYPE x>{good}").into_bytes()),
        (
            "an attribute by default",
            format!("<!DOCTYPE x [<!ATTLIST x y CDATA \"z\">]>{good}").into_bytes(),
        ),
        (
            "an instruction in the issuer",
            good.replacen("</saml:Issuer>", "<?x y?></saml:Issuer>", 1)
                .into_bytes(),
        ),
        ("billion laughs", typed(&laughs, "&a9;")),
        (
            "quadratic",
            typed(
                &format!("<!ENTITY q \"{}\">", "q".repeat(20_000)),
                &"&q;".repeat(2_000),
            ),
        ),
        (
            "inclusion",
            behind_issuer(&format!(
                "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{canary}\"/>"
            )),
        ),
        (
            "style sheet",
            format!("<?xml-stylesheet href=\"{canary}\"?>{good}").into_bytes(),
        ),
        (
            "comment in the issuer",
            good.replacen("</saml:Issuer>", "<!-- --></saml:Issuer>", 1)
                .into_bytes(),
        ),
        ("deep", [b"<a>".repeat(30_000), b"</a>".repeat(30_000)].concat()),
        (
            "deep, with declarations",
            behind_issuer(&"<a xmlns:b=\"urn:b\">".repeat(3_000)),
        ),
        ("many attributes", behind_issuer(&format!("<a{attributes}/>"))),
        ("many declarations", behind_issuer(&format!("<a{names}/>"))),
        ("many elements", behind_issuer(&"<a/>".repeat(40_000))),
        ("UTF-16 with mark", wide(true)),
        ("UTF-16", wide(false)),
        ("UTF-7", good.replace('<', "+ADw-").into_bytes()),
        ("byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("overlong", [b"\xc0\xbc", &good.as_bytes()[1..]].concat()),
        (
            "NUL",
            good.replacen("</saml:Issuer>", "\0</saml:Issuer>", 1)
                .into_bytes(),
        ),
        (
            "another encoding",
            format!("<?xml version=\"1.0\" encoding=\"IBM037\"?>{good}").into_bytes(),
        ),
        ("two roots", good.repeat(2).into_bytes()),
        ("nothing", Vec::new()),
    ]
}

/// One address that reads XML, and a message that it takes.
struct Reader {
    path: &'static str,
    by_soap: bool,
    good: String,
}

impl Reader {
    async fn send(&self, platform: &Platform, here: &Browser, octets: Vec<u8>) -> Page {
        let address = format!("{}/saml/{}", platform.origin, self.path);
        if self.by_soap {
            return here.post_bytes(&address, "text/xml", octets).await;
        }
        let field = conformance_tests::encoded(&super::base64_of(&octets));
        let body = format!("SAMLRequest={field}");
        let page = here.post_raw(&address, &[], &body).await;
        // What is kept until the browser comes for it is judged there; an answer goes to the service, which nobody serves.
        match page.header("location").and_then(|next| page.url.join(next).ok()) {
            Some(next) if page.status == 303 => {
                here.get_until(next.as_str(), "https://own.localhost:9/").await
            }
            _ => page,
        }
    }
}

/// Every address, with a signed message.
fn readers(platform: &Platform, own: &SamlParty, known: [&KnownPerson; 2]) -> Vec<Reader> {
    let at = |path: &str| format!(" Destination=\"{}/saml/{path}\"", platform.origin);
    let about = format!(
        "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{}</saml:NameID></saml:Subject>",
        known[0].name
    );
    let artifact = "<samlp:Artifact>AAQAAA</samlp:Artifact>";
    let rows = [
        ("AuthnRequest", "sso", false, String::new()),
        ("LogoutRequest", "slo", false, SamlParty::about(known[0])),
        ("LogoutRequest", "slo/soap", true, SamlParty::about(known[1])),
        ("AttributeQuery", "attributes", true, about),
        ("ArtifactResolve", "artifact", true, artifact.to_owned()),
    ];
    rows.into_iter()
        .map(|(element, path, by_soap, inside)| {
            let id = format!("_{}", path.replace('/', "_"));
            let message = own.signed(&own.message(element, &id, &at(path), &inside));
            let good = if by_soap { soap_envelope(&message) } else { message };
            Reader { path, by_soap, good }
        })
        .collect()
}

#[tokio::test]
async fn no_address_opens_fetches_or_expands_anything() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (alice_browser, alice) = person(&platform, &own, "_alice").await;
    let (bob_browser, bob) = person(&platform, &own, "_bob").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let canary = format!("http://{}/x", listener.local_addr().unwrap());
    let here = platform.bare_browser();
    let readers = readers(&platform, &own, [&alice, &bob]);
    for reader in &readers {
        let path = reader.path;
        for (what, octets) in documents(&reader.good, &own.entity, &canary) {
            let begun = Instant::now();
            let page = reader.send(&platform, &here, octets).await;
            let expected: &[u16] = if reader.by_soap { &[500, 413] } else { &[400, 413] };
            assert!(
                expected.contains(&page.status.as_u16()),
                "{what} at {path}: {} {}",
                page.status,
                page.body
            );
            assert!(
                !page.body.contains("root:") && !page.body.contains("lollol"),
                "{what} at {path}"
            );
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(5), "{what} at {path}: {took:?}");
        }
    }
    assert!(listener.accept().is_err(), "somebody called");
    for browser in [&alice_browser, &bob_browser] {
        assert!(is_signed_in(&platform, browser).await);
    }
    // The messages themselves count, and had not been used up: queries first, then the two logouts.
    let good = async |path: &str| {
        let reader = readers.iter().find(|one| one.path == path).unwrap();
        reader
            .send(&platform, &here, reader.good.clone().into_bytes())
            .await
    };
    let page = good("sso").await;
    assert!(page.has_form("/card"), "{} {}", page.status, page.body);
    let page = good("attributes").await;
    assert!(
        succeeded(&page.body) && page.body.contains(&alice.name),
        "{}",
        page.body
    );
    let page = good("artifact").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for (path, browser) in [("slo", &alice_browser), ("slo/soap", &bob_browser)] {
        good(path).await;
        assert!(!is_signed_in(&platform, browser).await, "{path}");
    }
    person(&platform, &own, "_after").await;
}

/// CVE-2016-9843 and its kind are the library's; here is how much may come out of how little (RFC 1951): 64 MiB in 64 KB, streams behind
/// streams, streams that never end.
#[tokio::test]
async fn deflate_bombs() {
    use std::io::Write as _;
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let here = platform.bare_browser();
    let deflated = |octets: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    };
    let good = own.message("AuthnRequest", "_bomb", "", "");
    let padded = |length: usize| format!("{good}{}", " ".repeat(length)).into_bytes();
    let twice = [deflated(good.as_bytes()), deflated(good.as_bytes())].concat();
    let rows = [
        ("8 MiB of spaces", deflated(&padded(8 * 1024 * 1024))),
        (
            "one octet too many",
            deflated(&padded(256 * 1024 + 1 - good.len())),
        ),
        ("a stream behind the stream", twice),
        (
            "garbage behind the stream",
            [deflated(good.as_bytes()), vec![0xff; 8]].concat(),
        ),
        ("cut short", deflated(good.as_bytes())[..40].to_vec()),
        ("empty blocks without end", vec![0; 4_000]),
        (
            "a header of zlib in front",
            [&[0x78, 0x9c][..], &deflated(good.as_bytes())].concat(),
        ),
    ];
    for (what, octets) in rows {
        for path in ["sso", "slo"] {
            let begun = Instant::now();
            let address = format!(
                "{}/saml/{path}?SAMLRequest={}",
                platform.origin,
                conformance_tests::encoded(&super::base64_of(&octets))
            );
            let page = here.get_one(&address).await;
            assert!(
                [400, 414, 431].contains(&page.status.as_u16()),
                "{what} at {path}: {}",
                page.status
            );
            assert!(begun.elapsed() < Duration::from_secs(5), "{what} at {path}");
        }
    }
    person(&platform, &own, "_after").await;
}
