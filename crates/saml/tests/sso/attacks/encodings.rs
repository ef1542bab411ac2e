//! What stands before any meaning: octets that some readers take for other characters, entities, document types, and names that two readers
//! of one document read in two ways. There is one reader here (`xml::Document`), for what is verified and for what is read, and it takes
//! UTF-8 alone.

use saml::Reason;
use xml::{Construct, Document, Limits};

use super::{original, verdict};
use crate::party::{ACS, EVIL, SP, form, idp, service};

fn refused(octets: &[u8]) -> Reason {
    let body = format!("SAMLRequest={}", xml::encode_base64(octets).replace('+', "%2B"));
    let incoming = saml::binding::post::decode(body.as_bytes()).unwrap();
    let issuer = incoming.issuer().unwrap_err();
    let checked = saml::check_authn_request(&incoming, &service(), &idp(), crate::party::NOW).unwrap_err();
    assert_eq!(issuer, checked.reason, "a look-up and the check read in two ways");
    assert_eq!(checked.reply_to, None);
    checked.reason
}

/// RFC 3629 section 10 (overlong forms, surrogates), XML 1.0 section 4.3.3 and appendix F (how an encoding is guessed): nothing is guessed.
#[test]
fn octets_that_are_not_utf_8() {
    let text = original();
    let wide = |to: fn(u16) -> [u8; 2], mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(to).collect::<Vec<u8>>()
    };
    let wider: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let with = |from: &str, to: &[u8]| {
        let (before, behind) = text.split_once(from).unwrap();
        [before.as_bytes(), to, behind.as_bytes()].concat()
    };
    let seven = text.replace('<', "+ADw-").replace('>', "+AD4-");
    let rows: [(&str, Vec<u8>); 15] = [
        (
            "UTF-16, little end first, with mark",
            wide(u16::to_le_bytes, true),
        ),
        ("UTF-16, big end first, with mark", wide(u16::to_be_bytes, true)),
        ("UTF-16, little end first", wide(u16::to_le_bytes, false)),
        ("UTF-16, big end first", wide(u16::to_be_bytes, false)),
        ("UTF-32", wider),
        ("UTF-7", seven.into_bytes()),
        (
            "overlong <, two octets",
            with("<saml:Issuer>", b"\xc0\xbcsaml:Issuer>"),
        ),
        (
            "overlong <, three octets",
            with("<saml:Issuer>", b"\xe0\x80\xbcsaml:Issuer>"),
        ),
        (
            "overlong NUL",
            with("metadata</saml:Issuer>", b"meta\xc0\x80data</saml:Issuer>"),
        ),
        (
            "surrogates",
            with(
                "metadata</saml:Issuer>",
                b"\xed\xa0\x80\xed\xb0\x80</saml:Issuer>",
            ),
        ),
        (
            "beyond Unicode",
            with("metadata</saml:Issuer>", b"\xf4\x90\x80\x80</saml:Issuer>"),
        ),
        (
            "a lone continuation",
            with("metadata</saml:Issuer>", b"\x80</saml:Issuer>"),
        ),
        ("NUL", with("metadata</saml:Issuer>", b"meta\0data</saml:Issuer>")),
        (
            "a reference to NUL",
            with("metadata</saml:Issuer>", b"meta&#0;data</saml:Issuer>"),
        ),
        (
            "a mark in the middle of the prolog",
            [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
        ),
    ];
    for (what, octets) in rows {
        let reason = refused(&octets);
        assert!(
            matches!(
                reason,
                Reason::Xml(
                    xml::Reason::NotUtf8
                        | xml::Reason::NotWellFormed
                        | xml::Reason::Forbidden(Construct::ByteOrderMark)
                )
            ),
            "{what}: {reason:?}"
        );
    }
    // Whatever else a document says of its encoding, it is not believed.
    for encoding in [
        "UTF-16",
        "utf-7",
        "ISO-8859-1",
        "IBM037",
        "UTF-32",
        "Shift_JIS",
        "UTF8",
        " utf-8",
    ] {
        let message = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{text}");
        assert_eq!(
            refused(message.as_bytes()),
            Reason::Xml(xml::Reason::Forbidden(Construct::Encoding)),
            "{encoding}"
        );
    }
    // A mark inside text is a character like another: it was not signed.
    let marked = text.replacen(SP, &format!("\u{feff}{SP}"), 1);
    assert_eq!(verdict(&marked), Reason::Xml(xml::Reason::DigestMismatch));
}

