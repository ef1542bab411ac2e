//! `gap-sim`: the simulated JPKI from the command line.

fn main() {}
