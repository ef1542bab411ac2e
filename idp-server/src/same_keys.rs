//! All nodes of one Ledger have the same keys. The key directory is a folder of files that every node mounts or is given; here the
//! Ledger is asked whether this node's files are the ones with which it was written.
//!
//! A node with another sealing key would recognise nobody and make everybody a second account. One that lacks the key with which
//! others sign publishes a key set in which services do not find what they verify with. Either is refused at the start.

use domain::CertificateDigest;
use keys::{KeyState, KeyUse, Ring, SigningKey};
use store::{Batch, CommitOutcome, Ledger, Write};

use crate::vault::Vault;

/// What is digested to tell one sealing key from another; no certificate has this issuer.
const ISSUER: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const QUESTION: &[u8] = b"which key is this";

/// What the Ledger remembers of keys.
fn remembered(vault: &Vault, ring: &Ring) -> Vec<(String, String)> {
    let sealing = vault.digests(ISSUER, QUESTION).into_iter();
    let sealing = sealing.map(|CertificateDigest { key_version, value }| (sealing_name(key_version), value));
    let signing = ring.keys().iter().filter(|key| signs(key));
    sealing
        .chain(signing.map(|key| (signing_name(key), key.id.as_str().to_owned())))
        .collect()
}

fn signs(key: &SigningKey) -> bool {
    matches!(key.state, KeyState::Active { .. })
}

fn is_announced(ring: &Ring, id: &str) -> bool {
    ring.keys()
        .iter()
        .any(|key| key.id.as_str() == id && matches!(key.state, KeyState::Announced { .. }))
}

fn sealing_name(version: u32) -> String {
    format!("sealing_key.{version}")
}

fn signing_name(key: &SigningKey) -> String {
    let key_use = match key.key_use {
        KeyUse::OpenIdConnect => "oidc",
        KeyUse::Saml => "saml",
    };
    format!("signing_key.{key_use}.{}", key.algorithm)
}

/// Holds this node's keys against what the Ledger remembers, and lets it remember what is new. The text of a refusal says what
/// to do.
pub(crate) async fn hold(ledger: &dyn Ledger, vault: &Vault, ring: &Ring) -> Result<(), String> {
    let fault = |fault: store::StoreFault| fault.to_string();
    let newest = vault
        .digests(ISSUER, QUESTION)
        .first()
        .map_or(0, |digest| digest.key_version);
    let next = newest.saturating_add(1);
    if ledger.state(&sealing_name(next)).await.map_err(fault)?.is_some() {
        return Err(format!(
            "sealing.json ends at version {newest}, and another node has already written with version {next}; copy the key \
             directory of that node"
        ));
    }
    let mut batch = Batch::new();
    for (name, own) in remembered(vault, ring) {
        let known = ledger.state(&name).await.map_err(fault)?;
        match known {
            Some(known) if known == own => continue,
            Some(_) if name.starts_with("sealing_key.") => {
                return Err(format!(
                    "{name} in sealing.json is another key than the one that this Ledger was written with: nobody would be \
                     recognised; copy the key directory of a node that works (or, knowing what it means: idp-server keys adopt)"
                ));
            }
            Some(known) if ring.keys().iter().all(|key| key.id.as_str() != known) => {
                return Err(format!(
                    "{name}: another node signs with {known}, which is not in this node's key directory; copy the key \
                     directory of that node (or, after a loss: idp-server keys adopt)"
                ));
            }
            // Others sign with a key that is only announced here: this directory is behind, and what is remembered is not turned back.
            Some(known) if is_announced(ring, &known) => continue,
            Some(_) | None => {}
        }
        batch = batch.write(Write::PutState {
            key: name,
            value: own,
        });
    }
    write(ledger, batch).await
}

/// Lets the Ledger take this directory's keys for its own, whatever it remembered.
pub(crate) async fn adopt(
    ledger: &dyn Ledger,
    vault: &Vault,
    ring: &Ring,
    mut batch: Batch,
) -> Result<(), String> {
    for (key, value) in remembered(vault, ring) {
        batch = batch.write(Write::PutState { key, value });
    }
    write(ledger, batch).await
}

