//! Policy identifiers of the certificates (arc 1.2.392.200149.8.5.1 of J-LIS).

use pki::Oid;

/// 利用者証明用, production: CONFIRMED as registered; that cards carry it is LIKELY, so it is a default only.
pub const AUTHENTICATION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.3.30");
/// 利用者証明用, test environment: LIKELY, by analogy with the signing certificate.
pub const AUTHENTICATION_TEST: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.0.30");
/// 署名用, production: CONFIRMED.
pub const SIGNING: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.1.20");
/// 署名用, test environment: CONFIRMED.
pub const SIGNING_TEST: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.0.20");
