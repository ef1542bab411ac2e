//! The file of sealing keys: JSON, one entry per version.

use std::path::Path;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{FileFault, private_file};
use crate::SealingKeys;
use crate::sealing::RawVersion;

/// Keys in base64url; cleared when dropped.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    digest_key: String,
    sealing_key: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.digest_key.zeroize();
        self.sealing_key.zeroize();
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SealingFile {
    keys: Vec<Entry>,
}

/// Makes the file with version 1. Refuses when it exists.
pub fn init_sealing_keys(path: &Path) -> Result<SealingKeys, FileFault> {
    let _alone = private_file::lock(private_file::directory_of(path))?;
    if path.try_exists().unwrap_or(true) {
        return Err(FileFault::AlreadyThere(path.to_owned()));
    }
    write(
        path,
        &SealingFile {
            keys: vec![fresh(1)?],
        },
    )?;
    read_sealing_keys(path)
}

/// Reads the file.
pub fn read_sealing_keys(path: &Path) -> Result<SealingKeys, FileFault> {
    let file = read(path)?;
    let mut raw = Vec::with_capacity(file.keys.len());
    for entry in &file.keys {
        raw.push(RawVersion {
            version: entry.version,
            digest: key(path, &entry.digest_key)?,
            sealing: key(path, &entry.sealing_key)?,
        });
    }
    Ok(SealingKeys::from_raw(&raw)?)
}

/// Adds a version above all others; from now on it writes, and the old ones read.
pub fn add_sealing_version(path: &Path) -> Result<SealingKeys, FileFault> {
    let _alone = private_file::lock(private_file::directory_of(path))?;
    let mut file = read(path)?;
    let highest = file.keys.iter().map(|entry| entry.version).max().unwrap_or(0);
    file.keys.push(fresh(highest.saturating_add(1))?);
    write(path, &file)?;
    read_sealing_keys(path)
}

fn fresh(version: u32) -> Result<Entry, FileFault> {
    Ok(Entry {
        version,
        digest_key: random_key()?,
        sealing_key: random_key()?,
    })
}

fn random_key() -> Result<String, FileFault> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_| FileFault::Provider)?;
    Ok(jose::encode_base64url(bytes.as_slice()))
}

fn key(path: &Path, text: &str) -> Result<Zeroizing<[u8; 32]>, FileFault> {
    let bytes = jose::decode_base64url(text).map(Zeroizing::new);
    bytes
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(Zeroizing::new)
        .ok_or_else(|| malformed(path))
}

fn read(path: &Path) -> Result<SealingFile, FileFault> {
    private_file::check_directory(private_file::directory_of(path))?;
    let bytes = private_file::read(path)?;
    serde_json::from_slice(&bytes).map_err(|_| malformed(path))
}

fn write(path: &Path, file: &SealingFile) -> Result<(), FileFault> {
    let text = serde_json::to_vec_pretty(file).map(Zeroizing::new);
    private_file::write(path, &text.map_err(|_| FileFault::Provider)?)
}

fn malformed(path: &Path) -> FileFault {
    FileFault::Malformed {
        path: path.to_owned(),
        expected: "a file of sealing keys",
    }
}

#[cfg(test)]
mod tests;