async fn write(ledger: &dyn Ledger, batch: Batch) -> Result<(), String> {
    if batch == Batch::new() {
        return Ok(());
    }
    match ledger.commit(batch).await {
        Ok(CommitOutcome::Committed) => Ok(()),
        Ok(CommitOutcome::Conflict(conflict)) => Err(format!("{conflict:?}")),
        Err(fault) => Err(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use keys::file::{FileKeys, Plan, add_sealing_version, init_sealing_keys, read_sealing_keys};
    use keys::{Activation, KeyId};
    use store::memory::MemoryLedger;
    use tempfile::TempDir;

    use super::*;
    use crate::cli::keys::SEALING_FILE;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn directory() -> (TempDir, FileKeys) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = FileKeys::init(&path, &Plan::INITIAL, "test", NOW).unwrap();
        init_sealing_keys(&path.join(SEALING_FILE)).unwrap();
        (folder, keys)
    }

    fn vault(folder: &TempDir) -> Vault {
        Vault::new(read_sealing_keys(&folder.path().join("keys").join(SEALING_FILE)).unwrap())
    }

    #[tokio::test]
    async fn the_same_keys_are_welcome_and_others_are_not_until_they_are_adopted() {
        let ledger = MemoryLedger::default();
        let (ours, our_keys) = directory();
        let (theirs, their_keys) = directory();
        for _ in 0..2 {
            assert_eq!(hold(&ledger, &vault(&ours), our_keys.ring()).await, Ok(()));
        }
        let sealing = hold(&ledger, &vault(&theirs), our_keys.ring()).await.unwrap_err();
        assert!(sealing.contains("nobody would be recognised"), "{sealing}");
        let signing = hold(&ledger, &vault(&ours), their_keys.ring()).await.unwrap_err();
        assert!(signing.contains("another node signs with"), "{signing}");
        adopt(&ledger, &vault(&theirs), their_keys.ring(), Batch::new())
            .await
            .unwrap();
        assert_eq!(hold(&ledger, &vault(&theirs), their_keys.ring()).await, Ok(()));
        assert!(hold(&ledger, &vault(&ours), our_keys.ring()).await.is_err());
    }

    /// A node that is behind in a roll-over is refused only when it lacks the key with which others sign.
    #[tokio::test]
    async fn a_roll_over_may_reach_one_node_before_the_other() {
        let ledger = MemoryLedger::default();
        let (folder, before) = directory();
        hold(&ledger, &vault(&folder), before.ring()).await.unwrap();
        let announced = before.announce(Plan::INITIAL[0], "test", NOW).unwrap();
        let known: Vec<&KeyId> = before.ring().keys().iter().map(|key| &key.id).collect();
        let fresh = announced
            .ring()
            .keys()
            .iter()
            .find(|key| !known.contains(&&key.id))
            .unwrap();
        let how = Activation::AfterNotice { seconds: 0 };
        let activated = announced.activate(&fresh.id, how, NOW).unwrap();
        assert_eq!(hold(&ledger, &vault(&folder), activated.ring()).await, Ok(()));
        // The one that is behind is welcome, and turns nothing back: whoever lacks the key is refused after it as before it.
        assert_eq!(hold(&ledger, &vault(&folder), announced.ring()).await, Ok(()));
        let behind = hold(&ledger, &vault(&folder), before.ring()).await.unwrap_err();
        assert!(behind.contains(fresh.id.as_str()), "{behind}");
    }

    #[tokio::test]
    async fn a_node_without_the_newest_sealing_version_is_refused() {
        let ledger = MemoryLedger::default();
        let (folder, keys) = directory();
        let old = vault(&folder);
        hold(&ledger, &old, keys.ring()).await.unwrap();
        add_sealing_version(&folder.path().join("keys").join(SEALING_FILE)).unwrap();
        assert_eq!(hold(&ledger, &vault(&folder), keys.ring()).await, Ok(()));
        let behind = hold(&ledger, &old, keys.ring()).await.unwrap_err();
        assert!(behind.contains("ends at version 1"), "{behind}");
    }
}
