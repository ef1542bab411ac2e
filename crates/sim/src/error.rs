//! What can go wrong in the simulation itself.

use std::path::PathBuf;

/// Why the simulation could not do what was asked. Wrong PINs are in [`crate::card::CardError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A state file is not what this version writes.
    #[error("{}: {source}", path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// A key could not be made, read or used.
    #[error("key: {0}")]
    Key(String),
    /// A directory that already holds a simulation made from another seed.
    #[error("{}: holds a simulation made from another seed", .0.display())]
    OtherSeed(PathBuf),
    /// No such card.
    #[error("no card {0}")]
    NoSuchCard(String),
    /// No such person.
    #[error("no person {0}")]
    NoSuchPerson(String),
    /// A request that makes no sense.
    #[error("{0}")]
    Request(String),
    /// The card refused.
    #[error("card: {0}")]
    Card(#[from] crate::card::CardError),
    /// An outside program (certutil, pk12util) failed or is missing.
    #[error("{program}: {reason}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it said.
        reason: String,
    },
}

impl SimError {
    /// Names the path of an I/O error.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
