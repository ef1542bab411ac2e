//! Documents that are attacks before anybody asks what they say: entities, document types, bombs, depth, other encodings, over every
//! address that reads XML. Each is refused soon, nothing is fetched, and the platform goes on (CWE-611, CWE-776, CWE-409, CWE-674).

use std::net::TcpListener;
use std::time::{Duration, Instant};

use conformance_tests::{SamlParty, soap_envelope};

use super::{person, platform, settled};

/// Octets that are refused wherever they are sent. `{canary}` is an address of ours at which nobody may call.
fn documents(good: &str, canary: &str) -> Vec<(&'static str, Vec<u8>)> {
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

#[tokio::test]
async fn no_address_opens_fetches_or_expands_anything() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let canary = format!("http://{}/x", listener.local_addr().unwrap());
    let here = platform.bare_browser();
    for (element, paths) in [
        ("AuthnRequest", &["sso"][..]),
        ("LogoutRequest", &["slo", "slo/soap"]),
        ("ArtifactResolve", &["artifact"]),
        ("AttributeQuery", &["attributes"]),
    ] {
        let good = own.message(element, "_good", "", "");
        for (what, octets) in documents(&good, &canary) {
            for path in paths {
                let begun = Instant::now();
                let address = format!("{}/saml/{path}", platform.origin);
                let by_soap = !matches!(*path, "sso" | "slo");
                let page = if by_soap {
                    // The prolog goes in front of the envelope, where it is one.
                    let text = String::from_utf8_lossy(&octets);
                    let envelope = match text.split_once("]>") {
                        Some((subset, rest)) if text.starts_with("<!DOCTYPE") => {
                            format!("{subset}]>{}", soap_envelope(rest)).into_bytes()
                        }
                        _ => soap_envelope("\u{1}").into_bytes().splice_in(&octets),
                    };
                    here.post_bytes(&address, "text/xml", envelope).await
                } else {
                    let field = conformance_tests::encoded(&super::base64_of(&octets));
                    let body = format!("SAMLRequest={field}");
                    settled(&here, here.post_raw(&address, &[], &body).await).await
                };
                let expected: &[u16] = if by_soap { &[500, 413] } else { &[400, 413] };
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
    }
    assert!(listener.accept().is_err(), "somebody called");
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

/// Octets put where a place-holder stands.
trait SpliceIn {
    fn splice_in(self, octets: &[u8]) -> Vec<u8>;
}

impl SpliceIn for Vec<u8> {
    fn splice_in(self, octets: &[u8]) -> Vec<u8> {
        let at = self.iter().position(|octet| *octet == 1).unwrap();
        [&self[..at], octets, &self[at + 1..]].concat()
    }
}
