//! What can be wrong with key files, each with what to do about it.

use std::fmt;
use std::path::PathBuf;

use crate::certificate::CertificateFault;
use crate::{KeyId, RingFault, SealingFault};

/// Why key files could not be used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FileFault {
    /// Nothing there.
    Missing(PathBuf),
    /// Something is there already; nothing was changed.
    AlreadyThere(PathBuf),
    /// Somebody else could read the file.
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else could put another file there.
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than any key file.
    TooLarge(PathBuf),
    /// The operating system said no.
    System {
        /// What was tried, an infinitive.
        tried: &'static str,
        /// On what.
        path: PathBuf,
        /// The kind of error.
        kind: std::io::ErrorKind,
    },
    /// Not in the form that it should have.
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The private key in the file is another than the register says.
    OtherKey {
        /// The file.
        path: PathBuf,
        /// What the register says.
        expected: KeyId,
    },
    /// The ring refused.
    Ring(RingFault),
    /// The certificate was not made.
    Certificate(CertificateFault),
    /// The sealing keys are unusable.
    Sealing(SealingFault),
    /// The crypto provider failed.
    Provider,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{} does not exist: make keys first", path.display()),
            Self::AlreadyThere(path) => write!(f, "{} exists already; nothing was changed", path.display()),
            Self::Readable { path, mode } => write!(
                f,
                "{path} holds a secret and has mode {mode:04o}: others can read it. Run `chmod 600 {path}`; if others may \
                 have read it, replace the key",
                path = path.display()
            ),
            Self::Writable { path, mode } => write!(
                f,
                "{path} has mode {mode:04o}: others can replace what is in it. Run `chmod 700 {path}`",
                path = path.display()
            ),
            Self::TooLarge(path) => write!(f, "{} is larger than any key file", path.display()),
            Self::System { tried, path, kind } => write!(f, "cannot {tried} {}: {kind}", path.display()),
            Self::Malformed { path, expected } => write!(f, "{} is not {expected}", path.display()),
            Self::OtherKey { path, expected } => {
                write!(f, "{} holds another key than {expected}", path.display())
            }
            Self::Ring(fault) => fault.fmt(f),
            Self::Certificate(fault) => fault.fmt(f),
            Self::Sealing(fault) => fault.fmt(f),
            Self::Provider => f.write_str("the crypto provider failed"),
        }
    }
}

impl std::error::Error for FileFault {}

impl From<RingFault> for FileFault {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault)
    }
}

impl From<CertificateFault> for FileFault {
    fn from(fault: CertificateFault) -> Self {
        Self::Certificate(fault)
    }
}

impl From<SealingFault> for FileFault {
    fn from(fault: SealingFault) -> Self {
        Self::Sealing(fault)
    }
}
