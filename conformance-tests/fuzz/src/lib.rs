//! Fuzz targets: one for every parser of bytes that come from outside, with the seeds from which mutation starts.
//!
//! A target is a function over bytes that must neither panic nor run away, and that asserts what must hold of whatever the
//! parser accepted (a serialisation that reads back, a bound that was kept, an answer that is never "good").
//!
//! **Two runners.** `cargo xtask fuzz` builds the binary with coverage instrumentation and lets libFuzzer drive it; the test
//! `tests/smoke.rs` drives every target with its seeds and a fixed number of mutations in every run of the suites, so that a
//! target that no longer starts is noticed at once.
//!
//! **Deliberately absent**: parsers of what only operators write (configuration, service files); bodies of devices, terminals and
//! verifiers, which serde's derived code reads from bounded JSON and the `base64` library from its texts (what is inside has targets:
//! certificates, signed messages, challenges); consents to verifiers, which are composed anew and compared with what was signed.
//!
//! **Neighbours**: the rooms whose parsers they are; `sim` makes the seeds.
//!
//! **One more target**: a function in `targets/`, its seeds, its row in [`TARGETS`].

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a judge fails by panicking"
)]

mod mutation;
mod targets;

pub use mutation::Mutations;

/// One parser under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Reads the bytes and asserts what must hold.
    pub run: fn(&[u8]),
    /// Good and nearly good inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "certificate",
        run: targets::x509::certificate,
        seeds: targets::x509::certificates,
    },
    Target {
        name: "revocation_list",
        run: targets::x509::revocation_list,
        seeds: targets::x509::revocation_lists,
    },
    Target {
        name: "public_key",
        run: targets::x509::public_key,
        seeds: targets::x509::public_keys,
    },
    Target {
        name: "path",
        run: targets::paths::path,
        seeds: targets::paths::paths,
    },
    Target {
        name: "authority_list",
        run: targets::paths::authority_list,
        seeds: targets::paths::authority_lists,
    },
    Target {
        name: "signed_message",
        run: targets::paths::signed_message,
        seeds: targets::paths::signed_messages,
    },
    Target {
        name: "index_file",
        run: targets::index_files::index_file,
        seeds: targets::index_files::index_files,
    },
    Target {
        name: "ocsp_response",
        run: targets::ocsp::response,
        seeds: targets::ocsp::responses,
    },
    Target {
        name: "ocsp_signed_data",
        run: targets::ocsp::signed_data,
        seeds: targets::ocsp::datas,
    },
    Target {
        name: "xml",
        run: targets::markup::document,
        seeds: targets::markup::documents,
    },
    Target {
        name: "saml_redirect",
        run: targets::federation::redirect,
        seeds: targets::federation::redirects,
    },
    Target {
        name: "saml_post",
        run: targets::federation::post,
        seeds: targets::federation::posts,
    },
    Target {
        name: "saml_authn_request",
        run: targets::federation::authn_request,
        seeds: targets::markup::documents,
    },
    Target {
        name: "saml_soap",
        run: targets::federation::envelope,
        seeds: targets::federation::envelopes,
    },
    Target {
        name: "saml_metadata",
        run: targets::federation::metadata,
        seeds: targets::federation::metadata_documents,
    },
    Target {
        name: "saml_aggregate",
        run: targets::federation::aggregate,
        seeds: targets::federation::aggregates,
    },
    Target {
        name: "jws",
        run: targets::json::jws,
        seeds: targets::json::tokens,
    },
    Target {
        name: "json",
        run: targets::json::document,
        seeds: targets::json::key_sets,
    },
    Target {
        name: "token_request",
        run: targets::oauth::token,
        seeds: targets::oauth::tokens,
    },
    Target {
        name: "logout_request",
        run: targets::oauth::logout,
        seeds: targets::oauth::logouts,
    },
    Target {
        name: "upload",
        run: targets::forms::upload,
        seeds: targets::forms::uploads,
    },
    Target {
        name: "challenge",
        run: targets::forms::challenge,
        seeds: targets::forms::challenges,
    },
    Target {
        name: "authorization_request",
        run: targets::signed::judged,
        seeds: targets::signed::requests,
    },
    Target {
        name: "request_object",
        run: targets::signed::request_object,
        seeds: targets::signed::objects,
    },
    Target {
        name: "dpop_header",
        run: targets::signed::dpop_header,
        seeds: targets::signed::headers,
    },
    Target {
        name: "dpop_proof",
        run: targets::signed::dpop_proof,
        seeds: targets::signed::proofs,
    },
    Target {
        name: "bearer",
        run: targets::oauth::bearer,
        seeds: targets::oauth::bearers,
    },
    Target {
        name: "saml_logout",
        run: targets::federation::logout,
        seeds: targets::federation::logouts,
    },
    Target {
        name: "saml_artifact",
        run: targets::federation::artifact,
        seeds: targets::federation::artifacts,
    },
    Target {
        name: "four_items",
        run: targets::jlis::four_items,
        seeds: targets::jlis::items,
    },
    Target {
        name: "four_items_answer",
        run: targets::jlis::four_items_answer,
        seeds: targets::jlis::answers_with_items,
    },
    Target {
        name: "jlis_links",
        run: targets::jlis::links,
        seeds: targets::jlis::relatives,
    },
    Target {
        name: "jlis_lists",
        run: targets::jlis::manifest,
        seeds: targets::jlis::manifests,
    },
    Target {
        name: "registration",
        run: targets::oauth::registration,
        seeds: targets::oauth::registrations,
    },
    Target {
        name: "sdk_response",
        run: targets::services::response,
        seeds: targets::services::responses,
    },
    Target {
        name: "sdk_metadata",
        run: targets::services::metadata,
        seeds: targets::services::metadata_documents,
    },
    Target {
        name: "sdk_oidc",
        run: targets::sdk_oidc::answers,
        seeds: targets::sdk_oidc::samples,
    },
    Target {
        name: "claims",
        run: targets::claims::claims,
        seeds: targets::claims::samples,
    },
    Target {
        name: "texts",
        run: targets::texts::texts,
        seeds: targets::texts::samples,
    },
    Target {
        name: "xml_encrypted",
        run: targets::markup::sealed,
        seeds: targets::markup::sealed_documents,
    },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
