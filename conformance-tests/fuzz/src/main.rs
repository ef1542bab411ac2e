//! The libFuzzer binary: `GAP_FUZZ_TARGET` names the target. With `GAP_FUZZ_SEEDS` it only writes the seeds into that folder.
#![no_main]
#![allow(clippy::expect_used, clippy::panic, reason = "a judge fails by panicking")]

use std::sync::OnceLock;

use fuzz_targets::{Target, target};
use libfuzzer_sys::fuzz_target;

fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("GAP_FUZZ_TARGET").expect("GAP_FUZZ_TARGET names a target");
        let target = target(&name).unwrap_or_else(|| panic!("no target is called {name}"));
        if let Ok(folder) = std::env::var("GAP_FUZZ_SEEDS") {
            for (number, seed) in (target.seeds)().into_iter().enumerate() {
                let path = std::path::Path::new(&folder).join(format!("seed-{number}"));
                std::fs::write(path, seed).expect("a seed is written");
            }
        }
        target
    })
}

fuzz_target!(init: { chosen(); }, |data: &[u8]| (chosen().run)(data));
