//! How often services may ask by SOAP (artifacts, attribute queries, logout): per address before anything is read, and per service once
//! its signature says that it is the one who asks. A stranger who names a service uses nothing of that service's share up.
//!
//! Each process counts for itself, as of beginnings (`begin_limit.rs`).

use std::net::IpAddr;
use std::num::NonZeroU32;

use domain::ServiceId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::begin_limit::BeginLimit;

/// The two counts.
pub struct SoapLimit {
    addresses: BeginLimit,
    services: DefaultKeyedRateLimiter<ServiceId>,
}

impl SoapLimit {
    /// So many messages a minute, all at once at most, of each address and of each service.
    pub fn per_minute(count: NonZeroU32) -> Self {
        Self {
            addresses: BeginLimit::per_minute(count),
            services: RateLimiter::keyed(Quota::per_minute(count)),
        }
    }

    /// Whether one more message of this address is read.
    pub fn admits_address(&self, address: Option<IpAddr>, endpoint: &'static str) -> bool {
        let admitted = address.is_none_or(|address| self.addresses.admits(address));
        counted(admitted, "address", endpoint)
    }

    /// Whether one more message of this service, which signed it, is acted upon.
    pub fn admits_service(&self, service: &ServiceId, endpoint: &'static str) -> bool {
        counted(self.services.check_key(service).is_ok(), "service", endpoint)
    }

    /// Forgets who has the whole share again.
    pub fn forget_idle(&self) {
        self.addresses.forget_idle();
        self.services.retain_recent();
        self.services.shrink_to_fit();
    }
}

fn counted(admitted: bool, by: &'static str, endpoint: &'static str) -> bool {
    if !admitted {
        metrics::counter!("soap_messages_limited_total", "by" => by, "endpoint" => endpoint).increment(1);
    }
    admitted
}

#[cfg(test)]
mod tests {
    use domain::Entropy;

    use super::*;

    struct Octet(u8);

    impl Entropy for Octet {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn each_address_and_each_service_has_its_own_share() {
        let limit = SoapLimit::per_minute(NonZeroU32::new(2).unwrap());
        let here = Some("192.0.2.1".parse().unwrap());
        let (one, other) = (ServiceId::generate(&Octet(1)), ServiceId::generate(&Octet(2)));
        for admitted in [true, true, false] {
            assert_eq!(limit.admits_address(here, "artifact"), admitted);
            assert_eq!(limit.admits_service(&one, "artifact"), admitted);
        }
        assert!(limit.admits_address(Some("192.0.2.2".parse().unwrap()), "artifact"));
        assert!(limit.admits_service(&other, "artifact"));
    }
}
