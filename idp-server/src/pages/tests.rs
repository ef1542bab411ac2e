//! Every page × every sample × both languages, read by a strict reader; then refusals, codes and assets.

mod document;
mod hostile;
mod words;

use std::collections::BTreeSet;

use domain::Language;

use self::document::Document;
use super::text::vocabulary;
use super::*;

/// Each page with its name for messages.
fn every_page(language: Language) -> Vec<(String, RenderedSample, Document)> {
    let samples = every_sample(language).unwrap();
    assert!(samples.len() > 60, "samples got lost: {}", samples.len());
    samples
        .into_iter()
        .map(|sample| {
            let name = format!("{}.{}.{}", sample.page, sample.label, language.tag());
            let document = Document::read(&sample.html);
            (name, sample, document)
        })
        .collect()
}

fn each(check: impl Fn(&str, Language, &RenderedSample, &Document)) {
    for language in Language::ALL {
        for (name, sample, document) in every_page(language) {
            check(&name, language, &sample, &document);
        }
    }
}

#[test]
fn labels_are_unique_within_a_page() {
    let mut seen = BTreeSet::new();
    for (name, ..) in every_page(Language::Ja) {
        assert!(seen.insert(name.clone()), "{name} twice");
    }
}

#[test]
fn every_page_has_language_title_landmarks_and_one_main_heading() {
    each(|name, language, _, document| {
        assert_eq!(document.only("html").get("lang"), Some(language.tag()), "{name}");
        let title = &document.only("title").text;
        assert!(
            title.contains(vocabulary(language).shell.platform),
            "{name}: {title}"
        );
        for landmark in ["header", "main", "footer"] {
            document.only(landmark);
        }
        let heading = document.only("h1");
        assert!(!heading.text.trim().is_empty(), "{name}");
        assert_eq!(document.only("main").get("id"), Some("main"), "{name}");
        assert_eq!(
            document.all("a")[0].get("href"),
            Some("#main"),
            "{name}: skip link first"
        );
        let mut level = 1;
        let main = document.index_of(document.only("main"));
        for element in &document.elements[main..] {
            if let Some(digit) = element
                .name
                .strip_prefix('h')
                .and_then(|rest| rest.parse::<u8>().ok())
            {
                assert!(digit <= level + 1, "{name}: h{digit} behind h{level}");
                assert!(!element.text.trim().is_empty(), "{name}: empty heading");
                level = digit;
            }
        }
    });
}

#[test]
fn every_title_names_the_service_that_the_page_names() {
    each(|name, _, _, document| {
        let title = &document.only("title").text;
        for card in document
            .elements
            .iter()
            .filter(|element| element.get("class") == Some("service__name"))
        {
            assert!(title.contains(card.text.trim()), "{name}: {title}");
        }
    });
}

#[test]
fn ids_are_unique_and_every_reference_finds_one() {
    each(|name, _, _, document| {
        let mut ids = BTreeSet::new();
        for id in document.elements.iter().filter_map(|element| element.get("id")) {
            assert!(ids.insert(id), "{name}: id {id} twice");
        }
        for element in &document.elements {
            for attribute in ["for", "aria-labelledby", "aria-describedby"] {
                for id in element.get(attribute).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id), "{name}: {attribute}={id}");
                }
            }
            if let Some(fragment) = element.get("href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(fragment), "{name}: #{fragment}");
            }
        }
    });
}

#[test]
fn nothing_needs_script_inline_style_or_another_origin() {
    let paths: Vec<_> = assets::all().iter().map(|asset| asset.path()).collect();
    each(|name, _, _, document| {
        for element in &document.elements {
            // What a service registered for it (OpenID Connect Front-Channel Logout 1.0), kept from leading the person away.
            if name.starts_with("signed-out.partial.") && element.name == "iframe" {
                assert_eq!(
                    element.get("sandbox"),
                    Some("allow-scripts allow-same-origin"),
                    "{name}"
                );
                assert!(element.get("src").unwrap().starts_with("https://"), "{name}");
                continue;
            }
            assert!(
                ![
                    "script", "style", "iframe", "object", "embed", "img", "base", "noscript"
                ]
                .contains(&element.name.as_str()),
                "{name}: <{}>",
                element.name
            );
            for (key, value) in &element.attributes {
                assert!(
                    !key.starts_with("on") && key != "style" && key != "src",
                    "{name}: {key}"
                );
                assert!(
                    !value.trim_start().to_ascii_lowercase().starts_with("javascript:"),
                    "{name}"
                );
            }
            if element.name == "link" {
                assert!(
                    paths.contains(&element.get("href").unwrap()),
                    "{name}: {element:?}"
                );
            }
            assert!(element.get("http-equiv").is_none(), "{name}: leads on by itself");
        }
    });
}

