//! Who signs: the key directory in force, replaced as a whole at reload.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use keys::file::{FileFault, FileKeys};
use keys::{KeyUse, Signer, SignerFault, SigningAlgorithm, SigningKey};

/// The signing keys in force.
pub struct Signing {
    directory: PathBuf,
    current: ArcSwap<FileKeys>,
}

/// A signature could not be made; a fault of ours.
#[derive(Debug)]
#[non_exhaustive]
pub enum SigningFault {
    /// The ring has no active key for this use and algorithm.
    NoActiveKey(KeyUse, SigningAlgorithm),
    /// The signer failed.
    Signer(SignerFault),
}

impl std::fmt::Display for SigningFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoActiveKey(key_use, algorithm) => {
                write!(
                    f,
                    "no active {algorithm} key for {key_use}; run: idp-server keys announce, then activate"
                )
            }
            Self::Signer(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for SigningFault {}

impl Signing {
    /// Opens the key directory.
    pub fn open(directory: &Path) -> Result<Arc<Self>, FileFault> {
        let keys = FileKeys::open(directory)?;
        Ok(Arc::new(Self {
            directory: directory.to_owned(),
            current: ArcSwap::from_pointee(keys),
        }))
    }

    /// Opens it again; on failure the keys in force stay.
    pub fn reload(&self) -> Result<(), FileFault> {
        self.current.store(Arc::new(FileKeys::open(&self.directory)?));
        Ok(())
    }

    /// The keys in force.
    pub fn keys(&self) -> Arc<FileKeys> {
        self.current.load_full()
    }
}

/// The active key of a use, with the means to sign: one look at the ring, so that header and signature agree.
pub struct ActiveKey {
    keys: Arc<FileKeys>,
    key: SigningKey,
}

impl ActiveKey {
    /// Finds it.
    pub fn of(signing: &Signing, key_use: KeyUse, algorithm: SigningAlgorithm) -> Result<Self, SigningFault> {
        let keys = signing.keys();
        let key = keys
            .ring()
            .active(key_use, algorithm)
            .cloned()
            .ok_or(SigningFault::NoActiveKey(key_use, algorithm))?;
        Ok(Self { keys, key })
    }

    /// Its public part.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs; ECDSA signatures are fixed-length `r || s`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFault> {
        self.keys
            .signer()
            .sign(&self.key.id, self.key.algorithm, message)
            .map_err(SigningFault::Signer)
    }
}
