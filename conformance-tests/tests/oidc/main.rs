//! OpenID Connect and sessions, by a relying party that can be made to misbehave.

mod abandoned;
mod attacks;
mod pages;
mod sessions;
mod standing;
