//! PIN-less use (かざし利用): an approved terminal holds a card to its reader, and nobody is asked for a PIN
//! (公的個人認証法 Article 38-4; why it is built so: docs/decisions/0017).
//!
//! **Owns** the sequence: the terminal names a sign-in that its browser began and the certificate that it read
//! (`present.rs`), the platform checks who that is and hands out a challenge, the card answers it by its internal authentication,
//! which proves that it is genuine (`genuine_card.rs`, `finish.rs`); who may ask at all (`request.rs`); from where the date of
//! birth comes, without which the card does not answer (`birth_date.rs`).
//!
//! **Deliberately absent**: cookies and single sign-on. The session belongs to the one transaction that the terminal named; its
//! secret is thrown away at once. A certificate alone is nothing here: it can be read from any card without a PIN.
//!
//! **Neighbours**: `crate::terminals` keeps the register; the dispatcher knows the method by its level, AAL0, which satisfies only
//! services that were registered for it.
//!
//! **The real mechanism** of the card (券面事項確認AP) is not public: one more implementation of [`genuine_card::GenuineCard`], and
//! the check of the configuration that refuses this room in production goes.

pub mod birth_date;
pub mod finish;
pub mod genuine_card;
pub mod present;
mod request;
