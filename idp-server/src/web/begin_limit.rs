//! How often one address may begin: each beginning writes a transaction or a refusal's record, and strangers must not be able to make us
//! write without bound.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Counts beginnings per address (IPv6: per /64).
pub struct BeginLimit(DefaultKeyedRateLimiter<IpAddr>);

impl BeginLimit {
    /// So many a minute, all at once at most.
    pub fn per_minute(count: NonZeroU32) -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(count)))
    }

    /// Whether one more may begin.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.0.check_key(&place(address)).is_ok()
    }

    /// Forgets addresses that have their whole share again.
    pub fn forget_idle(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// What counts as one place: an address, of IPv6 the /64.
pub fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What one party has at once: of IPv4 the /24, of IPv6 the /48.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & !0xff).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !(u128::MAX >> 48)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_a_network_of_one_person_is_one() {
        let limit = BeginLimit::per_minute(NonZeroU32::new(2).unwrap());
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(limit.admits(at("192.0.2.1")) && limit.admits(at("::ffff:192.0.2.1")));
        assert!(!limit.admits(at("192.0.2.1")));
        assert!(limit.admits(at("192.0.2.2")));
        assert!(limit.admits(at("2001:db8::1")) && limit.admits(at("2001:db8::2")));
        assert!(!limit.admits(at("2001:db8::3")) && limit.admits(at("2001:db8:0:1::3")));
        assert_eq!(network(at("::ffff:192.0.2.77")), at("192.0.2.0"));
        assert_eq!(network(at("2001:db8:7:1:2:3:4:5")), at("2001:db8:7::"));
    }
}
