//! The words: in the page's language, filled, all of them shown.

use std::collections::BTreeSet;

use domain::Language;

use super::super::text::{EachText, Fill, Segment, vocabulary};
use super::{each, every_page};

/// Japanese or full-width characters.
fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// Latin words that stand on Japanese pages because people meet them as they are.
const KNOWN_LATIN: [&str; 12] = [
    "JPKI", "TLS", "OK", "AAL", "IAL", "Cookie", "K7Q2M", "9XW4T", "AAL3", "CMS", "DER", "p7s",
];

#[test]
fn no_page_speaks_the_other_language() {
    each(|name, language, _, document| {
        for piece in &document.texts {
            let around = document.around(piece.element);
            let tongue = around.iter().find_map(|element| element.get("lang")).unwrap();
            if tongue != language.tag() {
                continue;
            }
            if language == Language::En {
                assert!(!piece.text.contains(is_japanese), "{name}: {}", piece.text);
            } else if !around
                .iter()
                .any(|e| ["code", "bdi"].contains(&e.name.as_str()) || e.get("translate") == Some("no"))
            {
                for word in piece.text.split(|c: char| !c.is_ascii_alphanumeric()) {
                    let latin = word.len() > 1 && word.contains(|c: char| c.is_ascii_alphabetic());
                    let level = word.starts_with("AAL") || word.starts_with("IAL");
                    assert!(
                        !latin || level || KNOWN_LATIN.contains(&word),
                        "{name}: {word} in {}",
                        piece.text
                    );
                }
                assert!(
                    piece.text.trim().len() < 12
                        || piece.text.contains(is_japanese)
                        || piece.text.contains('-')
                );
            }
        }
        for (key, value) in document.elements.iter().flat_map(|element| &element.attributes) {
            if key == "aria-label" && language == Language::En {
                assert!(!value.contains(is_japanese), "{name}: {value}");
            }
        }
    });
}

#[test]
fn nothing_is_left_to_fill() {
    each(|name, _, sample, _| {
        for sign in ["{", "}", "⟦", "⟧"] {
            assert!(!sample.html.contains(sign), "{name}: {sign}");
        }
    });
}

#[test]
fn every_text_is_shown_by_some_sample() {
    for language in Language::ALL {
        let shown: Vec<String> = every_page(language)
            .into_iter()
            .map(|(_, _, document)| {
                let labels = document
                    .elements
                    .iter()
                    .filter_map(|e| e.get("aria-label"))
                    .collect::<Vec<_>>();
                format!("{}\n{}", document.elements[0].text, labels.join("\n"))
            })
            .collect();
        let mut count = 0;
        vocabulary(language).each("t", &mut |path, text| {
            count += 1;
            assert!(
                !text.trim().is_empty() && text.trim().len() + 3 > text.len(),
                "{path}"
            );
            let pieces: Vec<_> = text
                .segments()
                .iter()
                .flat_map(|s| s.words.split(['{', '}']))
                .collect();
            let plain = pieces
                .iter()
                .filter(|piece| !["service", "time"].contains(*piece));
            let mut plain = plain.map(|piece| piece.trim());
            assert!(
                plain.all(|piece| shown.iter().any(|page| page.contains(piece))),
                "{path} is never shown in {language:?}: {text}"
            );
        });
        assert!(count > 250, "{count}");
    }
}

#[test]
fn both_languages_have_the_same_lists_and_places() {
    let gather = |language| {
        let mut all = Vec::new();
        vocabulary(language).each("t", &mut |path, text| {
            let places: BTreeSet<_> = ["{service}", "{time}"]
                .into_iter()
                .filter(|place| text.contains(place))
                .collect();
            all.push((path, places));
        });
        all
    };
    assert_eq!(gather(Language::Ja), gather(Language::En));
}

#[test]
fn texts_are_cut_at_words_of_the_other_language() {
    let piece = |words, foreign| Segment { words, foreign };
    assert_eq!(
        "a ⟦b⟧ c".segments(),
        [piece("a ", false), piece("b", true), piece(" c", false)]
    );
    assert_eq!("⟦b⟧".segments(), [piece("b", true)]);
    assert_eq!("a⟧b".segments(), [piece("a⟧b", false)]);
    assert_eq!("a ⟦b".segments(), [piece("a ", false), piece("b", false)]);
    assert_eq!("{x} and {x}{y}".fill("x", "1"), "1 and 1{y}");
}
