use std::os::unix::fs::PermissionsExt as _;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use der::{Decode as _, Encode as _};
use jose::{Algorithm, Header, SigningInput, Verification};
use x509_cert::Certificate;

use super::*;
use crate::{RingFault, Signer as _, SignerFault};

const AT: Timestamp = Timestamp::from_seconds(1_800_000_000);
const EC_ID_TOKEN: Plan = Plan::new(KeyUse::OpenIdConnect, SigningAlgorithm::Es256);
const EC_SAML: Plan = Plan::new(KeyUse::Saml, SigningAlgorithm::Es256);

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn init(&self, plans: &[Plan]) -> FileKeys {
        FileKeys::init(&self.keys(), plans, "idp.example", AT).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_platform_signs_in_every_algorithm_and_its_published_set_verifies() {
    let place = Place::new();
    let keys = place.init(&Plan::INITIAL);
    let set = keys.ring().jwks();
    for algorithm in [
        SigningAlgorithm::Es256,
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Ps256,
    ] {
        let key = keys.ring().active(KeyUse::OpenIdConnect, algorithm).unwrap();
        let header = Header {
            algorithm: algorithm.jose(),
            kid: key.id.to_string(),
            typ: Some("JWT"),
        };
        let input = SigningInput::new(&header, b"{}");
        let signature = keys.signer().sign(&key.id, algorithm, input.bytes()).unwrap();
        let token = input.attach(&signature);
        let accept = Verification {
            algorithms: &Algorithm::ALL,
            types: &["JWT"],
            untyped: false,
            max_bytes: 4096,
        };
        jose::verify(&token, &set, &accept).unwrap();
    }
    assert_eq!(set.keys().len(), 3, "the SAML key is not shown to OpenID Connect");
}

#[test]
fn a_key_signs_with_its_own_algorithm_only() {
    let place = Place::new();
    let keys = place.init(&[Plan::new(KeyUse::OpenIdConnect, SigningAlgorithm::Ps256)]);
    let id = keys.ring().keys()[0].id.clone();
    let signer = keys.signer();
    assert_eq!(
        signer.sign(&id, SigningAlgorithm::Ps256, b"x").unwrap().len(),
        256
    );
    for asked in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        assert_eq!(
            signer.sign(&id, asked, b"x"),
            Err(SignerFault::WrongAlgorithm {
                key: id.clone(),
                asked
            })
        );
    }
    let stranger = KeyId::of_spki(b"stranger");
    assert_eq!(
        signer.sign(&stranger, SigningAlgorithm::Ps256, b"x"),
        Err(SignerFault::UnknownKey(stranger))
    );
}

#[test]
fn keys_survive_being_closed_and_opened() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN, EC_SAML]);
    let again = FileKeys::open(&place.keys()).unwrap();
    assert_eq!(keys.ring(), again.ring());
    assert_eq!(again.signer().len(), 2);
    assert_eq!(
        FileKeys::init(&place.keys(), &[EC_ID_TOKEN], "idp.example", AT).unwrap_err(),
        FileFault::AlreadyThere(place.keys().join(REGISTER))
    );
    assert_eq!(
        FileKeys::open(&place.keys()).unwrap().ring(),
        keys.ring(),
        "nothing was changed"
    );
}

#[test]
fn files_are_made_for_their_owner_alone_and_refused_otherwise() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN]);
    let private = private_path(&place.keys(), &keys.ring().keys()[0].id);
    assert_eq!((mode(&place.keys()), mode(&private)), (0o700, 0o600));
    for bad in [0o640, 0o604, 0o660, 0o601, 0o620] {
        set_mode(&private, bad);
        let fault = FileKeys::open(&place.keys()).unwrap_err();
        assert_eq!(
            fault,
            FileFault::Readable {
                path: private.clone(),
                mode: bad
            }
        );
        assert!(fault.to_string().contains("chmod 600"), "{fault}");
    }
    set_mode(&private, 0o400);
    assert!(FileKeys::open(&place.keys()).is_ok(), "read-only is fine");
    set_mode(&place.keys(), 0o720);
    assert_eq!(
        FileKeys::open(&place.keys()).unwrap_err(),
        FileFault::Writable {
            path: place.keys(),
            mode: 0o720
        }
    );
    set_mode(&place.keys(), 0o750);
    assert!(
        FileKeys::open(&place.keys()).is_ok(),
        "the names of the files are no secret"
    );
}

