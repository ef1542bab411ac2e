//! People who did not come from the service (profiles-2.0-os section 4.1.5): a reply that answers no request.
//!
//! Nothing binds such a reply to a request of the service, so a stranger can put one of his own into somebody's browser:
//! only a service that is registered for it receives any, and what it receives is a bearer's (FAL1).

use crate::reply::ReplyTo;
use crate::{Reason, ServiceFacts};

/// Octets of `RelayState` that we begin with (bindings-2.0-os section 3.5.3: the maker keeps to 80).
const TARGET_LIMIT: usize = 80;

/// Where an unsolicited reply goes: the service's default endpoint. `target` becomes `RelayState`; what the service makes
/// of it is an agreement between it and whoever made the link.
pub fn begin_unsolicited(service: &ServiceFacts, target: Option<&str>) -> Result<ReplyTo, Reason> {
    if !service.unsolicited {
        return Err(Reason::UnsolicitedNotPermitted);
    }
    if target.is_some_and(|target| target.len() > TARGET_LIMIT) {
        return Err(Reason::ParameterTooLong {
            name: "target",
            limit: TARGET_LIMIT,
        });
    }
    let acs = service
        .default_acs(None)
        .ok_or_else(|| Reason::AcsNotRegistered { found: String::new() })?;
    Ok(ReplyTo::new(service, acs, None, target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ACS, SP, service};

    #[test]
    fn only_where_it_is_permitted_and_within_bounds() {
        let mut service = service();
        assert_eq!(
            begin_unsolicited(&service, None),
            Err(Reason::UnsolicitedNotPermitted)
        );
        service.unsolicited = true;
        let target = "x".repeat(80);
        let reply_to = begin_unsolicited(&service, Some(&target)).unwrap();
        assert_eq!((reply_to.service(), reply_to.location()), (SP, ACS));
        assert_eq!(reply_to.in_response_to(), None);
        assert_eq!(reply_to.relay_state(), Some(target.as_str()));
        assert_eq!(
            begin_unsolicited(&service, Some(&"x".repeat(81))),
            Err(Reason::ParameterTooLong {
                name: "target",
                limit: 80
            })
        );
    }
}
