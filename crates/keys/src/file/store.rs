//! The directory of signing keys: `keys.json` (the register of their lives) and `<key id>.pem` for each private key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use der::pem::{LineEnding, decode_vec, encode_string};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::signer::Private;
use super::{FileFault, FileSigner, private_file};
use crate::certificate::{self, Subject};
use crate::{
    Activation, KeyId, KeyState, KeyUse, PublicPart, Removal, Ring, RingFault, SigningAlgorithm, SigningKey,
};

const REGISTER: &str = "keys.json";
const PEM_LABEL: &str = "PRIVATE KEY";
/// Services that look at the dates (they should not) get ten years.
const CERTIFICATE_SECONDS: i64 = 10 * 366 * 24 * 60 * 60;

/// A key to be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Whose messages it signs.
    pub key_use: KeyUse,
    /// With what.
    pub algorithm: SigningAlgorithm,
}

impl Plan {
    /// What a new platform signs with: ID tokens in three algorithms, SAML with RSA (the one every SP verifies).
    pub const INITIAL: [Self; 4] = [
        Self::new(KeyUse::OpenIdConnect, SigningAlgorithm::Es256),
        Self::new(KeyUse::OpenIdConnect, SigningAlgorithm::Rs256),
        Self::new(KeyUse::OpenIdConnect, SigningAlgorithm::Ps256),
        Self::new(KeyUse::Saml, SigningAlgorithm::Rs256),
    ];

    const fn new(key_use: KeyUse, algorithm: SigningAlgorithm) -> Self {
        Self { key_use, algorithm }
    }
}

/// An opened directory: ring and signer.
#[derive(Debug)]
pub struct FileKeys {
    directory: PathBuf,
    ring: Ring,
    signer: Arc<FileSigner>,
}

/// A line of the register.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: KeyId,
    key_use: KeyUse,
    algorithm: SigningAlgorithm,
    life: KeyState,
    /// Base64url DER `SubjectPublicKeyInfo`: known also when the private key is gone.
    spki: String,
    /// Base64url DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Register {
    keys: Vec<Entry>,
}

impl FileKeys {
    /// Makes the directory with fresh active keys. Refuses when a register is there already.
    ///
    /// `name` becomes the common name of the certificates in the SAML metadata.
    pub fn init(directory: &Path, plans: &[Plan], name: &str, now: Timestamp) -> Result<Self, FileFault> {
        private_file::make_directory(directory)?;
        private_file::check_directory(directory)?;
        let _alone = private_file::lock(directory)?;
        let register = directory.join(REGISTER);
        if register.try_exists().unwrap_or(true) {
            return Err(FileFault::AlreadyThere(register));
        }
        let mut ring = Ring::default();
        for plan in plans {
            let key = make(directory, *plan, name, now)?;
            let id = key.id.clone();
            ring = ring.announce(key, now)?.activate(&id, Activation::AtOnce, now)?;
        }
        write_register(directory, &ring)?;
        Self::open(directory)
    }

    /// Opens the directory: every key that is not removed must have its file, readable by its owner alone.
    pub fn open(directory: &Path) -> Result<Self, FileFault> {
        private_file::check_directory(directory)?;
        let ring = read_register(&directory.join(REGISTER))?;
        let mut signer = FileSigner::default();
        for key in ring.keys().iter().filter(|key| key.state.is_published()) {
            let path = private_path(directory, &key.id);
            let private = read_private(&path, key.algorithm)?;
            if private.public().as_ref() != Some(&key.public) {
                return Err(FileFault::OtherKey {
                    path,
                    expected: key.id.clone(),
                });
            }
            signer.hold(key.id.clone(), key.algorithm, private);
        }
        Ok(Self {
            directory: directory.to_owned(),
            ring,
            signer: Arc::new(signer),
        })
    }

    /// The ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The signer for the keys of the ring.
    pub fn signer(&self) -> Arc<FileSigner> {
        Arc::clone(&self.signer)
    }

    /// Makes a key, announced: published, not signing.
    pub fn announce(&self, plan: Plan, name: &str, now: Timestamp) -> Result<Self, FileFault> {
        let key = make(&self.directory, plan, name, now)?;
        self.change(|ring| ring.announce(key, now))
    }

    /// Lets an announced key sign; the one that signed until now is retired.
    pub fn activate(&self, id: &KeyId, how: Activation, now: Timestamp) -> Result<Self, FileFault> {
        self.change(|ring| ring.activate(id, how, now))
    }

