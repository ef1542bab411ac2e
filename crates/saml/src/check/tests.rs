//! The table itself: every rule file is a row, and every refusal is answered the right way.

use super::*;
use crate::elements::{SecondStatus as Second, TopStatus as Top};

#[test]
fn every_rule_file_is_a_row() {
    let mut rows: Vec<&str> = WHO_ASKS
        .iter()
        .chain(&WHAT_IS_ASKED)
        .map(|rule| rule.name)
        .collect();
    rows.push(signature_verifies::NAME);
    rows.sort_unstable();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/authn_request");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".rs")
                .map(str::to_owned)
        })
        .filter(|name| name != "mod")
        .collect();
    files.sort_unstable();
    assert_eq!(rows, files);
}

#[test]
fn who_asks_is_answered_here_and_what_is_asked_there() {
    let found = || "x".to_owned();
    for local in [
        Reason::Xml(xml::Reason::SignatureInvalid),
        Reason::SignatureDemanded,
        Reason::SignatureInsideRedirect,
        Reason::RegisteredKeyUnusable,
        Reason::IssuerIsAnother { found: found() },
        Reason::DestinationMissing,
        Reason::DestinationElsewhere { found: found() },
        Reason::IssuedInFuture { seconds: 1 },
        Reason::RequestExpired { seconds: 1 },
        Reason::AcsAmbiguous,
        Reason::AcsNotRegistered { found: found() },
        Reason::AcsIndexNotRegistered { index: 1 },
        Reason::Missing { what: "ID" },
        Reason::NotDeflate,
    ] {
        assert_eq!(local.answer(), Answer::LocalPage, "{local}");
    }
    for (reason, top, second) in [
        (
            Reason::VersionUnsupported { higher: true },
            Top::VersionMismatch,
            Second::RequestVersionTooHigh,
        ),
        (
            Reason::VersionUnsupported { higher: false },
            Top::VersionMismatch,
            Second::RequestVersionTooLow,
        ),
        (
            Reason::BindingUnsupported { found: found() },
            Top::Requester,
            Second::UnsupportedBinding,
        ),
        (Reason::SubjectPresent, Top::Requester, Second::RequestUnsupported),
        (
            Reason::NameIdFormatUnsupported { found: found() },
            Top::Requester,
            Second::InvalidNameIdPolicy,
        ),
        (
            Reason::NameQualifierOfAnother { found: found() },
            Top::Requester,
            Second::InvalidNameIdPolicy,
        ),
        (
            Reason::AuthnContextUnknown,
            Top::Responder,
            Second::NoAuthnContext,
        ),
    ] {
        let status = crate::elements::Status {
            top,
            second: Some(second),
        };
        assert_eq!(reason.answer(), Answer::Respond(status), "{reason}");
    }
}
