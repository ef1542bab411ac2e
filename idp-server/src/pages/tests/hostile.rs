//! Text from outside stays text.

use audit::{TraceStep, Verdict};
use domain::{Language, Localized};

use super::super::*;
use super::document::Document;

const HOSTILE: &str = "\"'></title></bdi><script>alert(1)</script>&amp;<!--{service}⟦x⟧ onload=\"x\"";

fn hostile_name() -> Localized {
    Localized {
        ja: HOSTILE.to_owned(),
        en: HOSTILE.to_owned(),
    }
}

/// The page with hostile text has the same elements as the page with plain text, and shows the hostile text.
fn holds<P: Page>(plain: &P, hostile: &P) {
    for language in Language::ALL {
        let before = Document::read(&plain.render(language).unwrap());
        let html = hostile.render(language).unwrap();
        assert!(!html.contains("<script"), "{}", P::NAME);
        let after = Document::read(&html);
        assert_eq!(before.shape(), after.shape(), "{}", P::NAME);
        let shown = after.elements[0].text.contains(HOSTILE);
        let carried = after
            .elements
            .iter()
            .flat_map(|e| e.attributes.values())
            .any(|v| v.contains(HOSTILE));
        assert!(shown || carried, "{} lost the text", P::NAME);
    }
}

#[test]
fn hostile_names_are_only_text() {
    let page = SignInPage::samples().remove(0).1;
    holds(
        &page,
        &SignInPage {
            service_name: hostile_name(),
            ..page.clone()
        },
    );
    let page = RetryPage::samples().remove(0).1;
    holds(
        &page,
        &RetryPage {
            service_name: hostile_name(),
            ..page.clone()
        },
    );
    let page = ConsentPage::samples().remove(0).1;
    holds(
        &page,
        &ConsentPage {
            service_name: hostile_name(),
            ..page.clone()
        },
    );
    let mut page = page;
    page.details = vec![ShownDetail {
        title: "title".to_owned(),
        members: vec![("name".to_owned(), "value".to_owned())],
    }];
    let details = vec![ShownDetail {
        title: HOSTILE.to_owned(),
        members: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
    }];
    holds(
        &page,
        &ConsentPage {
            details,
            ..page.clone()
        },
    );
    let page = DeviceCodePage::samples().remove(1).1;
    holds(
        &page,
        &DeviceCodePage {
            typed: HOSTILE.to_owned(),
            ..page.clone()
        },
    );
    let page = DeviceEndPage::samples().remove(0).1;
    holds(
        &page,
        &DeviceEndPage {
            service_name: hostile_name(),
            ..page.clone()
        },
    );
    let page = PostToServicePage::samples().remove(0).1;
    let fields = vec![(HOSTILE.to_owned(), HOSTILE.to_owned()); 2];
    holds(
        &page,
        &PostToServicePage {
            fields,
            action: HOSTILE.to_owned(),
            ..page.clone()
        },
    );
    let page = LogoutConfirmPage::samples().remove(1).1;
    holds(
        &page,
        &LogoutConfirmPage {
            service_name: Some(hostile_name()),
            ..page.clone()
        },
    );
    let page = SignedOutPage::samples().remove(1).1;
    holds(
        &page,
        &SignedOutPage {
            service_name: Some(hostile_name()),
            ..page.clone()
        },
    );
    let page = HomePage::samples().remove(1).1;
    let mut frame = page.frame.clone();
    let contact = frame.contact.as_mut().unwrap();
    contact.name = hostile_name();
    contact.telephone = HOSTILE.to_owned();
    holds(&page, &HomePage { frame });
}

#[test]
fn hostile_text_in_refusals_and_records_is_only_text() {
    for (_, page) in RefusedPage::samples() {
        if page.service_name.is_some() {
            holds(
                &page,
                &RefusedPage {
                    service_name: Some(hostile_name()),
                    ..page.clone()
                },
            );
        }
        if let RefusalPage::RequestInvalid { .. } = page.refusal {
            let refusal = RefusalPage::RequestInvalid {
                technical_code: HOSTILE.to_owned(),
            };
            holds(
                &page,
                &RefusedPage {
                    refusal,
                    ..page.clone()
                },
            );
        }
    }
    for (_, page) in ReferencePage::samples() {
        let lookup = match page.lookup.clone() {
            ReferenceLookup::Malformed(_) => ReferenceLookup::Malformed(HOSTILE.to_owned()),
            ReferenceLookup::Found(mut record) if !record.trace.is_empty() => {
                record.action = HOSTILE.to_owned();
                record.facts = record
                    .facts
                    .into_keys()
                    .map(|key| (key, HOSTILE.to_owned()))
                    .collect();
                for step in &mut record.trace {
                    *step = TraceStep {
                        room: HOSTILE.to_owned(),
                        rule: HOSTILE.to_owned(),
                        verdict: Verdict::Failed,
                        detail: if step.detail.is_empty() {
                            String::new()
                        } else {
                            HOSTILE.to_owned()
                        },
                    };
                }
                ReferenceLookup::Found(record)
            }
            _ => continue,
        };
        holds(
            &page,
            &ReferencePage {
                lookup,
                ..page.clone()
            },
        );
    }
}
