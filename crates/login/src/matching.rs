//! The matching desk: whose certificate is this?
//!
//! An unknown certificate is followed along what J-LIS links to it ([`Walk`]) until somebody known is met. [`match_account`]
//! then decides over what was found. The rules, in one sentence each:
//!
//! - What we hold already is asked of nobody; a certificate that another replaced does not sign in.
//! - A person's ruling comes before what links say.
//! - Not hearing, or hearing "I do not know this certificate yet", is never "nobody": the person comes back later.
//! - One known person among everything linked is that person. Two, a closed account, links that contradict themselves or one
//!   another, a chain without end: a person decides, and until then nobody is signed in and no account is made.
//! - Whoever wished their account closed is asked before anything new begins; nobody gets the old account back, nor its names.
//! - A certain "nobody", of a certificate old enough for J-LIS to have heard of it, makes a new account.
//!
//! **Neighbours**: `idp-server/src/web/login/desk.rs` asks the questions, looks up what is held, and performs the [`Match`].

mod decide;
mod walk;

pub use decide::{Conflict, Facts, Match, Ruling, match_account};
pub use walk::{
    Heard, Holding, LinkKind, MAX_QUESTIONS, Neighbour, Openness, Reached, Route, Walk, WalkEnd, Walked,
};
