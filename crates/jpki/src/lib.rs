//! The JPKI profile: which certificate may sign in, decided by one table of rules.
//!
//! **Owns** the two authorities' names, the policies, the configuration of what is pinned, the rules of the
//! user-authentication certificate ([`check::evaluate`]) with the proof that they held ([`Holder`]), the 署名用 certificate and signatures
//! made with it ([`signing`]), the reading of 基本4情報 ([`FourItems`]), and what reason codes say about a person ([`reading`]).
//!
//! **Deliberately absent**: clocks, files, TLS (possession is proven by `pki::verify_possession`, or outside TLS by
//! [`Possession`], before anything here counts), the predecessor question (that is `jlis`), accounts.
//!
//! **Facts.** Only what is CONFIRMED in the fact sheet is a constant (names, registered policies); all else is configuration
//! with a default.
//!
//! **Neighbours**: `pki` and `revocation` below; the certificate door above.
//!
//! **One more rule**: a file in `rules/` named by the sentence that must hold, its row in the table of `check.rs`, a
//! fault in `sim`, rows in `tests/rules.rs`.

#![allow(clippy::doc_markdown, reason = "ASN.1 names its types in camel case")]

pub mod authority;
pub mod check;
mod config;
pub mod crosscheck;
mod evaluation;
mod four_items;
mod holder;
pub mod policy;
mod possession;
pub mod reading;
mod reason;
mod rules;
pub mod signing;

pub use authority::{CaKind, Hierarchy, PinnedCa};
pub use check::{Remembered, evaluate, recheck};
pub use config::{JpkiConfig, Mode};
pub use crosscheck::{Crosscheck, crosscheck};
pub use evaluation::{Evaluation, Step, Verdict};
pub use four_items::{BirthDate, Era, FlaggedText, FourItems, Item, ItemTexts, ItemsDefect, Sex};
pub use holder::Holder;
pub use possession::{Possession, PossessionReason, StatementAlgorithm};
pub use reason::{ConfigReason, ProfileDefect, Reason};
