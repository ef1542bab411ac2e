//! Keys, and the two commands.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair, RsaKeyPair};
use tempfile::TempDir;
use xml::dsig::{SignatureAlgorithm, VerificationKey};

/// A key of the test, with its PEM files for the commands.
pub(crate) enum TestKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

pub(crate) fn rsa() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
}

pub(crate) fn other_rsa() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
}

pub(crate) fn p256() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| {
        TestKey::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    })
}

pub(crate) fn p384() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| {
        TestKey::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
    })
}

/// Every algorithm with a key that can sign it.
pub(crate) fn signers() -> Vec<(SignatureAlgorithm, &'static TestKey)> {
    vec![
        (SignatureAlgorithm::RsaSha256, rsa()),
        (SignatureAlgorithm::RsaSha384, rsa()),
        (SignatureAlgorithm::RsaSha512, rsa()),
        (SignatureAlgorithm::EcdsaSha256, p256()),
        (SignatureAlgorithm::EcdsaSha384, p384()),
    ]
}

impl TestKey {
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Self::Ec(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    pub(crate) fn public(&self) -> VerificationKey {
        VerificationKey::from_spki(&self.spki()).unwrap()
    }

    fn pkcs8(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => {
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                der.as_ref().to_vec()
            }
            Self::Ec(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        }
    }

    pub(crate) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    SignatureAlgorithm::RsaSha256 => &signature::RSA_PKCS1_SHA256,
                    SignatureAlgorithm::RsaSha384 => &signature::RSA_PKCS1_SHA384,
                    SignatureAlgorithm::RsaSha512 => &signature::RSA_PKCS1_SHA512,
                    other => panic!("not RSA: {other:?}"),
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut out).unwrap();
                out
            }
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// Writes `key.pem` and `public.pem` into the folder.
    pub(crate) fn write_pem(&self, folder: &Path) {
        std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &self.pkcs8())).unwrap();
        std::fs::write(folder.join("public.pem"), pem("PUBLIC KEY", &self.spki())).unwrap();
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = xml::encode_base64(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// A folder that holds `input.xml`.
pub(crate) fn folder_with(input: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("input.xml"), input).unwrap();
    folder
}

/// Runs a command in the folder; standard output and whether it succeeded. A missing command is a failure.
pub(crate) fn run(folder: &Path, command: &str, arguments: &[&str]) -> (bool, Vec<u8>, String) {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("{command} is needed by these tests (see the head of this file): {error}")
        });
    (
        output.status.success(),
        output.stdout,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
