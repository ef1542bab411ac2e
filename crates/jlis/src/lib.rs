//! The port to J-LIS: one interface for everything that the platform asks the certification authority.
//!
//! **Owns** the five questions and their answers as values:
//!
//! | Port | Question |
//! |---|---|
//! | [`StatusSource`] | is this certificate revoked, now? (OCSP) |
//! | [`LinkSource`] | which other certificates belong to the same person? (新旧紐付け, 署名用, 利用者証明用, phone, card) |
//! | [`ListSource`] | which revocation lists are there, and their bytes |
//! | [`FourItemsSource`] | the latest 基本4情報, with the person's signed consent |
//! | [`QuestionCounter`] | who asked how often: questions may cost money |
//!
//! **The real wire is not known here.** That J-LIS answers such questions to notified verifiers is public (Digital Agency,
//! "公的個人認証サービス"); the form is disclosed only under a confidentiality pledge. So this is a port, one adapter speaks
//! to the simulator (`jlis-http`), and the real one will be another adapter, or the same one with another configuration.
//!
//! **The law's limits** (公的個人認証法 Articles 18, 37, 52): a linked serial number may be used only to confirm, and is passed on
//! to nobody. Hence names of certificates, links and items print nothing.
//!
//! **"No answer" is never "good".** Every port returns a typed failure; none has a default.
//!
//! **Deliberately absent**: the index of lists (`revocation`), caches, time-outs and second responders (an adapter's), any clock.
//!
//! **Neighbours**: the certificate door and the status desk ask; the matching desk follows links; only a certain "none" lets it
//! make a new account. `jpki::crosscheck` holds an answer against the lists.
//!
//! **One more question**: a trait and its values in a file of its own, its answer in the simulator, its adapter, a
//! [`QuestionKind`].

mod accounting;
mod failure;
mod four_items;
mod links;
mod lists;
mod name;
mod status;

pub use accounting::{Asker, Counted, QuestionCounter, QuestionKind, QuestionOutcome, Tally};
pub use failure::Unavailable;
pub use four_items::{FourItemsAnswer, FourItemsRefusal, FourItemsSource, LatestItems};
pub use links::{ConflictingLinks, Link, LinkSource, Links};
pub use lists::{DownloadReason, ListEntry, ListSource, Received};
pub use name::CertificateName;
pub use pki::ocsp::{LinkKind, OcspReason, OcspStatus};
pub use status::{
    AnsweredFrom, ResponderFailure, StatusAnswer, StatusEvidence, StatusFailure, StatusQuestion, StatusSource,
};