    /// Withdraws an announced or retired key and deletes its private part.
    pub fn remove(&self, id: &KeyId, how: Removal, now: Timestamp) -> Result<Self, FileFault> {
        // First the register: a crash in between leaves a file that nobody uses rather than an entry without its file.
        let changed = self.change(|ring| ring.remove(id, how, now))?;
        private_file::remove(&private_path(&self.directory, id))?;
        Ok(changed)
    }

    /// Changes the register as it is on disk now, alone: two processes that change it at once both have their way.
    fn change(&self, change: impl FnOnce(&Ring) -> Result<Ring, RingFault>) -> Result<Self, FileFault> {
        let register = self.directory.join(REGISTER);
        let _alone = private_file::lock(&self.directory)?;
        write_register(&self.directory, &change(&read_register(&register)?)?)?;
        Self::open(&self.directory)
    }
}

/// Generates a key, writes its file and wraps its public part. Not in the register yet.
fn make(directory: &Path, plan: Plan, name: &str, now: Timestamp) -> Result<SigningKey, FileFault> {
    let private = Private::generate(plan.algorithm).ok_or(FileFault::Provider)?;
    let public = private.public().ok_or(FileFault::Provider)?;
    let pkcs8 = private.to_pkcs8().ok_or(FileFault::Provider)?;
    let id = public.id();
    let mut signer = FileSigner::default();
    signer.hold(id.clone(), plan.algorithm, private);
    let certificate_der = match plan.key_use {
        KeyUse::OpenIdConnect => None,
        KeyUse::Saml => {
            let mut serial = [0; 16];
            SystemRandom::new()
                .fill(&mut serial)
                .map_err(|_| FileFault::Provider)?;
            let subject = Subject {
                common_name: name,
                not_before: now,
                not_after: now.plus_seconds(CERTIFICATE_SECONDS),
                serial,
            };
            Some(certificate::self_signed(
                &signer,
                &public,
                plan.algorithm,
                &subject,
            )?)
        }
    };
    let pem = encode_string(PEM_LABEL, LineEnding::LF, &pkcs8).map_err(|_| FileFault::Provider)?;
    private_file::write(&private_path(directory, &id), Zeroizing::new(pem).as_bytes())?;
    Ok(SigningKey {
        id,
        key_use: plan.key_use,
        algorithm: plan.algorithm,
        state: KeyState::Announced { since: now },
        public,
        certificate_der,
    })
}

fn private_path(directory: &Path, id: &KeyId) -> PathBuf {
    directory.join(format!("{id}.pem"))
}

/// PKCS#8, PEM or DER.
fn read_private(path: &Path, algorithm: SigningAlgorithm) -> Result<Private, FileFault> {
    let malformed = || FileFault::Malformed {
        path: path.to_owned(),
        expected: "an unencrypted PKCS#8 private key, PEM or DER, for its algorithm",
    };
    let bytes = private_file::read(path)?;
    let der = if bytes.starts_with(b"-----BEGIN") {
        match decode_vec(&bytes) {
            Ok((PEM_LABEL, der)) => Zeroizing::new(der),
            _ => return Err(malformed()),
        }
    } else {
        bytes
    };
    Private::from_pkcs8(&der, algorithm).ok_or_else(malformed)
}

fn read_register(path: &Path) -> Result<Ring, FileFault> {
    let malformed = || FileFault::Malformed {
        path: path.to_owned(),
        expected: "a register of keys",
    };
    let bytes = private_file::read(path)?;
    let register: Register = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
    let mut keys = Vec::with_capacity(register.keys.len());
    for entry in register.keys {
        let spki = jose::decode_base64url(&entry.spki).ok_or_else(malformed)?;
        let certificate_der = match entry.certificate {
            None => None,
            Some(text) => Some(jose::decode_base64url(&text).ok_or_else(malformed)?),
        };
        keys.push(SigningKey {
            id: entry.id,
            key_use: entry.key_use,
            algorithm: entry.algorithm,
            state: entry.life,
            public: PublicPart::from_spki(&spki).map_err(|_| malformed())?,
            certificate_der,
        });
    }
    Ok(Ring::new(keys)?)
}

fn write_register(directory: &Path, ring: &Ring) -> Result<(), FileFault> {
    let keys = ring
        .keys()
        .iter()
        .map(|key| Entry {
            id: key.id.clone(),
            key_use: key.key_use,
            algorithm: key.algorithm,
            life: key.state,
            spki: jose::encode_base64url(key.public.spki_der()),
            certificate: key.certificate_der.as_ref().map(jose::encode_base64url),
        })
        .collect();
    let text = serde_json::to_string_pretty(&Register { keys }).map_err(|_| FileFault::Provider)?;
    private_file::write(&directory.join(REGISTER), text.as_bytes())
}

#[cfg(test)]
mod tests;
