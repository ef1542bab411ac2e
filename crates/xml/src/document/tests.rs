//! Reading: what is refused before the tree, and accessors that cannot be misread.

use super::*;
use crate::Construct;

fn root_of(text: &str, test: impl FnOnce(Element<'_>)) {
    let document = Document::parse(text.as_bytes(), &Limits::metadata()).unwrap();
    test(document.root());
}

fn refusal(text: &str, limits: &Limits) -> Option<Reason> {
    Document::parse(text.as_bytes(), limits).err()
}

#[test]
fn text_is_whole_or_refused() {
    for (text, expected) in [
        ("<a>x</a>", "x"),
        ("<a/>", ""),
        ("<a>x&amp;y&#x3042;\r\nz</a>", "x&y\u{3042}\nz"),
    ] {
        root_of(text, |root| assert_eq!(root.text().unwrap(), expected, "{text}"));
    }
    let mixed = Reason::MixedContent {
        element: "a".to_owned(),
    };
    for text in [
        "<a>x<b/>y</a>",
        "<a><b/></a>",
        "<a>admin<!-- -->@evil</a>",
        "<a><!-- --></a>",
    ] {
        root_of(text, |root| assert_eq!(root.text(), Err(mixed.clone()), "{text}"));
    }
}

#[test]
fn elements_stand_alone_or_are_refused() {
    root_of("<a> <b/>\r\n\t<!-- c --><c/> </a>", |root| {
        let names: Vec<_> = root.elements().unwrap().iter().map(|e| e.local_name()).collect();
        assert_eq!(names, ["b", "c"]);
    });
    for text in ["<a>x<b/></a>", "<a><b/>&#160;</a>", "<a>\u{3000}</a>"] {
        root_of(text, |root| assert!(root.elements().is_err(), "{text}"));
    }
}

#[test]
fn names_carry_their_namespace() {
    root_of(
        "<a xmlns='urn:1' b='1' xmlns:p='urn:2' p:b='2'><c xmlns=''/></a>",
        |root| {
            assert!(root.is("urn:1", "a") && !root.is("", "a") && !root.is("urn:2", "a"));
            assert_eq!(root.attribute("b"), Some("1"));
            assert_eq!(root.qualified_attribute("urn:2", "b"), Some("2"));
            assert_eq!(root.qualified_attribute("urn:1", "b"), None);
            assert_eq!(root.attributes().count(), 2);
            assert_eq!(root.elements().unwrap()[0].namespace(), "");
        },
    );
}

#[test]
fn limits_hold_at_the_limit() {
    let limits = Limits {
        size: 300,
        depth: 3,
        attributes: 3,
        namespaces_per_element: 2,
        namespaces: 3,
        nodes: 8,
        ..Limits::message()
    };
    for (good, bad, expected) in [
        (
            format!("<a>{}</a>", "x".repeat(293)),
            format!("<a>{}</a>", "x".repeat(294)),
            Reason::TooLarge { limit: 300 },
        ),
        (
            "<a><b><c/></b></a>".to_owned(),
            "<a><b><c><d/></c></b></a>".to_owned(),
            Reason::TooDeep { limit: 3 },
        ),
        (
            "<a b='' c='' d=''/>".to_owned(),
            "<a b='' c='' d='' e=''/>".to_owned(),
            Reason::TooManyAttributes { limit: 3 },
        ),
        (
            "<a xmlns='urn:u' xmlns:b='urn:u'/>".to_owned(),
            "<a xmlns='urn:u' xmlns:b='urn:u' xmlns:c='urn:u'/>".to_owned(),
            Reason::TooManyNamespaces { limit: 2 },
        ),
        (
            "<a xmlns='urn:u' xmlns:b='urn:u'><c xmlns='urn:u'/></a>".to_owned(),
            "<a xmlns='urn:u' xmlns:b='urn:u'><c xmlns='urn:u' xmlns:d='urn:u'/></a>".to_owned(),
            Reason::TooManyNamespaces { limit: 3 },
        ),
        (
            "<a><b/><b/><b/><b/><b/><b/></a>".to_owned(),
            "<a><b/><b/><b/><b/><b/><b/><b/></a>".to_owned(),
            Reason::TooManyNodes { limit: 8 },
        ),
    ] {
        assert_eq!(refusal(&good, &limits), None, "{good}");
        assert_eq!(refusal(&bad, &limits), Some(expected), "{bad}");
    }
}

#[test]
fn what_is_never_read() {
    let message = Limits::message();
    let metadata = Limits::metadata();
    for (text, construct) in [
        ("<!DOCTYPE a><a/>", Construct::DocumentType),
        (
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            Construct::DocumentType,
        ),
        ("<?x?><a/>", Construct::ProcessingInstruction),
        ("<a><?x?></a>", Construct::ProcessingInstruction),
        ("<a><![CDATA[x]]></a>", Construct::CharacterDataSection),
        ("<?xml version='1.1'?><a/>", Construct::XmlVersion),
        ("<a>\r</a>", Construct::CarriageReturn),
        ("<a>\r\n\r&#13;</a>", Construct::CarriageReturn),
        ("<a xmlns='u'/>", Construct::NamespaceName),
        ("<a xmlns:p='../u'/>", Construct::NamespaceName),
        ("<a xmlns='urn:&amp;'/>", Construct::NamespaceName),
        ("<a xmlns=' urn:a'/>", Construct::NamespaceName),
        ("<a xmlns='urn:\u{3042}'/>", Construct::NamespaceName),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", Construct::Encoding),
    ] {
        for limits in [&message, &metadata] {
            assert_eq!(
                refusal(text, limits),
                Some(Reason::Forbidden(construct)),
                "{text}"
            );
        }
    }
    for (text, construct) in [
        ("<a/><!-- -->", Construct::Comment),
        ("\u{feff}<a/>", Construct::ByteOrderMark),
    ] {
        assert_eq!(refusal(text, &message), Some(Reason::Forbidden(construct)));
        assert_eq!(refusal(text, &metadata), None);
    }
    assert_eq!(
        Document::parse(b"<a>\xff</a>", &message).err(),
        Some(Reason::NotUtf8)
    );
}

#[test]
fn what_is_not_well_formed() {
    let mut accepted = Vec::new();
    for text in [
        "",
        " ",
        "x",
        "<a>",
        "</a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a></b>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xmlns='urn:u'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='urn:u' xmlns='urn:u'/>",
        "<a xmlns='urn:u' xmlns='urn:v'/>",
        "<a xmlns:p='urn:u' xmlns:p='urn:v'/>",
        "<a>&#x110000;</a>",
        "<a>&#xD800;</a>",
        "<a>&#+65;</a>",
        "<a b='&#+65;'/>",
        "<a b='&#0;'/>",
        "<a b='&#xFFFF;'/>",
        "<a b='&x;'/>",
        "<a b='&amp'/>",
        "<a :b='1'/>",
        "<?xml version='1.0' encodingx='utf-8'?><a/>",
        "<?xml version='1.0'encoding='utf-8'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml?><a/>",
        "<a p:xmlns='urn:u'/>",
        "<a xmlns:p='urn:p' p:xmlns='urn:u'/>",
        "<a b:='1'/>",
        "<xmlns:a xmlns:p='urn:u'/>",
        "<a xmlns:='u'/>",
        "<a xmlns:1='urn:u'/>",
        "<a 1='u'/>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a b='1'c='2'/>",
        "<a/ >",
        "<a></a b='1'>",
        "<a b='&lt'/>",
        "<a b='&#x110000;'/>",
        "<a b='&#xD800;'/>",
        "<a b='&#x;'/>",
        "<?XML version='1.0'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' encoding=''?><a/>",
        "<?xml version='1.0' x='y'?><a/>",
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "<a>&x;</a>",
        "<a>&</a>",
        "<a>&#0;</a>",
        "<a>&#xFFFE;</a>",
        "<a>\u{1}</a>",
        "<a b=\"<\"/>",
        "<a xmlns:p='urn:u' xmlns:q='urn:u' p:b='' q:b=''/>",
        "<a><?xml version='1.0'?></a>",
        " <?xml version='1.0'?><a/>",
        "<a b=1/>",
        "<a b/>",
        "< a/>",
        "<a>]]></a>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='urn:u'/>",
    ] {
        accepted.extend(refusal(text, &Limits::metadata()).is_none().then_some(text));
    }
    assert_eq!(accepted, Vec::<&str>::new());
    for text in [
        "<?xml version = '1.0'\r\n\tencoding=\"uTf-8\" standalone='no' ?>\n<a/>\n",
        "<?xml version='1.0' standalone='yes'?><a/>",
    ] {
        assert_eq!(refusal(text, &Limits::message()), None, "{text}");
    }
}
