//! Grants: what may be exchanged for tokens.
//!
//! **Owns** one file per grant type; each checks what is stored against what is presented and returns its own proof.
//!
//! **Deliberately absent**: look-ups, single use (a unique insert of the caller), what is issued.
//!
//! **Neighbours**: `client_authentication` proves the client first; `id_token.rs` wants the proof.
//!
//! **One more grant**: a file here, a variant of `GrantRequest`, its name in `discovery.rs`.

pub mod authorization_code;
pub mod device_code;
pub mod refresh_token;

use domain::AuthorizationGrant;

use crate::AuthenticatedClient;

/// Proof that a grant may be exchanged now by this client: made by the files of this room alone. Whether what was shown (a code, a
/// refresh token) is used for the first time is decided by the batch that issues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Approved<'a> {
    grant: &'a AuthorizationGrant,
    client: &'a AuthenticatedClient,
}

impl<'a> Approved<'a> {
    /// The grant.
    pub fn grant(&self) -> &'a AuthorizationGrant {
        self.grant
    }

    /// The client.
    pub fn client(&self) -> &'a AuthenticatedClient {
        self.client
    }
}
