//! A simulated JPKI around the rules: authorities pinned, cards made, lists loaded.

use domain::{RevocationGeneration, Timestamp};
use jpki::{CaKind, JpkiConfig, Mode, PinnedCa};
use revocation::{NationalIndex, Terms};
use sim::authority::Hierarchy;
use sim::keys::KeyCache;
use sim::record::CardRecord;
use sim::{CardRequest, Simulation};

pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) config: JpkiConfig,
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T09:00:00+09:00").unwrap()
}

pub(crate) fn kind_of(kind: sim::authority::CaKind) -> CaKind {
    CaKind::from_text(kind.as_str()).unwrap()
}

pub(crate) fn pinned(simulation: &Simulation, hierarchy: Hierarchy) -> Vec<PinnedCa> {
    simulation
        .authorities(hierarchy)
        .unwrap()
        .iter()
        .map(|ca| {
            let label = format!("generation {}", ca.generation);
            PinnedCa::from_der(kind_of(ca.kind), &label, &ca.certificate).unwrap()
        })
        .collect()
}

/// Pins the authorities of a hierarchy.
pub(crate) fn world(mode: Mode, hierarchy: Hierarchy) -> World {
    let simulation = Simulation::in_memory("jpki rules", KeyCache::shared());
    let config = JpkiConfig::new(mode, pinned(&simulation, hierarchy));
    World { simulation, config }
}

#[allow(dead_code, reason = "each test file uses its part")]
impl World {
    pub(crate) fn card(&mut self, request: &CardRequest) -> CardRecord {
        self.simulation.make_card(request, now()).unwrap()
    }

    /// The index of a list made at a time for a day.
    #[allow(dead_code, reason = "not every test needs lists")]
    pub(crate) fn index(&mut self, hierarchy: Hierarchy, made: Timestamp) -> NationalIndex {
        let kind = sim::authority::CaKind::UserAuthentication;
        let list = self
            .simulation
            .publish_crl(hierarchy, kind, made, made.plus_seconds(86_400))
            .unwrap();
        let first = RevocationGeneration::default();
        let anchors = self.config.anchors(CaKind::UserAuthentication).cloned().collect();
        NationalIndex::in_memory(&[&list], anchors, &Terms::default(), first, made).unwrap()
    }
}