/// CWE-611 and CWE-776: there is no document type, so there are no entities; nothing is opened, fetched or expanded.
#[test]
fn entities_and_document_types() {
    let text = original();
    let laughs = (1..10).fold("<!ENTITY a0 \"lol\">".to_owned(), |all, n| {
        let before = n - 1;
        all + &format!("<!ENTITY a{n} \"{}\">", format!("&a{before};").repeat(10))
    });
    let quadratic = format!("<!ENTITY q \"{}\">", "q".repeat(50_000));
    let rows = [
        (
            "external, file",
            "<!ENTITY e SYSTEM \"file:///etc/passwd\">".to_owned(),
            "&e;".to_owned(),
        ),
        (
            "external, network",
            "<!ENTITY e SYSTEM \"http://127.0.0.1:9/\">".to_owned(),
            "&e;".to_owned(),
        ),
        (
            "external, public",
            "<!ENTITY e PUBLIC \"x\" \"http://127.0.0.1:9/\">".to_owned(),
            "&e;".to_owned(),
        ),
        (
            "parameter entity",
            "<!ENTITY % p SYSTEM \"http://127.0.0.1:9/x.dtd\"> %p;".to_owned(),
            String::new(),
        ),
        ("billion laughs", laughs, "&a9;".to_owned()),
        ("quadratic blow-up", quadratic, "&q;".repeat(100)),
        (
            "recursion",
            "<!ENTITY e \"&f;\"><!ENTITY f \"&e;\">".to_owned(),
            "&e;".to_owned(),
        ),
        (
            "default attributes",
            format!("<!ATTLIST samlp:AuthnRequest AssertionConsumerServiceURL CDATA \"{EVIL}\">"),
            String::new(),
        ),
        // CVE-2025-25291 and CVE-2025-25292 (ruby-saml): REXML and Nokogiri disagreed about what a document type declares and hides.
        (
            "an identifier made one by declaration",
            "<!ATTLIST samlp:NameIDPolicy Format ID #IMPLIED>".to_owned(),
            String::new(),
        ),
        (
            "a notation whose name hides a document",
            "<!NOTATION x SYSTEM '\"]><evil/><!--'>".to_owned(),
            String::new(),
        ),
    ];
    for (what, subset, used) in rows {
        let message = text
            .replacen("<samlp:", &format!("<!DOCTYPE x [{subset}]><samlp:"), 1)
            .replacen("sp.example/metadata<", &format!("sp.example/metadata{used}<"), 1);
        assert_eq!(
            refused(message.as_bytes()),
            Reason::Xml(xml::Reason::Forbidden(Construct::DocumentType)),
            "{what}"
        );
        // Without the declaration the reference means nothing.
        if !used.is_empty() {
            let bare = text.replacen("sp.example/metadata<", &format!("sp.example/metadata{used}<"), 1);
            assert_eq!(
                refused(bare.as_bytes()),
                Reason::Xml(xml::Reason::NotWellFormed),
                "{what}"
            );
        }
    }
    for head in [
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">",
        "<!DOCTYPE x>",
        "<!doctype x>",
        "<!DOCTYPE",
    ] {
        let reason = refused(format!("{head}{text}").as_bytes());
        assert!(
            matches!(
                reason,
                Reason::Xml(xml::Reason::Forbidden(Construct::DocumentType) | xml::Reason::NotWellFormed)
            ),
            "{head}: {reason:?}"
        );
    }
}

