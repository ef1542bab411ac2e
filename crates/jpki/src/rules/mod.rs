//! The rules of the user-authentication certificate, one file each, named by the sentence that must hold.
//!
//! **Owns** the single decisions; `check.rs` owns their order. **Deliberately absent**: any look at the clock or at
//! another rule's result. **Neighbours**: `reason.rs` has a variant for each refusal.
//!
//! **One more**: see the room's own docs.

pub(crate) mod a_pinned_ca_signed_it;
pub(crate) mod a_revocation_list_covers_it;
pub(crate) mod certificate_is_not_for_signing;
pub(crate) mod critical_extensions_are_known;
pub(crate) mod issuer_is_no_test_ca_in_production;
pub(crate) mod it_is_no_authority;
pub(crate) mod it_is_not_revoked;
pub(crate) mod key_is_strong;
pub(crate) mod key_usage_has_digital_signature;
pub(crate) mod policy_is_known;
pub(crate) mod purpose_has_client_auth;
pub(crate) mod the_revocation_list_is_fresh;
pub(crate) mod validity_has_begun;
pub(crate) mod validity_has_not_ended;
