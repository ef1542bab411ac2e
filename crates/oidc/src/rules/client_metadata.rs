//! Rules for clients that register themselves (RFC 7591; OpenID Connect Dynamic Client Registration 1.0).
//!
//! **Owns** one file per rule. Each has `CITES` (where it is written) and `check` (the row of the table in `client_metadata.rs`). Two more
//! are about what an address or a third party says, and are asked where that has come: `sector_document_lists_every_redirect_uri`,
//! `statement_is_by_an_approved_issuer`; one about changes alone: `replacement_names_itself`.
//!
//! **Deliberately absent**: what holds for every client, registered by itself or by an operator (`registration.rs`, by way of
//! `ClientFacts::from_settings`): it stands in one place.
//!
//! **Neighbours**: `client_metadata.rs`; the policy that gives the terms is decision 0029.
//!
//! **One more rule**: a file here and its row in the table.

pub mod addresses_are_on_granted_hosts;
pub mod keys_come_one_way;
pub mod nothing_is_encrypted;
pub mod only_codes_are_asked_for;
pub mod redirect_uris_are_of_a_web_client;
pub mod replacement_names_itself;
pub mod scope_is_the_least;
pub mod sector_document_lists_every_redirect_uri;
pub mod several_hosts_name_a_sector;
pub mod statement_is_by_an_approved_issuer;
pub mod subjects_are_pairwise;
pub mod texts_are_bounded;

use crate::client_metadata::MetadataFault;

const fn refuse(name: &'static str, because: &'static str) -> Result<(), MetadataFault> {
    Err(MetadataFault::Member { name, because })
}

/// The table of a rule's test: what it says to the canonical registration with these members changed (null: left out).
#[cfg(test)]
fn said(
    check: fn(&crate::client_metadata::MetadataAsk<'_>) -> Result<(), MetadataFault>,
    changes: &serde_json::Value,
) -> Result<(), MetadataFault> {
    let (metadata, terms) = (crate::sample::metadata(changes).unwrap(), crate::sample::terms());
    check(&crate::client_metadata::MetadataAsk {
        metadata: &metadata,
        terms: &terms,
    })
}
