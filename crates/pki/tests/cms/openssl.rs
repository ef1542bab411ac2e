//! The same messages in OpenSSL's hands: what it signs we read, and of changed ones we are never the more lenient judge.

use std::path::Path;
use std::process::Command;

use pki::cms::{Reason, SignedData};

use crate::{DOCUMENT, verify};

/// A directory of OpenSSL's making.
struct OpenSsl(std::path::PathBuf);

impl OpenSsl {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gap-cms-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("document"), DOCUMENT).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }

    fn run(&self, arguments: &[&str]) -> bool {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("openssl is installed");
        output.status.success()
    }

    fn key(&self, name: &str, kind: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let mut arguments = vec!["req", "-x509", "-nodes", "-days", "2", "-keyout", &key, "-out"];
        arguments.extend([certificate.as_str(), "-subj", "/CN=signer", "-newkey"]);
        arguments.extend(kind);
        assert!(self.run(&arguments), "{name}");
    }

    fn sign(&self, signer: &str, more: &[&str]) -> Vec<u8> {
        let (key, certificate) = (format!("{signer}.key"), format!("{signer}.pem"));
        let mut arguments = vec![
            "cms", "-sign", "-binary", "-in", "document", "-outform", "DER", "-out",
        ];
        arguments.extend(["message", "-signer", &certificate, "-inkey", &key]);
        arguments.extend(more);
        assert!(self.run(&arguments), "{more:?}");
        std::fs::read(self.path("message")).unwrap()
    }

    fn accepts(&self, message: &[u8]) -> bool {
        std::fs::write(self.path("judged"), message).unwrap();
        self.run(&[
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "judged",
            "-content",
            "document",
            "-noverify",
            "-out",
            "/dev/null",
        ])
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}

#[test]
fn openssl_signs_and_we_read() {
    let openssl = OpenSsl::new("schemes");
    openssl.key("rsa", &["rsa:2048"]);
    openssl.key("p256", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    openssl.key("p384", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    let pss = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-1"];
    for (signer, more, scheme) in [
        ("rsa", &["-md", "sha256"][..], "RS256"),
        ("rsa", &["-md", "sha384"], "RS384"),
        ("rsa", &["-md", "sha512", "-nodetach"], "RS512"),
        ("rsa", &["-md", "sha256", "-keyid"], "RS256"),
        ("rsa", &["-md", "sha256", "-cades"], "RS256"),
        ("rsa", &["-md", "sha512", "-cades"], "RS512"),
        ("p256", &["-md", "sha256"], "ES256"),
        ("p256", &["-md", "sha512"], "ES512"),
        ("p384", &["-md", "sha384", "-nodetach", "-keyid"], "ES384"),
    ] {
        let message = openssl.sign(signer, more);
        assert!(
            openssl.accepts(&message) || more.contains(&"-nodetach"),
            "{more:?}"
        );
        let read = SignedData::parse(&message).unwrap_or_else(|why| panic!("{more:?}: {why}"));
        let verified = read.verify(Some(DOCUMENT), &[]).unwrap();
        assert_eq!(verified.signers[0].scheme().name(), scheme, "{more:?}");
    }
    for (digest, scheme) in [("sha256", "PS256"), ("sha384", "PS384"), ("sha512", "PS512")] {
        let mut more = vec!["-md", digest];
        more.extend(pss);
        let message = openssl.sign("rsa", &more);
        let read = SignedData::parse(&message).unwrap();
        let verified = read.verify(Some(DOCUMENT), &[]).unwrap();
        assert_eq!(verified.signers[0].scheme().name(), scheme);
    }
    let two = openssl.sign("rsa", &["-signer", "p384.pem", "-inkey", "p384.key"]);
    let read = SignedData::parse(&two).unwrap();
    assert_eq!(read.verify(Some(DOCUMENT), &[]).unwrap().signers.len(), 2);

    for (more, expected) in [
        (&["-md", "sha1"][..], "digest"),
        (&["-md", "sha256", "-noattr"], "attributes"),
        (&["-md", "sha256", "-nodetach", "-stream"], "indefinite"),
        (&["-md", "sha256", "-nocerts"], "certificate"),
    ] {
        let message = openssl.sign("rsa", more);
        let reason = verify(&message, Some(DOCUMENT)).unwrap_err();
        let fits = match expected {
            "digest" => matches!(reason, Reason::DigestNotAllowed { .. }),
            "attributes" => reason == Reason::NoSignedAttributes,
            "indefinite" => reason == Reason::IndefiniteLength,
            _ => reason == Reason::SignerCertificateMissing,
        };
        assert!(fits, "{more:?}: {reason}");
    }
    let mut salt = vec!["-md", "sha256", "-keyopt", "rsa_padding_mode:pss"];
    salt.extend(["-keyopt", "rsa_pss_saltlen:20"]);
    let seen = verify(&openssl.sign("rsa", &salt), Some(DOCUMENT));
    assert!(
        matches!(seen, Err(Reason::SignatureAlgorithmNotAllowed { .. })),
        "{seen:?}"
    );
}

/// The signing-certificate attribute binds the certificate: another one of the same key and name does not do.
#[test]
fn cades_names_its_certificate() {
    let openssl = OpenSsl::new("cades");
    openssl.key("rsa", &["rsa:2048"]);
    let message = openssl.sign("rsa", &["-cades", "-keyid", "-nocerts"]);
    assert!(openssl.run(&[
        "req",
        "-x509",
        "-key",
        "rsa.key",
        "-out",
        "again.der",
        "-outform",
        "DER",
        "-subj",
        "/CN=other",
        "-days",
        "3",
    ]));
    assert!(openssl.run(&["x509", "-in", "rsa.pem", "-outform", "DER", "-out", "rsa.der"]));
    let read = SignedData::parse(&message).unwrap();
    let with = |name: &str| {
        let certificate = std::fs::read(openssl.path(name)).unwrap();
        read.verify(Some(DOCUMENT), &[&certificate]).map(|_| ())
    };
    assert_eq!(with("rsa.der"), Ok(()));
    assert_eq!(with("again.der"), Err(Reason::SignerCertificateDiffers));
}

/// On changed messages the stricter of the two is always we.
#[test]
fn what_openssl_refuses_we_refuse() {
    let openssl = OpenSsl::new("changes");
    openssl.key("p256", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let good = openssl.sign("p256", &["-md", "sha256"]);
    assert!(openssl.accepts(&good));
    let mut ours = 0;
    for place in (0..good.len()).step_by(5) {
        let mut changed = good.clone();
        changed[place] ^= 0x11;
        if verify(&changed, Some(DOCUMENT)).is_ok() {
            ours += 1;
            assert!(
                openssl.accepts(&changed),
                "byte {place}: we accept, OpenSSL does not"
            );
        }
    }
    assert!(ours < good.len() / 5);
}
