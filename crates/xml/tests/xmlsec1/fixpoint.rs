//! Parse, serialise, parse again: the same document, whatever it looked like. A reader and a writer that disagree about one octet are two
//! readers (CVE-2020-29509 to 29511 in Go's `encoding/xml`, CVE-2021-21366 in xmldom: a signature was verified over one document, and
//! another one was read).

use proptest::prelude::*;
use xml::{Document, Element, Limits, canonicalise};

/// What a document says in its order, and nothing of how it is written: no comments, and text in one piece.
#[derive(Debug, Eq, PartialEq)]
enum Said {
    Element {
        name: (String, String),
        attributes: Vec<(String, String, String)>,
        inside: Vec<Said>,
    },
    Text(String),
}

fn in_order(node: roxmltree::Node<'_, '_>) -> Said {
    let named =
        |namespace: Option<&str>, name: &str| (namespace.unwrap_or_default().to_owned(), name.to_owned());
    let mut attributes: Vec<_> = node
        .attributes()
        .map(|one| {
            let (namespace, local) = named(one.namespace(), one.name());
            (namespace, local, one.value().to_owned())
        })
        .collect();
    attributes.sort_unstable();
    let mut inside: Vec<Said> = Vec::new();
    for child in node.children() {
        if child.is_element() {
            inside.push(in_order(child));
        } else if child.is_text() {
            let text = child.text().unwrap_or_default();
            match inside.last_mut() {
                Some(Said::Text(before)) => before.push_str(text),
                _ => inside.push(Said::Text(text.to_owned())),
            }
        } else {
            assert!(child.is_comment(), "{child:?} is read");
        }
    }
    let tag = node.tag_name();
    Said::Element {
        name: named(tag.namespace(), tag.name()),
        attributes,
        inside,
    }
}

/// The whole of a document, read by the parser alone.
fn whole(octets: &[u8]) -> Said {
    let text = std::str::from_utf8(octets).unwrap();
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
    in_order(document.root_element())
}

/// What our reader reads of one element is read of it again.
fn is_read_alike(again: Element<'_>, element: Element<'_>) {
    let name = |one: Element<'_>| (one.namespace().to_owned(), one.local_name().to_owned());
    let attributes = |one: Element<'_>| {
        let mut all: Vec<_> = one
            .attributes()
            .map(|(namespace, local, value)| (namespace.to_owned(), local.to_owned(), value.to_owned()))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(name(again), name(element));
    assert_eq!(attributes(again), attributes(element));
    // A text with a comment in it is refused; without the comment it is a text.
    if let Ok(text) = element.text() {
        assert_eq!(again.text(), Ok(text));
    }
    match (again.elements(), element.elements()) {
        (Ok(again), Ok(elements)) => {
            assert_eq!(again.len(), elements.len());
            for (again, element) in again.into_iter().zip(elements) {
                is_read_alike(again, element);
            }
        }
        (again, elements) => assert_eq!(again.is_ok(), elements.is_ok()),
    }
}

/// Room for declarations that repeat at every sibling. What is canonical has no comments and no mark.
fn wide() -> Limits {
    Limits {
        size: 8 * 1024 * 1024,
        namespaces: 100_000,
        nodes: 100_000,
        attributes: 64,
        namespaces_per_element: 48,
        ..Limits::message()
    }
}

/// Everything that reads: messages, metadata of one entity, and of one in an aggregate.
const READERS: [Limits; 3] = [Limits::message(), Limits::metadata(), Limits::aggregated()];

/// The property with every reader, for the whole and for each element alone. Which of them found a document at all.
fn is_a_fixpoint(octets: &[u8]) -> [bool; 3] {
    READERS.map(|limits| is_a_fixpoint_within(octets, &limits))
}

fn is_a_fixpoint_within(octets: &[u8], limits: &Limits) -> bool {
    let Ok(document) = Document::parse(octets, limits) else {
        return false;
    };
    let mut open = vec![document.root()];
    let mut is_whole = true;
    while let Some(element) = open.pop() {
        for prefixes in [&[][..], &["#default", "a", "b", "xml"]] {
            let once = canonicalise(element, prefixes).unwrap();
            let again = Document::parse(&once, &wide()).unwrap_or_else(|reason| {
                panic!(
                    "{reason:?}\n{}\n{}",
                    String::from_utf8_lossy(octets),
                    String::from_utf8_lossy(&once)
                )
            });
            if is_whole {
                assert_eq!(whole(&once), whole(octets), "{}", String::from_utf8_lossy(octets));
            }
            is_read_alike(again.root(), element);
            assert_eq!(
                canonicalise(again.root(), prefixes).unwrap(),
                once,
                "{}",
                String::from_utf8_lossy(octets)
            );
        }
        is_whole = false;
        open.extend(element.elements().unwrap_or_default());
    }
    true
}

/// Texts and values with everything that is written in more than one way.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        " ",
        "\n",
        "\t",
        "\r\n",
        "&amp;",
        "&lt;",
        "&gt;",
        "&#xD;",
        "&#10;",
        "&#x9;",
        "&quot;",
        "&apos;",
        "&#60;",
        "&#38;",
        "&#x20;",
        "]]&gt;",
        "四",
        "\u{1f512}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{301}",
        "é",
        "xmlns:a=",
        "--",
        "?",
        "#",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn attributes() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "a:x",
        "b:x",
        "x",
        "ID",
        "Id",
        "xml:lang",
        "xml:space",
        "xml:id",
        "y",
        "a:ID",
    ]);
    let declaration = prop::sample::select(vec![
        "xmlns=''",
        "xmlns='urn:1'",
        "xmlns=\"urn:2\"",
        "xmlns:a='urn:1'",
        "xmlns:a='urn:2'",
        "xmlns:b=\"urn:1\"",
        "xmlns:b='urn:3'",
        "xmlns:c='urn:1'",
    ]);
    (
        prop::collection::btree_map(name, text(), 0..4),
        prop::collection::vec(declaration, 0..3),
        prop::sample::select(vec![" ", "\n", "  \t"]),
    )
        .prop_map(|(attributes, declarations, space)| {
            let attributes = attributes
                .iter()
                .map(|(name, value)| format!("{space}{name} = \"{value}\""));
            let declarations = declarations.iter().map(|one| format!("{space}{one}"));
            attributes.chain(declarations).collect()
        })
}

