//! Where records are kept: in Ephemera, which every node shares, in rings of a bounded number of places for each service.
//!
//! There is one ring for what the service proved to have sent, and several for what anybody could have sent in its name, chosen by the
//! sender's network: a stranger can push out only what came from the same corner of the network, and never what the service sent
//! itself. A ring's place holds the reference of its record; whoever takes the place removes the record that was there.

use std::net::IpAddr;

use domain::{Reference, ServiceId, Timestamp};
use store::{Ephemera, EphemeraKey, EphemeraKind, StoreFault};

use super::Exchange;
use super::sign_in::{DELIVERY, SIGN_IN};
use crate::app::App;
use crate::web::begin_limit::network;

/// How long a record can be opened.
pub const KEPT_SECONDS: i64 = 24 * 3600;
/// Places for what a service proved to have sent.
const PROVEN: u64 = 64;
/// Rings for what anybody could have sent.
const CORNERS: u8 = 8;
/// Places in each of them.
const UNPROVEN: u64 = 12;
/// Octets of a record; a longer one is kept without its facts.
const MOST_OCTETS: usize = 16 * 1024;
/// Octets of a record of what anybody could have sent: there may be as many as there are services, times [`CORNERS`], times [`UNPROVEN`].
const MOST_UNPROVEN_OCTETS: usize = 4 * 1024;
/// Counters live longer than any record that they placed.
const COUNTER_SECONDS: u32 = 30 * 24 * 3600;

/// Whose ring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Owner {
    /// A service's.
    Service(ServiceId),
    /// Of nobody who is registered.
    Nobody,
}

impl Owner {
    fn of(exchange: &Exchange) -> Self {
        exchange.service.clone().map_or(Self::Nobody, Self::Service)
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Service(id) => id.as_str(),
            Self::Nobody => "nobody",
        }
    }
}

/// One ring of an owner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ring {
    Proven,
    /// What we sent and could not deliver: tried again and again, it must not push out what the service sent.
    Deliveries,
    /// Sign-ins that ended without a person, silent ones among them: they are many, and nothing is wrong with most.
    SignIns,
    Corner(u8),
}

impl Ring {
    const fn places(self) -> u64 {
        match self {
            Self::Proven | Self::SignIns => PROVEN,
            Self::Deliveries | Self::Corner(_) => UNPROVEN,
        }
    }

    fn name(self, owner: &Owner) -> String {
        match self {
            Self::Proven => format!("{}:proven", owner.as_str()),
            Self::Deliveries => format!("{}:deliveries", owner.as_str()),
            Self::SignIns => format!("{}:sign_ins", owner.as_str()),
            Self::Corner(corner) => format!("{}:{corner}", owner.as_str()),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Proven, Self::Deliveries, Self::SignIns]
            .into_iter()
            .chain((0..CORNERS).map(Self::Corner))
    }
}

/// Keeps a record.
pub(super) async fn keep(app: &App, exchange: &Exchange, peer: Option<IpAddr>) -> Result<(), StoreFault> {
    let ring = if exchange.exchange == DELIVERY {
        Ring::Deliveries
    } else if exchange.exchange == SIGN_IN {
        Ring::SignIns
    } else if exchange.proven {
        Ring::Proven
    } else {
        // Under a key of ours, so that nobody can look for networks that share a corner.
        let network = peer.map(|peer| network(peer).to_string()).unwrap_or_default();
        let stamp = app.vault.stamps("exchange corner", network.as_bytes());
        let first = stamp
            .first()
            .map_or(0, |stamp| stamp.bytes().fold(0_u8, u8::wrapping_add));
        Ring::Corner(first % CORNERS)
    };
    place(&*app.ephemera, exchange, ring, app.clock.now()).await
}

async fn place(
    ephemera: &dyn Ephemera,
    exchange: &Exchange,
    ring: Ring,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let owner = Owner::of(exchange);
    let name = ring.name(&owner);
    let turn = EphemeraKey::new(EphemeraKind::Rate, format!("exchanges:{name}"));
    let turn = ephemera.count(&turn, now, COUNTER_SECONDS).await? % ring.places();
    let place = at_place(&name, turn);
    let until = now.plus_seconds(KEPT_SECONDS);
    if let Some(before) = reference_at(ephemera, &place, now).await? {
        ephemera.remove(&at_reference(&before)).await?;
    }
    ephemera
        .put(&at_reference(&exchange.reference), octets(exchange), now, until)
        .await?;
    let reference = exchange.reference.as_str().as_bytes().to_vec();
    ephemera.put(&place, reference, now, until).await
}

/// A record as it is kept: bounded in size.
fn octets(exchange: &Exchange) -> Vec<u8> {
    let written = |exchange: &Exchange| serde_json::to_vec(exchange).unwrap_or_default();
    let whole = written(exchange);
    let most = if exchange.proven {
        MOST_OCTETS
    } else {
        MOST_UNPROVEN_OCTETS
    };
    if whole.len() <= most {
        return whole;
    }
    metrics::counter!("exchanges_cut_total").increment(1);
    let mut short = exchange.clone();
    for rule in &mut short.rules {
        rule.facts.clear();
    }
    written(&short)
}

fn at_place(ring: &str, turn: u64) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Exchange, format!("place:{ring}:{turn}"))
}

fn at_reference(reference: &Reference) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Exchange, reference.as_str())
}

async fn reference_at(
    ephemera: &dyn Ephemera,
    place: &EphemeraKey,
    now: Timestamp,
) -> Result<Option<Reference>, StoreFault> {
    let held = ephemera.get(place, now).await?;
    Ok(held
        .and_then(|octets| String::from_utf8(octets).ok())
        .and_then(|text| text.parse().ok()))
}

/// The record behind a reference, whosever it is.
pub async fn find(
    ephemera: &dyn Ephemera,
    reference: &Reference,
    now: Timestamp,
) -> Result<Option<Exchange>, StoreFault> {
    let held = ephemera.get(&at_reference(reference), now).await?;
    Ok(held.and_then(|octets| serde_json::from_slice(&octets).ok()))
}

/// What is kept of an owner's exchanges, the newest first.
pub async fn recent(
    ephemera: &dyn Ephemera,
    owner: &Owner,
    now: Timestamp,
) -> Result<Vec<Exchange>, StoreFault> {
    let mut found = Vec::new();
    for ring in Ring::all() {
        let name = ring.name(owner);
        for turn in 0..ring.places() {
            let Some(reference) = reference_at(ephemera, &at_place(&name, turn), now).await? else {
                continue;
            };
            let exchange = find(ephemera, &reference, now).await?;
            found.extend(exchange.filter(|exchange| Owner::of(exchange) == *owner));
        }
    }
    found.sort_by(|a, b| (b.at, &b.reference).cmp(&(a.at, &a.reference)));
    Ok(found)
}

#[cfg(test)]
pub(super) fn sample(reference: &str, proven: bool) -> Exchange {
    Exchange {
        reference: reference.parse().unwrap(),
        at: Timestamp::from_seconds(1),
        service: format!("svc_{}", "1".repeat(32)).parse().ok(),
        protocol: "oidc".to_owned(),
        exchange: "token".to_owned(),
        proven,
        reason: "code_unknown".to_owned(),
        detail: "the code is unknown".to_owned(),
        answered: None,
        rules: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
