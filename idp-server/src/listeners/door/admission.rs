//! Who may begin a handshake: counters before TLS, so that nobody can hold every place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// How many handshakes and requests may be in progress.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Over all clients.
    pub total: usize,
    /// Per address.
    pub per_address: usize,
    /// Per prefix (IPv4 /24, IPv6 /56).
    pub per_prefix: usize,
}

/// Why a connection is closed before TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turned {
    /// No place at all.
    Total,
    /// This address holds its share.
    Address,
    /// This prefix holds its share.
    Prefix,
}

impl Turned {
    /// The spelling in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Address => "address",
            Self::Prefix => "prefix",
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    addresses: HashMap<IpAddr, usize>,
    prefixes: HashMap<IpAddr, usize>,
}

/// The counters. Memory is bounded by the connections held: a key goes when its count reaches zero.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    counts: Mutex<Counts>,
}

/// A place held; given back when dropped.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    /// Counters with these limits.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            counts: Mutex::default(),
        })
    }

    /// Takes a place, or says why not.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Turned> {
        let address = address.to_canonical();
        let prefix = prefix_of(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= self.limits.total {
            return Err(Turned::Total);
        }
        if counts
            .addresses
            .get(&address)
            .is_some_and(|held| *held >= self.limits.per_address)
        {
            return Err(Turned::Address);
        }
        if counts
            .prefixes
            .get(&prefix)
            .is_some_and(|held| *held >= self.limits.per_prefix)
        {
            return Err(Turned::Prefix);
        }
        counts.total += 1;
        *counts.addresses.entry(address).or_default() += 1;
        *counts.prefixes.entry(prefix).or_default() += 1;
        Ok(Place {
            admission: Arc::clone(self),
            address,
        })
    }

    /// Places held now.
    pub fn held(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .admission
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        give_back(&mut counts.addresses, self.address);
        give_back(&mut counts.prefixes, prefix_of(self.address));
    }
}

fn give_back(counts: &mut HashMap<IpAddr, usize>, key: IpAddr) {
    if let Some(held) = counts.get_mut(&key) {
        *held = held.saturating_sub(1);
        if *held == 0 {
            counts.remove(&key);
        }
    }
}

fn prefix_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & 0xffff_ff00).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !((1_u128 << 72) - 1)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_limit_turns_away_and_places_come_back() {
        let admission = Admission::new(Limits {
            total: 4,
            per_address: 2,
            per_prefix: 3,
        });
        let first = admission.admit(at("192.0.2.1")).unwrap();
        let _second = admission.admit(at("192.0.2.1")).unwrap();
        assert_eq!(
            admission.admit(at("::ffff:192.0.2.1")).unwrap_err(),
            Turned::Address
        );
        let _third = admission.admit(at("192.0.2.2")).unwrap();
        assert_eq!(admission.admit(at("192.0.2.3")).unwrap_err(), Turned::Prefix);
        let _fourth = admission.admit(at("2001:db8::1")).unwrap();
        assert_eq!(admission.admit(at("198.51.100.1")).unwrap_err(), Turned::Total);
        drop(first);
        assert_eq!(admission.held(), 3);
        let _fifth = admission.admit(at("192.0.2.3")).unwrap();
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let admission = Admission::new(Limits {
            total: 10,
            per_address: 10,
            per_prefix: 10,
        });
        for host in 0..=255_u8 {
            drop(admission.admit(IpAddr::from([10, 0, host, 1])).unwrap());
        }
        let counts = admission.counts.lock().unwrap();
        assert_eq!(
            (counts.total, counts.addresses.len(), counts.prefixes.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn prefixes_are_24_and_56_bits() {
        assert_eq!(prefix_of(at("203.0.113.77")), at("203.0.113.0"));
        assert_eq!(prefix_of(at("2001:db8:1:2ff:3::4")), at("2001:db8:1:200::"));
    }
}