#[test]
fn damage_is_named() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN, EC_SAML]);
    let [first, second] = [0, 1].map(|i| private_path(&place.keys(), &keys.ring().keys()[i].id));
    let good = std::fs::read(&first).unwrap();
    let malformed = |path: &Path| FileFault::Malformed {
        path: path.to_owned(),
        expected: "an unencrypted PKCS#8 private key, PEM or DER, for its algorithm",
    };

    std::fs::copy(&second, &first).unwrap();
    assert_eq!(
        FileKeys::open(&place.keys()).unwrap_err(),
        FileFault::OtherKey {
            path: first.clone(),
            expected: keys.ring().keys()[0].id.clone()
        }
    );
    for text in [&b""[..], b"-----BEGIN", &good[..good.len() / 2], b"\0\0\0"] {
        std::fs::write(&first, text).unwrap();
        assert_eq!(FileKeys::open(&place.keys()).unwrap_err(), malformed(&first));
    }
    let (_, der) = decode_vec(&good).unwrap();
    std::fs::write(&first, &der).unwrap();
    assert!(FileKeys::open(&place.keys()).is_ok(), "DER is read too");
    std::fs::remove_file(&first).unwrap();
    assert_eq!(
        FileKeys::open(&place.keys()).unwrap_err(),
        FileFault::Missing(first.clone())
    );
    std::fs::write(&first, vec![b'x'; 1024 * 1024 + 1]).unwrap();
    set_mode(&first, 0o600);
    assert_eq!(
        FileKeys::open(&place.keys()).unwrap_err(),
        FileFault::TooLarge(first.clone())
    );
    std::fs::write(&first, &good).unwrap();
    assert!(FileKeys::open(&place.keys()).is_ok());

    std::fs::write(place.keys().join(REGISTER), "{\"keys\":[],\"more\":1}").unwrap();
    assert!(matches!(
        FileKeys::open(&place.keys()),
        Err(FileFault::Malformed { .. })
    ));
    assert_eq!(
        FileKeys::open(&place.folder.path().join("none")).unwrap_err(),
        FileFault::Missing(place.folder.path().join("none"))
    );
}

#[test]
fn a_roll_over_on_disk_deletes_what_it_removes() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN]);
    let first = keys.ring().keys()[0].id.clone();
    let keys = keys.announce(EC_ID_TOKEN, "idp.example", AT).unwrap();
    let second = keys.ring().keys()[1].id.clone();
    assert!(keys.signer().sign(&second, SigningAlgorithm::Es256, b"x").is_ok());
    assert!(matches!(
        keys.remove(&first, Removal::AtOnce, AT),
        Err(FileFault::Ring(RingFault::Transition { .. }))
    ));
    let keys = keys.activate(&second, Activation::AtOnce, AT).unwrap();
    let keys = keys.remove(&first, Removal::AtOnce, AT).unwrap();
    assert!(!private_path(&place.keys(), &first).exists());
    assert_eq!(
        keys.signer().sign(&first, SigningAlgorithm::Es256, b"x"),
        Err(SignerFault::UnknownKey(first))
    );
    let left: Vec<_> = std::fs::read_dir(place.keys())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn certificates_are_self_signed_and_carry_the_key() {
    let place = Place::new();
    let keys = place.init(&[EC_SAML, Plan::new(KeyUse::Saml, SigningAlgorithm::Rs256)]);
    let algorithms: [&dyn VerificationAlgorithm; 2] = [&ECDSA_P256_SHA256_ASN1, &RSA_PKCS1_2048_8192_SHA256];
    for (key, algorithm) in keys.ring().keys().iter().zip(algorithms) {
        let der = key.certificate_der.as_deref().unwrap();
        let certificate = Certificate::from_der(der).unwrap();
        let tbs = certificate.tbs_certificate();
        assert_eq!(
            tbs.subject_public_key_info().to_der().unwrap(),
            key.public.spki_der()
        );
        assert_eq!(tbs.subject(), tbs.issuer());
        assert_eq!(tbs.subject().to_string(), "CN=idp.example");
        assert_eq!(
            tbs.validity().not_before.to_unix_duration().as_secs(),
            1_800_000_000
        );
        assert_eq!(tbs.serial_number().as_bytes().len(), 16);
        let bits = tbs
            .subject_public_key_info()
            .subject_public_key
            .as_bytes()
            .unwrap();
        UnparsedPublicKey::new(algorithm, bits)
            .verify(
                &tbs.to_der().unwrap(),
                certificate.signature().as_bytes().unwrap(),
            )
            .unwrap();
    }
    for name in ["", " ", "a,CN=b", "a\n", &"x".repeat(65)] {
        let fault = keys.announce(EC_SAML, name, AT).unwrap_err();
        assert_eq!(
            fault,
            FileFault::Certificate(certificate::CertificateFault::Name),
            "{name:?}"
        );
    }
}

#[test]
fn processes_that_change_the_register_at_once_both_have_their_way() {
    let place = Place::new();
    place.init(&[EC_ID_TOKEN]);
    let stale: Vec<_> = (0..8).map(|_| FileKeys::open(&place.keys()).unwrap()).collect();
    std::thread::scope(|scope| {
        for keys in &stale {
            scope.spawn(|| keys.announce(EC_ID_TOKEN, "idp.example", AT).unwrap());
        }
    });
    assert_eq!(FileKeys::open(&place.keys()).unwrap().ring().keys().len(), 9);
}

#[test]
fn a_key_that_cannot_be_made_leaves_nothing_behind() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN]);
    keys.announce(EC_SAML, "a,CN=b", AT).unwrap_err();
    assert_eq!(std::fs::read_dir(place.keys()).unwrap().count(), 2);
}

#[test]
fn nothing_private_is_printed() {
    let place = Place::new();
    let keys = place.init(&[EC_ID_TOKEN]);
    let printed = format!("{keys:?} {:?}", keys.signer());
    let pem = std::fs::read_to_string(private_path(&place.keys(), &keys.ring().keys()[0].id)).unwrap();
    let (_, der) = decode_vec(pem.as_bytes()).unwrap();
    // PKCS#8 of a P-256 key: the scalar's 32 bytes follow its OCTET STRING header.
    let scalar = der.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap();
    let listed = format!("{:?}", &der[scalar + 2..scalar + 34]);
    assert!(printed.contains("***"));
    assert!(!printed.contains(listed.trim_matches(['[', ']'])));
    assert!(!printed.contains(pem.lines().nth(1).unwrap()));
}
