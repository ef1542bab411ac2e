//! Our exclusive canonical form is that of libxml2 (`xmllint --exc-c14n`), on a corpus and on what we write.

use proptest::prelude::*;
use xml::{Document, Limits, Name, NewElement, canonicalise};

use crate::sign::sample;
use crate::support::{folder_with, run};

pub(crate) const CORPUS: &[&str] = &[
    "<a/>",
    "<?xml version='1.0' encoding='utf-8'?>\r\n<a\r\n b = 'x'\r\n />\r\n",
    "<a b='1' a=\"2\" xmlns:z='urn:a' xmlns:y='urn:b' z:q='3' y:q='4'/>",
    "<p:a xmlns:p='urn:p' xmlns:unused='urn:u'><p:b/><c/></p:a>",
    "<a xmlns='urn:1'><b xmlns=''><c xmlns='urn:1'/></b></a>",
    "<a xmlns='urn:1'><b xmlns='urn:1'/><c xmlns:x='urn:1' x:d=''/></a>",
    "<x:a xmlns:x='urn:1'><x:a xmlns:x='urn:2'><x:a xmlns:x='urn:1'/></x:a><x:b/></x:a>",
    "<a b='&#9;&#10;&#13;&quot;&apos;&lt;&gt;&amp;'>&#9;&#10;&#13;&quot;&apos;&lt;&gt;&amp;</a>",
    "<a b=' x\ty\nz '>\r\n\ttext\r\n  \u{3042}&#x10FFFF;</a>",
    "<a xml:lang='ja' xml:space='preserve' z='1' xmlns:b='urn:b' b:a='2'><c xml:lang='en'/></a>",
    "<a xmlns:p='urn:same' xmlns:q='urn:same'><p:x q:y='1'/><q:x p:y='2'/></a>",
    "<\u{540d} \u{5c5e}='\u{5024}' xmlns:\u{63a5}='urn:j' \u{63a5}:\u{5c5e}='2'/>",
    "<a xmlns:A='urn:1' xmlns:a='urn:2' xmlns:_='urn:3'><a:b A:c='' _:c=''/></a>",
    "<a xmlns='urn:d'><p:b xmlns:p='urn:p'><c/></p:b></a>",
    "<p:a xmlns:p='urn:p' xmlns='urn:d'><p:b><c xmlns=''/><d/></p:b></p:a>",
];

fn xmllint(document: &[u8]) -> Vec<u8> {
    let folder = folder_with(document);
    let (ok, output, errors) = run(folder.path(), "xmllint", &["--exc-c14n", "input.xml"]);
    assert!(ok, "{errors}");
    output
}

fn ours(document: &[u8]) -> Vec<u8> {
    let parsed = Document::parse(document, &Limits::metadata()).unwrap();
    canonicalise(parsed.root(), &[]).unwrap()
}

#[test]
fn the_corpus_is_canonicalised_as_libxml2_does() {
    for document in CORPUS {
        assert_eq!(
            String::from_utf8(ours(document.as_bytes())).unwrap(),
            String::from_utf8(xmllint(document.as_bytes())).unwrap(),
            "{document}"
        );
    }
}

/// Prefixes that are declared, hidden by another declaration further in, undeclared, and declared again.
const NESTED: &[&str] = &[
    "<p:a xmlns:p='urn:1' xmlns:q='urn:q'><b><p:c xmlns:p='urn:2'><d/><p:e xmlns:p='urn:1'><f/></p:e></p:c><g/></b></p:a>",
    "<a xmlns='urn:1' xmlns:q='urn:q'><b><c xmlns=''><d/><e xmlns='urn:2' xmlns:x='urn:x'><f x:y='1'/></e></c></b></a>",
    "<a say='xmlns:q'><b say='xmlns'><c xmlns:q='urn:1'/><c xmlns:q='urn:2'><d/></c><q:c xmlns:q='urn:2'/></b></a>",
];

/// libxml2 by its Python binding, for each document and list. The binding drops `#default`, which xmlsec1 signs with in `foreign.rs`.
fn libxml2(questions: &serde_json::Value) -> Vec<String> {
    const PROGRAM: &str = "import json, sys\nfrom lxml import etree\nprint(json.dumps([etree.tostring(etree.fromstring(d.encode()), \
                           method='c14n', exclusive=True, with_comments=False, inclusive_ns_prefixes=l.split()).decode() \
                           for d, l in json.loads(sys.argv[1])]))";
    let answer = std::process::Command::new("/usr/bin/python3")
        .args(["-c", PROGRAM, &questions.to_string()])
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    serde_json::from_slice(&answer.stdout).unwrap()
}

#[test]
fn listed_prefixes_are_rendered_where_libxml2_renders_them() {
    let documents = CORPUS.iter().filter(|text| !text.starts_with("<?xml"));
    let questions: Vec<(&str, &str)> = documents
        .chain(NESTED)
        .flat_map(|text| ["", "p", "q unknown", "p q x y z a A _ b"].map(|list| (*text, list)))
        .collect();
    let theirs = libxml2(&serde_json::json!(questions));
    assert_eq!(theirs.len(), questions.len());
    for ((text, list), theirs) in questions.iter().zip(theirs) {
        let parsed = Document::parse(text.as_bytes(), &Limits::metadata()).unwrap();
        let list: Vec<&str> = list.split_ascii_whitespace().collect();
        let ours = canonicalise(parsed.root(), &list).unwrap();
        assert_eq!(String::from_utf8(ours).unwrap(), theirs, "{text} {list:?}");
    }
}

#[test]
fn comments_are_left_out() {
    // xmllint keeps comments, so the expectation is spelled out.
    let document = "<!-- a --><a>x<!-- b -->y<b/><!-- c --></a><!-- d -->";
    assert_eq!(ours(document.as_bytes()), b"<a>xy<b></b></a>");
}

#[test]
fn what_we_write_is_canonical_already() {
    let written = sample().to_canonical().unwrap();
    assert_eq!(xmllint(&written), written);
    assert_eq!(ours(&written), written);
}

const PREFIXES: [&str; 4] = ["", "a", "b", "xs"];
const NAMESPACES: [&str; 3] = ["urn:1", "urn:2", "urn:3"];

fn tree() -> impl Strategy<Value = NewElement> {
    let name = (0..4_usize, 0..3_usize, prop::sample::select(vec!["x", "y", "Z"]))
        .prop_map(|(prefix, namespace, local)| Name::new(PREFIXES[prefix], NAMESPACES[namespace], local));
    let text = "[ -~\\t\\r\\n\u{3041}-\u{3050}]{0,12}";
    let leaf =
        (name.clone(), text, prop::option::of("[ -~\\t\\r\\n]{0,8}")).prop_map(|(name, text, value)| {
            NewElement::new(name)
                .attribute_if("v", value)
                .qualified_attribute(Name::new("q", "urn:q", "w"), "1")
                .text(text)
        });
    leaf.prop_recursive(5, 24, 4, move |inner| {
        (name.clone(), prop::collection::vec(inner, 0..4))
            .prop_map(|(name, children)| NewElement::new(name).children(children))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn libxml2_agrees_on_random_trees(tree in tree()) {
        let written = tree.to_canonical().unwrap();
        prop_assert_eq!(&ours(&written), &written);
        prop_assert_eq!(String::from_utf8(xmllint(&written)).unwrap(), String::from_utf8(written).unwrap());
    }
}
