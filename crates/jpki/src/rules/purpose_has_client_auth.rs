//! extKeyUsage has clientAuth, where the configuration demands it (RFC 5280 section 4.2.1.12). One that is there and lacks it
//! is refused in any case.

use pki::Oid;

use crate::check::{Proven, Seen};
use crate::reason::{ProfileDefect, Reason};

const CLIENT_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.2");

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let fits = match &proven.certificate().extensions().extended_key_usage {
        Some(purposes) => purposes.contains(&CLIENT_AUTH),
        None => !proven.config.require_client_auth,
    };
    if fits {
        Ok(None)
    } else {
        Err(Reason::MalformedProfile(
            ProfileDefect::NotForClientAuthentication,
        ))
    }
}
