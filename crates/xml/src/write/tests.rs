//! Writing: canonical order and escapes, and what cannot be written.

use super::*;

const P: Name = Name::new("p", "urn:p", "e");

fn written(element: &NewElement) -> String {
    String::from_utf8(element.to_canonical().unwrap()).unwrap()
}

#[test]
fn namespaces_are_declared_where_they_are_used_and_not_again() {
    let inner = NewElement::new(P).child(NewElement::new(Name::new("", "urn:d", "x")));
    let whole = NewElement::new(P)
        .child(inner.clone())
        .child(NewElement::new(Name::new("p", "urn:other", "e")).child(inner));
    assert_eq!(
        written(&whole),
        "<p:e xmlns:p=\"urn:p\"><p:e><x xmlns=\"urn:d\"></x></p:e><p:e xmlns:p=\"urn:other\"><p:e xmlns:p=\"urn:p\">\
         <x xmlns=\"urn:d\"></x></p:e></p:e></p:e>"
    );
}

#[test]
fn attributes_are_sorted_by_namespace_and_name() {
    let element = NewElement::new(P)
        .attribute("z", "1")
        .qualified_attribute(Name::new("a", "urn:z", "a"), "2")
        .qualified_attribute(Name::new("z", "urn:a", "b"), "3")
        .attribute("B", "4")
        .attribute("z", "5");
    assert_eq!(
        written(&element),
        "<p:e xmlns:a=\"urn:z\" xmlns:p=\"urn:p\" xmlns:z=\"urn:a\" B=\"4\" z=\"5\" z:b=\"3\" a:a=\"2\"></p:e>"
    );
    assert_eq!(element.get_attribute("z"), Some("5"));
    assert_eq!(element.get_attribute("a"), None);
}

#[test]
fn nothing_breaks_out() {
    let hostile = "\"'<>&\t\r\n]]>--><x/>";
    let element = NewElement::new(P).attribute("v", hostile).text(hostile);
    assert_eq!(
        written(&element),
        "<p:e xmlns:p=\"urn:p\" v=\"&quot;'&lt;>&amp;&#x9;&#xD;&#xA;]]>-->&lt;x/>\">\"'&lt;&gt;&amp;\t&#xD;\n]]&gt;--&gt;&lt;x/&gt;</p:e>"
    );
}

#[test]
fn what_xml_cannot_carry_is_refused() {
    for code in ['\0', '\u{8}', '\u{b}', '\u{c}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        let expected = Err(Reason::NotXmlCharacter {
            code: u32::from(code),
        });
        assert_eq!(NewElement::new(P).text(code.to_string()).to_canonical(), expected);
        assert_eq!(
            NewElement::new(P).attribute("v", code.to_string()).to_canonical(),
            expected
        );
    }
    assert!(
        NewElement::new(P)
            .text("\t\r\n\u{7f}\u{fffd}\u{10ffff}")
            .to_canonical()
            .is_ok()
    );
}

#[test]
fn debug_output_says_nothing() {
    let element = NewElement::new(P).attribute("v", "secret").text("secret");
    assert_eq!(format!("{element:?}"), "NewElement(p:e)");
}
