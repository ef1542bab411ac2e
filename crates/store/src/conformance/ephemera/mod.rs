//! Cases of the ephemeral port.

mod counters;
mod races;
mod values;

use super::{Case, EphemeraFactory};

pub(super) fn all() -> Vec<&'static Case<dyn EphemeraFactory>> {
    [values::CASES, counters::CASES, races::CASES]
        .into_iter()
        .flatten()
        .collect()
}