/// One reader: what verification hands on is read by the same rules again, and reads the same. Names that other libraries read in two ways
/// (CVE-2020-29509 to 29511 in Go's `encoding/xml`; CVE-2021-21366 in xmldom; CVE-2022-39299: more than one root) are refused, or are
/// not what was signed.
#[test]
fn names_that_two_readers_read_in_two_ways() {
    let text = original();
    let acs = format!("AssertionConsumerServiceURL=\"{ACS}\"");
    let evil = format!("AssertionConsumerServiceURL=\"{EVIL}\"");
    let rows = [
        ("the same attribute twice", acs.clone(), format!("{acs} {evil}")),
        ("the same attribute twice, the other first", acs.clone(), format!("{evil} {acs}")),
        ("an attribute with an empty prefix", acs.clone(), format!("{acs} :{evil}")),
        ("an attribute of two prefixes", acs.clone(), format!("{acs} samlp:samlp:{evil}")),
        ("an attribute of the protocol's namespace", acs.clone(), format!("{acs} samlp:{evil}")),
        ("the same by two prefixes of one namespace", acs.clone(),
            format!("{acs} xmlns:o=\"urn:oasis:names:tc:SAML:2.0:protocol\" samlp:x=\"1\" o:x=\"2\"")),
        ("an attribute in another case", acs.clone(), evil.replacen('A', "a", 1)),
        ("an element with an empty prefix", "<saml:Issuer>".to_owned(), "<:saml:Issuer>".to_owned()),
        ("an element whose prefix is xmlns", "<saml:Issuer>".to_owned(), "<xmlns:Issuer>".to_owned()),
        ("an end tag of another name", "</saml:Issuer>".to_owned(), "</saml:issuer>".to_owned()),
        ("the default namespace taken away", "<samlp:NameIDPolicy ".to_owned(), "<samlp:NameIDPolicy xmlns=\"\" xmlns:samlp=\"urn:x\" ".to_owned()),
        ("a prefix taken away", "<saml:Issuer>".to_owned(), "<saml:Issuer xmlns:saml=\"\">".to_owned()),
        ("a prefix bound anew", "<saml:Issuer>".to_owned(), "<saml:Issuer xmlns:saml=\"urn:x\">".to_owned()),
        ("the prefix xml bound anew", "<saml:Issuer>".to_owned(), "<saml:Issuer xmlns:xml=\"urn:x\">".to_owned()),
        ("a directive", "<saml:Issuer>".to_owned(), "<!x><saml:Issuer>".to_owned()),
        ("a second root", "</samlp:AuthnRequest>".to_owned(), format!("</samlp:AuthnRequest>{}", text.replace(ACS, EVIL))),
        ("text behind the root", "</samlp:AuthnRequest>".to_owned(), "</samlp:AuthnRequest>x".to_owned()),
        ("a namespace that is relative (void canonicalisation)", " ID=".to_owned(), " xmlns:void=\"1\" ID=".to_owned()),
        ("a namespace with a reference in it", " ID=".to_owned(), " xmlns:void=\"urn:&#x78;\" ID=".to_owned()),
        ("a carriage return alone", "<saml:Issuer>".to_owned(), "\r<saml:Issuer>".to_owned()),
        ("XInclude", "<saml:Issuer>".to_owned(), "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/><saml:Issuer>".to_owned()),
        ("a schema to be fetched", " ID=".to_owned(), " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x http://127.0.0.1:9/\" ID=".to_owned()),
        ("another type", "<saml:Issuer>".to_owned(), "<saml:Issuer xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\">".to_owned()),
        ("nothing there", "<saml:Issuer>".to_owned(), "<saml:Issuer xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\">".to_owned()),
    ];
    for (what, from, to) in rows {
        let message = text.replacen(&from, &to, 1);
        assert_ne!(message, text, "{what}");
        let reason = verdict(&message);
        assert!(
            matches!(
                reason,
                Reason::Xml(
                    xml::Reason::NotWellFormed | xml::Reason::DigestMismatch | xml::Reason::Forbidden(_)
                )
            ),
            "{what}: {reason:?}"
        );
    }
}

/// CVE-2017-11427 to 11430 and CVE-2018-0489: what stands between two texts is no end of the first. Here it is refused wherever it stands:
/// in every text and between every two elements.
#[test]
fn comments_and_instructions_wherever_they_stand() {
    let text = original();
    let inserted = [
        ("<!---->", Construct::Comment),
        ("<!-- x -->", Construct::Comment),
        ("<?x?>", Construct::ProcessingInstruction),
        ("<![CDATA[]]>", Construct::CharacterDataSection),
    ];
    let mut tried = 0;
    for (piece, construct) in inserted {
        for (at, _) in text.char_indices() {
            // Not inside a tag, where it is no comment.
            let inside_tag = text[..at].rfind('<') > text[..at].rfind('>');
            if inside_tag || at == 0 && construct == Construct::CharacterDataSection {
                continue;
            }
            let message = format!("{}{piece}{}", &text[..at], &text[at..]);
            let incoming = saml::binding::post::decode(&form(&message)).unwrap();
            let reason = incoming.issuer().unwrap_err();
            assert_eq!(
                reason,
                Reason::Xml(xml::Reason::Forbidden(construct)),
                "{at} {piece}"
            );
            tried += 1;
        }
    }
    assert!(tried > 1_000, "{tried}");
    // Where people write comments, a text that one splits is refused; it is never cut short.
    let metadata = "<a><b>one<!-- -->two</b></a>";
    let document = Document::parse(metadata.as_bytes(), &Limits::metadata()).unwrap();
    let split = document.root().elements().unwrap()[0];
    assert_eq!(
        split.text(),
        Err(xml::Reason::MixedContent {
            element: "b".to_owned()
        })
    );
}