fn element() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["a:e", "b:e", "e", "a:Signature", "c:e"]);
    let leaf = (name(), attributes(), text(), any::<bool>()).prop_map(|(name, attributes, text, empty)| {
        if empty {
            format!("<{name}{attributes} />")
        } else {
            format!("<{name}{attributes}>{text}</{name} >")
        }
    });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (
            name(),
            attributes(),
            prop::collection::vec(inner, 0..4),
            prop::sample::select(vec![
                "",
                "\n ",
                "t",
                "<!-- c -->",
                "<!---->",
                "t<!-- <b/> -->u",
                " <!-- ]]> --> ",
            ]),
        )
            .prop_map(|(name, attributes, children, between)| {
                format!("<{name}{attributes}>{}</{name}>", children.join(between))
            })
    })
}

fn document() -> impl Strategy<Value = String> {
    (
        element(),
        prop::sample::select(vec![
            "",
            "<?xml version='1.0'?>",
            "<?xml version=\"1.0\" encoding='utf-8' standalone=\"no\" ?>\n",
            "<!-- in front -->",
            "\u{feff}",
            "\u{feff}<?xml version='1.0'?><!-- in front -->",
        ]),
    )
        .prop_map(|(element, head)| {
            format!("{head}<r xmlns:a='urn:1' xmlns:b='urn:2' xmlns:c='urn:3'>{element}</r>")
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_of_every_spelling(text in document()) {
        is_a_fixpoint(text.as_bytes());
    }

    #[test]
    fn documents_with_octets_changed(text in document(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4)) {
        let mut octets = text.into_bytes();
        for (at, octet, how) in changes {
            let at = at.index(octets.len());
            match how {
                0 => octets[at] = octet,
                1 => octets.insert(at, octet),
                2 => octets[at] = b"<>&\"'/=:! ?-;#[]x"[usize::from(octet) % 17],
                _ => drop(octets.remove(at)),
            }
            if octets.is_empty() {
                octets.push(b'<');
            }
        }
        is_a_fixpoint(&octets);
    }
}

/// The generators make documents, not only refusals.
#[test]
fn most_of_what_is_generated_is_a_document() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut documents = [0; 3];
    for _ in 0..500 {
        let read = is_a_fixpoint(document().new_tree(&mut runner).unwrap().current().as_bytes());
        for (count, read) in documents.iter_mut().zip(read) {
            *count += usize::from(read);
        }
    }
    // Of those that messages may not be, with comments and marks, metadata may be some.
    assert!(documents[0] > 60, "{documents:?} of 500");
    assert!(documents[1] > documents[0] + 60, "{documents:?} of 500");
    assert!(documents[2] >= documents[1], "{documents:?} of 500");
}

/// Places at which parsers are known to disagree, by hand.
#[test]
fn spellings_that_others_read_in_two_ways() {
    for text in [
        "<a xmlns='urn:1'><b xmlns=''><c xmlns='urn:1'/></b></a>",
        "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:2' p:x='1'/><p:c/></p:a>",
        "<a x='&#13;&#10;&#9;'>&#13;</a>",
        "<a>]]&gt;</a>",
        "<a x='&lt;b y=&quot;1&quot;/&gt;'>&lt;b/&gt;</a>",
        "<a xmlns:p='urn:1' p:ID='1' ID='2'/>",
        "<a xml:lang='ja'><b/></a>",
        "<\u{e9}l\u{e9}ment/>",
        "<a>&#x1F512;\u{feff}</a>",
        "<a:b xmlns:a='urn:1'><a:b xmlns:a='urn:1'/></a:b>",
    ] {
        assert_eq!(is_a_fixpoint(text.as_bytes()), [true; 3], "{text}");
    }
    // What people leave in metadata, and messages do not have.
    for text in [
        "<a>t<!-- -->u</a>",
        "<a><!-- --><b/>t<b/></a>",
        "<a>t<b/><!-- <c/> -->u<b/>v</a>",
        "<a><b>1</b> <!-- 2 --> <b>3</b></a>",
        "\u{feff}<a/>",
        "<!-- in front --><a/><!-- behind -->",
    ] {
        assert_eq!(is_a_fixpoint(text.as_bytes()), [false, true, true], "{text}");
    }
    for text in [
        "<a:b xmlns:a='urn:1' :x='1'/>",
        "<a:b:c xmlns:a='urn:1'/>",
        "<:a/>",
        "<a:/>",
        "<a xmlns:b='urn:1' xmlns:c='urn:1' b:x='' c:x=''/>",
        "<a x='1' x='2'/>",
        "<a x='<'/>",
        "<a>&undefined;</a>",
        "<a></b>",
        "<!x><a/>",
        "<a/><a/>",
    ] {
        assert_eq!(is_a_fixpoint(text.as_bytes()), [false; 3], "{text}");
    }
}
