//! Audit: what happened, in a vocabulary that auditors and operators read, kept in an append-only log.
//!
//! **Owns** the event vocabulary ([`Event`], [`Action`], [`Outcome`]) and the trace of decisions that an event
//! carries ([`TraceStep`]); the hash chain that makes the log's history unchangeable unnoticed, and its offline
//! verification ([`chain`]).
//!
//! **Deliberately absent**: storage (events travel in the `store::Batch` with their effect), logging (a log line
//! is for operating the machine, an event is for answering "who did what, and why was it allowed"), and
//! anything that identifies a certificate: no serial, no CN, no digest.
//!
//! **Neighbours**: `store` carries events, `idp-server` composes them, operators read them by reference.
//!
//! **One more event**: a variant of [`Action`] with its meaning in one sentence, and the place that commits it.

pub mod chain;
mod event;

pub use event::{Action, Actor, Event, Outcome, TraceStep, Verdict};
