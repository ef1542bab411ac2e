//! The software key does PSS and shows no PIN: this is not a real card, nor its dialog, but everything else is as people meet it.
//!
//! Debian's Chromium, headless, with a card in its NSS database and a policy that answers the certificate dialog, signs in by
//! clicking (`browser/README.md`, `browser/walk.mjs`). A missing program fails and says what to run; nothing is skipped.

mod chromium;
mod sign_in;
mod trouble;
