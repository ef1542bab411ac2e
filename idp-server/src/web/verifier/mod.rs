//! The interface for approved verifiers (検証代行), `/v1/…`: signatures verified, changes told, the latest 基本4情報, on behalf of those who
//! may not or will not ask the certification authority themselves.
//!
//! **Owns** authentication of verifiers (`token.rs`, `asked.rs`), the answers (`signatures.rs`, `evidence.rs`, `watches.rs`, `notices.rs`,
//! `latest.rs`, `usage.rs`), consents (`consent.rs`, `consents.rs`, `held.rs`, `withdrawals.rs`), problems (`problem.rs`) and the description that a test holds against all of
//! it (`openapi.json`).
//!
//! **Deliberately absent**: any judgement (it is in `pki` and `jpki`), the register of verifiers (`trust_framework::verifiers`), and every way to
//! learn a serial number: linked ones, those of certificates shown before, raw certificates, names of subjects (公的個人認証法 Article 52).
//!
//! **Neighbours**: `jobs/watches` finds changes, `jobs/push` delivers them.
//!
//! **One more operation**: a file here, its row in [`scope`], its description in `openapi.json`, a case in
//! `conformance-tests/tests/verification`.

pub mod asked;
pub mod consent;
pub mod consents;
pub mod evidence;
pub mod held;
pub mod latest;
pub mod notices;
pub mod openapi;
pub mod problem;
pub mod signatures;
pub mod status;
pub mod token;
pub mod usage;
pub mod watches;
pub mod wire;
pub mod withdrawals;
pub mod words;

use actix_web::web::{self, delete, get, post};
use actix_web::{Route, Scope};
use domain::Entropy;

pub use asked::Asked;
use consents::{LatestItems, StatusWatch};
pub use problem::VerifierProblem;

/// Octets of a request without a document: a consent of one page, signed.
const SMALL: usize = 128 * 1024;
/// A document, its base64, and what goes with it.
const AROUND_A_DOCUMENT: usize = 256 * 1024;

/// The table, below one scope, so that everybody else's requests pass it at the cost of a look at their first segment. `document_bytes`
/// bounds a document.
pub fn scope(document_bytes: usize) -> Scope {
    let large = document_bytes.saturating_mul(2).saturating_add(AROUND_A_DOCUMENT);
    let at = |path: &str, limit: usize, methods: Vec<Route>| {
        let mut resource = web::resource(path).app_data(web::PayloadConfig::new(limit));
        for method in methods {
            resource = resource.route(method);
        }
        resource.default_service(web::to(problem::wrong_method))
    };
    let (watch, consent) = ("/watches/{id}", "/four-items-consents/{id}");
    web::scope("/v1")
        .service(at("/openapi.json", 0, vec![get().to(openapi::get)]))
        .service(at("/token", SMALL, vec![post().to(token::post)]))
        .service(at("/signatures/verify", large, vec![post().to(signatures::post)]))
        .service(at("/consent-texts", SMALL, vec![post().to(consent::post)]))
        .service(at(
            "/watches",
            SMALL,
            vec![post().to(consents::post::<StatusWatch>)],
        ))
        .service(at("/notices", SMALL, vec![get().to(notices::get)]))
        .service(at(
            "/four-items-consents",
            SMALL,
            vec![post().to(consents::post::<LatestItems>)],
        ))
        .service(at("/withdrawals", SMALL, vec![post().to(withdrawals::post)]))
        .service(at("/usage", SMALL, vec![get().to(usage::get)]))
        .service(at("/evidence/{id}", SMALL, vec![get().to(evidence::get)]))
        .service(at(
            watch,
            SMALL,
            vec![
                get().to(consents::get::<StatusWatch>),
                delete().to(consents::delete::<StatusWatch>),
            ],
        ))
        .service(at("/watches/{id}/state", SMALL, vec![get().to(watches::state)]))
        .service(at(
            consent,
            SMALL,
            vec![
                get().to(consents::get::<LatestItems>),
                delete().to(consents::delete::<LatestItems>),
            ],
        ))
        .service(at(
            "/four-items-consents/{id}/latest",
            SMALL,
            vec![post().to(latest::ask)],
        ))
        .default_service(web::to(problem::not_found))
}

/// A fresh identifier: 128 unpredictable bits in hexadecimal after a prefix with a letter, so never all digits.
fn fresh_id(entropy: &dyn Entropy, prefix: &str) -> String {
    let bytes: [u8; 16] = entropy.array();
    hex(prefix, &bytes)
}

fn hex(prefix: &str, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(prefix.to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
