//! Host names as RFC 9525 matches them. A rule of TLS clients: the platform itself never matches a host in a certificate that
//! `crates/pki` validates.

use std::net::IpAddr;

use pki::{Extensions, GeneralName};

use crate::limbo::PeerName;

/// Whether subjectAltName holds the name that was expected.
pub(crate) fn matches(extensions: &Extensions, expected: &PeerName) -> bool {
    let names = extensions.subject_alt_names.as_deref().unwrap_or(&[]);
    names.iter().any(|name| match (name, expected.kind.as_str()) {
        (GeneralName::Dns(pattern), "DNS") => dns(pattern, &expected.value),
        (GeneralName::Ip(bytes), "IP") => {
            let address: IpAddr = expected.value.parse().unwrap();
            match address {
                IpAddr::V4(address) => address.octets().as_slice() == bytes,
                IpAddr::V6(address) => address.octets().as_slice() == bytes,
            }
        }
        (GeneralName::Email(mailbox), "RFC822") => *mailbox == expected.value,
        _ => false,
    })
}

/// A wildcard stands for the whole leftmost label only, with two labels after it at least.
fn dns(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => {
            parent.contains('.')
                && host
                    .split_once('.')
                    .is_some_and(|(_, above)| above.eq_ignore_ascii_case(parent))
        }
        None => !pattern.contains('*') && pattern.eq_ignore_ascii_case(host),
    }
}
