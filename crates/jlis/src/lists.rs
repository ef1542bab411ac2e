//! Revocation lists: which there are, and their bytes.

use std::fmt;
use std::io::Write;

use async_trait::async_trait;
use jpki::CaKind;

use crate::Unavailable;

/// One list of the manifest. The manifest is unsigned: it only says what to fetch; the list's own signature decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListEntry {
    /// Its name: letters, digits, `-`, `_` and `.`, not beginning with `.`, at most 64. Safe as a file name.
    pub name: String,
    /// Whose certificates it lists.
    pub ca_kind: CaKind,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// What was received, and is as the manifest said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Received {
    /// How many bytes were written.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// Why a list did not arrive. Whatever was written so far is to be thrown away.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DownloadReason {
    /// The source.
    Unavailable(Unavailable),
    /// The manifest announces more than allowed.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// More or fewer bytes than announced.
    Length {
        /// Announced.
        announced: u64,
        /// Received, as far as it was read.
        received: u64,
    },
    /// Other bytes than announced.
    Digest,
    /// Too little arrived for too long.
    Stalled {
        /// Received until then.
        received: u64,
    },
    /// They could not be written.
    Write(std::io::ErrorKind),
}

impl fmt::Display for DownloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => why.fmt(f),
            Self::TooLarge { limit } => write!(f, "announced with more than {limit} bytes"),
            Self::Length { announced, received } => {
                write!(f, "{received} bytes where {announced} were announced")
            }
            Self::Digest => f.write_str("other bytes than announced"),
            Self::Stalled { received } => write!(f, "stalled after {received} bytes"),
            Self::Write(kind) => write!(f, "cannot be written: {kind}"),
        }
    }
}

impl std::error::Error for DownloadReason {}

impl From<Unavailable> for DownloadReason {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

/// Who delivers lists.
#[async_trait]
pub trait ListSource: Send + Sync {
    /// The current lists, all names different.
    async fn manifest(&self) -> Result<Vec<ListEntry>, Unavailable>;

    /// Writes the bytes of a list, a piece at a time, never more than announced. Success means: whole, and as announced.
    ///
    /// `into` is written to between pieces of at most some tens of kilobytes, so a file or a pipe is meant, nothing that
    /// blocks for long.
    async fn download(
        &self,
        entry: &ListEntry,
        into: &mut (dyn Write + Send),
    ) -> Result<Received, DownloadReason>;
}
