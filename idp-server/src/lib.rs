//! The running server: composition root and all web.
//!
//! (The lead's own module docs replace this at the merge.)

pub mod pages;
