//! The protocol-neutral sign-in.
//!
//! **Owns** the [`Transaction`] (what a service asks, in words of no protocol), the [`Evidence`] that a source brings,
//! the dispatcher [`next_step`] (the only place that decides what happens next), the matching of evidence to
//! accounts ([`match_account`]) and the [`Refusal`]s with their stable public codes.
//!
//! **Deliberately absent**: SAML and OAuth words, HTTP, storage, clocks. A step never calls another step; each
//! returns to the dispatcher.
//!
//! **Neighbours**: `policy` for levels; `idp-server/src/web/login` loads the inputs, calls [`next_step`] and performs
//! what it says; the protocol's web room turns [`Step::Issue`] into a reply and a [`Refusal`] into its status.
//!
//! **One more step**: a variant of [`Step`], its place in `next_step.rs`, its rows in the enumeration test.

pub mod challenge;
pub mod device;
mod evidence;
mod matching;
mod next_step;
mod past;
mod refusal;
mod transaction;

pub use evidence::{Attempt, DoorFamily, DoorOutcome, Evidence, Ticket, TicketRefusal, redeemable};
pub use matching::{
    Conflict, Facts, Heard, Holding, LinkKind, MAX_QUESTIONS, Match, Neighbour, Openness, Reached, Route,
    Ruling, Walk, WalkEnd, Walked, match_account,
};
pub use next_step::{AuthenticateWhy, Permit, RevocationData, Standing, Step, Way, can_be_met, next_step};
pub use past::Past;
pub use refusal::{Refusal, ServiceAnswer};
pub use transaction::{Agreement, Ask, Expected, Freshness, Interaction, StatusSeen, Transaction};
