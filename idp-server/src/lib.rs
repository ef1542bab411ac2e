//! The running server: composition root and all web.
//!
//! **Owns** configuration (`config`), the three listeners (`listeners`), every handler and page (`web`, `pages`), the command
//! line (`cli`), timers (`jobs`), and the composition of adapters behind the ports (`server`, [`app::App`]).
//!
//! **Deliberately absent**: rules, profiles and decisions: they are pure and live in `crates/`.
//!
//! **Neighbours**: everything below; nobody imports this room but the judges.

pub mod app;
pub mod cli;
pub mod client_documents;
pub mod config;
pub mod exchanges;
pub mod identity;
pub mod jlis;
pub mod jobs;
pub mod listeners;
pub mod machine;
pub mod outbound;
pub mod pages;
mod same_keys;
pub mod secret;
pub mod server;
pub mod sessions;
pub mod signing;
mod stores;
pub mod terminals;
pub mod trust;
pub mod vault;
pub mod web;
