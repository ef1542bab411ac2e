//! Web SSO as a service provider sees it, with the `xmlsec1` and `xmllint` commands and the OASIS schemas as judges
//! (apt: xmlsec1, libxml2-utils, opensaml-schemas, xmltooling-schemas). A missing command fails these tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod attacks;
mod back_channel;
mod conformance_table;
mod logout;
mod metadata;
mod mutations;
mod party;
mod replies;
mod requests;
