//! Every fuzz target on its seeds and on a fixed number of mutations.

use fuzz_targets::{Mutations, TARGETS};

const MUTATIONS: usize = 3_000;

#[test]
fn every_target_stands_its_seeds_and_mutations() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in &seeds {
            (target.run)(seed);
        }
        for (number, input) in Mutations::of(seeds, 1).take(MUTATIONS).enumerate() {
            let run = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(
                run.is_ok(),
                "{} fails on mutation {number}: {input:02x?}",
                target.name
            );
        }
    }
}

#[test]
fn targets_have_names_of_their_own() {
    let mut names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TARGETS.len());
}
