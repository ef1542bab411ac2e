use std::os::unix::fs::PermissionsExt as _;

use domain::AccountId;

use super::*;
use crate::sealing::Owner;
use crate::{CertificateKind, SealingFault};

#[test]
fn versions_are_added_and_old_ones_keep_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealing.json");
    let owner: AccountId = format!("acc_{}", "0".repeat(32)).parse().unwrap();
    let first = init_sealing_keys(&path).unwrap();
    let sealed = first.seal(b"\x05", Owner::Account(&owner)).unwrap();
    assert_eq!(
        init_sealing_keys(&path).unwrap_err(),
        FileFault::AlreadyThere(path.clone())
    );

    let second = add_sealing_version(&path).unwrap();
    assert_eq!((first.current_version(), second.current_version()), (1, 2));
    assert_eq!(
        second.open(&sealed, Owner::Account(&owner)).unwrap().as_slice(),
        b"\x05"
    );
    let kind = CertificateKind::UserAuthentication;
    assert_eq!(
        second.digests(kind, &[0; 32], b"\x05")[1],
        first.digest(kind, &[0; 32], b"\x05")
    );

    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        read_sealing_keys(&path).unwrap_err(),
        FileFault::Readable {
            path: path.clone(),
            mode: 0o644
        }
    );
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealing.json");
    init_sealing_keys(&path).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o770)).unwrap();
    assert_eq!(
        read_sealing_keys(&path).unwrap_err(),
        FileFault::Writable {
            path: folder.path().to_owned(),
            mode: 0o770
        }
    );
}

#[test]
fn damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealing.json");
    assert_eq!(
        read_sealing_keys(&path).unwrap_err(),
        FileFault::Missing(path.clone())
    );
    let good = jose::encode_base64url([1; 32]);
    let one = format!(r#"{{"version":1,"digest_key":"{good}","sealing_key":"{good}"}}"#);
    for (text, fault) in [
        ("{}".to_owned(), malformed(&path)),
        (
            r#"{"keys":[{"version":1,"digest_key":"AQ","sealing_key":"AQ"}]}"#.to_owned(),
            malformed(&path),
        ),
        (format!(r#"{{"keys":[{one}],"x":1}}"#), malformed(&path)),
        (
            r#"{"keys":[]}"#.to_owned(),
            FileFault::Sealing(SealingFault::Versions),
        ),
        (
            format!(r#"{{"keys":[{one},{one}]}}"#),
            FileFault::Sealing(SealingFault::Versions),
        ),
    ] {
        private_file::write(&path, text.as_bytes()).unwrap();
        assert_eq!(read_sealing_keys(&path).unwrap_err(), fault, "{text}");
    }
}