#[test]
fn what_happens_after_the_click_is_in_view_without_opening_anything() {
    for language in Language::ALL {
        let texts = &vocabulary(language).sign_in;
        let html = SignInPage::samples().remove(0).1.render(language).unwrap();
        let document = Document::read(&html);
        let hidden = &document.only("details").text;
        let shown = &document.only("main").text;
        let last_step = texts.step_list.last().unwrap();
        for text in [
            texts.nothing,
            texts.wrong_pin,
            texts.password,
            texts.cancelled,
            last_step,
        ] {
            assert!(shown.contains(text) && !hidden.contains(text), "{text}");
        }
    }
}

#[test]
fn every_control_has_a_name_and_every_form_of_ours_its_token() {
    each(|name, _, _, document| {
        for field in document.all("input") {
            if field.get("type") == Some("hidden") {
                continue;
            }
            let id = field.get("id").unwrap_or_else(|| panic!("{name}: {field:?}"));
            let labels: Vec<_> = document
                .all("label")
                .into_iter()
                .filter(|l| l.get("for") == Some(id))
                .collect();
            assert_eq!(labels.len(), 1, "{name}: label of {id}");
            assert!(!labels[0].text.trim().is_empty(), "{name}");
        }
        for control in document
            .all("button")
            .into_iter()
            .chain(document.all("a"))
            .chain(document.all("summary"))
        {
            assert!(!control.text.trim().is_empty(), "{name}: {control:?}");
        }
        for form in document.all("form") {
            let inside = |wanted: &str| {
                (0..document.elements.len())
                    .filter(|child| document.around(*child).iter().any(|e| std::ptr::eq(*e, form)))
                    .filter(|child| document.elements[*child].get("name") == Some(wanted))
                    .count()
            };
            let action = form.get("action").unwrap();
            let ours = action.starts_with('/') && form.get("method") == Some("post");
            assert_eq!(inside(fields::CSRF), usize::from(ours), "{name}: {action}");
        }
    });
}

#[test]
fn every_navigation_and_region_has_a_name() {
    each(|name, _, _, document| {
        for element in &document.elements {
            let named = element.get("aria-label").or(element.get("aria-labelledby"));
            let needs = matches!(element.name.as_str(), "nav" | "section")
                || matches!(element.get("role"), Some("region" | "group"));
            assert!(
                !needs || named.is_some_and(|text| !text.trim().is_empty()),
                "{name}: {element:?}"
            );
        }
    });
}

