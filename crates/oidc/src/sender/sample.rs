//! A proven DPoP key for the tables of this room's rules.

use crate::dpop::{Proof, ProvenKey};
use crate::sample::{ProofKey, proof_claims, proven_request};

/// A key that made an ES256 proof.
pub(crate) fn proven() -> ProvenKey {
    let key = ProofKey::new();
    let text = key.sign(&key.header(), &proof_claims());
    let proof = Proof::read([text.as_str()].into_iter()).unwrap().unwrap();
    proof.check(&proven_request()).unwrap()
}