#[test]
fn codes_are_stable_unique_words() {
    let mut codes = BTreeSet::new();
    for refusal in RefusalPage::all() {
        let code = refusal.code();
        assert!(
            code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
        assert!(
            [400, 403, 404, 405, 409, 410, 429, 500, 503].contains(&refusal.status()),
            "{code}"
        );
        assert!(codes.insert(code) || code == "revoked", "{code} twice");
    }
    // The public list: a code may be added, never renamed.
    let list = "account_closed account_left busy certificate_not_settled certificate_replaced crl_missing crl_stale csrf device_challenge_used device_code_unknown \
        device_not_confirmed device_not_enough device_signature device_too_late enrolment_required expired identity_refused identity_undecided level_unreachable \
        links_unavailable malformed_profile method_not_allowed no_certificate not_yet_valid other_person page_not_found \
        request_invalid revoked server_fault service_suspended service_unknown session_ended_by_revocation \
        signing_certificate status_contradiction status_unavailable status_unknown test_ca_in_production ticket_expired ticket_other_browser ticket_used too_many_attempts \
        transaction_answered transaction_expired transaction_unknown unknown_ca unknown_policy weak_key";
    assert_eq!(codes, list.split_whitespace().collect());
}

#[test]
fn refusals_offer_only_what_their_context_holds() {
    for (label, page) in RefusedPage::samples() {
        let html = page.render(Language::En).unwrap();
        let document = Document::read(&html);
        let text = &document.elements[0].text;
        assert_eq!(
            text.contains("Return to the service"),
            page.return_to.is_some(),
            "{label}"
        );
        let families: Vec<_> = document
            .all("button")
            .into_iter()
            .filter_map(|b| b.get("value"))
            .collect();
        let both = page.refusal == RefusalPage::NoCertificate;
        let expected: &[&str] = match (&page.retry, both) {
            (None, _) => &[],
            (Some(_), false) => &["card"],
            (Some(_), true) => &["card", "card12"],
        };
        assert_eq!(families, expected, "{label}");
        assert!(
            html.contains(&format!(">{}</code>", page.refusal.code())),
            "{label}"
        );
        assert_eq!(html.contains("K7Q2M-9XW4T"), page.reference.is_some(), "{label}");
    }
}

#[test]
fn each_refusal_says_something_of_its_own() {
    for language in Language::ALL {
        let mut seen = BTreeSet::new();
        for refusal in RefusalPage::all() {
            let page = RefusedPage {
                frame: Frame::bare_sample(),
                refusal,
                service_name: None,
                retry: None,
                enrol: None,
                return_to: None,
                reference: None,
            };
            let html = page.render(language).unwrap();
            let code = format!(">{}</code>", page.refusal.code());
            assert!(
                seen.insert(html.replace(&code, "")),
                "{:?} says what another says",
                page.refusal
            );
        }
    }
}

#[test]
fn the_language_switch_marks_where_we_are_and_links_the_other() {
    let page = HomePage::samples().remove(0).1;
    for (language, here, there) in [
        (Language::Ja, "日本語", "English"),
        (Language::En, "English", "日本語"),
    ] {
        let document = Document::read(&page.render(language).unwrap());
        let current = document
            .elements
            .iter()
            .find(|e| e.get("aria-current").is_some())
            .unwrap();
        assert_eq!(current.text, here);
        let link = document
            .elements
            .iter()
            .find(|e| e.get("hreflang").is_some())
            .unwrap();
        assert_eq!(
            (link.text.as_str(), link.get("lang")),
            (there, link.get("hreflang"))
        );
        assert!(
            link.get("href")
                .unwrap()
                .contains(&format!("to={}", link.get("lang").unwrap()))
        );
    }
}

#[test]
fn the_stylesheet_fetches_nothing_and_its_address_names_its_content() {
    let css = std::str::from_utf8(assets::stylesheet().bytes()).unwrap();
    for word in ["url(", "@import", "@font-face", "http:", "https:", "expression("] {
        assert!(!css.contains(word), "{word}");
    }
    assert!(css.contains("forced-colors: active") && css.contains("@media print"));
    for asset in assets::all() {
        let name = asset.path().strip_prefix("/assets/").unwrap();
        let (hash, _) = name.split_once('.').unwrap();
        assert!(
            hash.len() == 20 && hash.bytes().all(|b| b.is_ascii_hexdigit()),
            "{name}"
        );
        assert_eq!(
            assets::find(asset.path()).map(assets::Asset::bytes),
            Some(asset.bytes())
        );
    }
    assert!(assets::find("/assets/0.css").is_none());
}

#[test]
fn every_class_on_a_page_is_known_to_the_stylesheet() {
    let css = std::str::from_utf8(assets::stylesheet().bytes()).unwrap();
    // Hooks without a look of their own.
    let plain = [
        "button--outline",
        "banner--info",
        "facts--wide",
        "verdict",
        "verdict--passed",
        "search",
    ];
    each(|name, _, _, document| {
        for class in document
            .elements
            .iter()
            .filter_map(|e| e.get("class"))
            .flat_map(str::split_whitespace)
        {
            assert!(
                plain.contains(&class) || css.contains(&format!(".{class}")),
                "{name}: {class}"
            );
        }
    });
}

/// What a person reads of a refusal: its title, cause, next steps and reference, as text.
fn read_of_refusals(language: Language) -> Vec<(RefusalPage, String)> {
    let reference = "K7Q2M-9XW4T";
    RefusalPage::all()
        .into_iter()
        .map(|refusal| {
            let page = RefusedPage {
                frame: Frame::sample(),
                service_name: None,
                retry: None,
                enrol: None,
                return_to: None,
                reference: reference.parse().ok(),
                refusal: refusal.clone(),
            };
            let document = Document::read(&page.render(language).unwrap());
            let main = document.only("main").text.clone();
            assert!(main.contains(reference), "{refusal:?}: no reference to tell");
            (refusal, main)
        })
        .collect()
}

#[test]
fn every_refusal_says_what_to_do_next_in_words_of_its_own() {
    for language in Language::ALL {
        let mut told = BTreeSet::new();
        for (refusal, text) in read_of_refusals(language) {
            assert!(
                told.insert(text.clone()),
                "{refusal:?} reads like another one: {text}"
            );
            let words = refusal.text(vocabulary(language));
            assert!(!words.next.is_empty(), "{refusal:?}: nothing to do");
            for said in words.next.iter().chain([&words.title, &words.cause]) {
                assert!(said.chars().count() >= 6, "{refusal:?}: {said}");
            }
            assert!(!words.next.contains(&words.cause), "{refusal:?}");
        }
        let titles: BTreeSet<_> = RefusalPage::all()
            .iter()
            .map(|refusal| refusal.text(vocabulary(language)).title)
            .collect();
        let codes: BTreeSet<_> = RefusalPage::all().iter().map(RefusalPage::code).collect();
        assert_eq!(titles.len(), codes.len(), "a title for each code in {language:?}");
    }
}

/// Each refusal that the sign-in knows is drawn as a page of its own code; only those that are told to the service instead, and a request
/// that is wrong, share one.
#[test]
fn every_refusal_of_the_sign_in_has_its_page() {
    use login::Refusal;
    for refusal in Refusal::ALL {
        let page = crate::web::error::page_for(refusal);
        let told_to_the_service = matches!(
            refusal,
            Refusal::LoginRequired
                | Refusal::ConsentRequired
                | Refusal::ConsentDeclined
                | Refusal::Cancelled
                | Refusal::RequestInvalid
        );
        if told_to_the_service {
            assert_eq!(page.code(), "request_invalid", "{refusal:?}");
        } else {
            assert_eq!(page.code(), refusal.code(), "{refusal:?}");
        }
    }
}
