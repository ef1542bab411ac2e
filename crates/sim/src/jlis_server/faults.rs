//! The catalogue: every way in which the simulated J-LIS can misbehave, switchable while it runs.
//!
//! Several faults may be on at once; where they contradict, the one that stands first in the table wins. A server that answers
//! from a folder keeps its switches in a file of the folder, under its own name, so that another process can throw them and
//! a restart forgets nothing; a server of a world in memory keeps them in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::keys::write_whole;

/// How much, or in which way.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Parameter {
    /// Milliseconds, bytes, entries: the table says.
    Number(u64),
    /// A variant: the table says.
    Text(String),
}

macro_rules! catalogue {
    ($($variant:ident $name:literal $parameter:literal $meaning:literal;)*) => {
        /// One fault. The table with its parameters is what `GET /control/faults` answers.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        pub enum ServerFault {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant,)*
        }

        impl ServerFault {
            /// The whole catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name on the wire and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its parameter means; empty where it has none.
            pub const fn parameter(self) -> &'static str {
                match self { $(Self::$variant => $parameter,)* }
            }

            /// What it does.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

catalogue! {
    PredecessorUnavailable "predecessor-unavailable" "" "Predecessor questions: status 503.";
    PredecessorSlow "predecessor-slow" "milliseconds, 600000" "Predecessor questions: answered late.";
    PredecessorGarbage "predecessor-garbage" "" "Predecessor questions: half of a JSON document.";
    PredecessorEmpty "predecessor-empty" "" "Predecessor questions: an empty object, which is not \"none\".";
    PredecessorHuge "predecessor-huge" "bytes, 1048576" "Predecessor questions: that many bytes.";
    PredecessorHangUp "predecessor-hang-up" "" "Predecessor questions: the connection ends without an answer.";

    CrlUnavailable "crl-unavailable" "" "List delivery: status 503.";
    CrlSilent "crl-silent" "" "List delivery: no answer, the connection stays open.";
    CrlSlow "crl-slow" "milliseconds, 5000" "List delivery: answered late.";
    CrlEndless "crl-endless" "" "Lists that claim 4 GiB and go on with entries until a gibibyte was sent.";
    CrlReplayed "crl-replayed" "" "The lists of the day before, as they were then.";
    CrlOtherAuthority "crl-other-authority" "" "Each list is issued and signed by the other authority.";
    CrlPartitionMissing "crl-partition-missing" "" "The last list of each authority is not delivered.";
    CrlWrongPartition "crl-wrong-partition" "" "The first two lists of each authority name each other's distribution point.";
    CrlLate "crl-late" "" "thisUpdate two days ago, nextUpdate a day ago.";
    CrlFuture "crl-future" "" "thisUpdate tomorrow, nextUpdate the day after.";
    CrlNoNextUpdate "crl-no-next-update" "" "Lists without nextUpdate.";
    CrlShrunken "crl-shrunken" "" "Every second entry is missing; number and dates are fresh.";
    CrlUnrevocation "crl-unrevocation" "" "The oldest entry of each list is missing.";
    CrlRemoveFromCrl "crl-remove-from-crl" "" "The oldest entry of each list has the reason removeFromCRL.";
    CrlDuplicateSerials "crl-duplicate-serials" "" "Every entry twice, the second time with another reason.";
    CrlHuge "crl-huge" "entries, 1000000" "That many entries more (2000000 at most), properly signed.";
    CrlLengthLie "crl-length-lie" "\"outer\", else inner" "revokedCertificates (or the whole) claims a mebibyte more than there is.";
    CrlWrongSigner "crl-wrong-signer" "" "Signed by a stranger's key under the authority's name and key identifier.";
    CrlWrongGeneration "crl-wrong-generation" "" "Signed by generation 2 under the key identifier of generation 3.";
    CrlOlderGeneration "crl-older-generation" "generation, 2" "Signed by that generation, which says so: allowed.";
    CrlCorrupted "crl-corrupted" "\"transport\": the manifest tells the right digest" "One bit in the middle is flipped.";
    CrlTruncated "crl-truncated" "\"hang-up\": the length is announced, then the connection ends" "The last third is missing.";

    OcspUnavailable "ocsp-unavailable" "" "OCSP: status 503.";
    OcspSilent "ocsp-silent" "" "OCSP: no answer, the connection stays open.";
    OcspHangUp "ocsp-hang-up" "" "OCSP: the connection ends without an answer.";
    OcspSlow "ocsp-slow" "milliseconds, 5000" "OCSP: answered late.";
    OcspHuge "ocsp-huge" "bytes, 16777216" "OCSP: that many bytes.";
    OcspGarbage "ocsp-garbage" "" "OCSP: a page of HTML with status 200.";
    OcspTryLater "ocsp-try-later" "" "OCSP: tryLater.";
    OcspInternalError "ocsp-internal-error" "" "OCSP: internalError.";
    OcspRefused "ocsp-refused" "" "OCSP: unauthorized.";
    OcspReplay "ocsp-replay" "" "OCSP: the first answer ever given about the certificate, or one of yesterday with a nonce of its own.";
    OcspStale "ocsp-stale" "" "OCSP: nextUpdate was an hour ago.";
    OcspFuture "ocsp-future" "" "OCSP: thisUpdate is tomorrow.";
    OcspWrongCertId "ocsp-wrong-cert-id" "" "OCSP: the answer is about the next serial number.";
    OcspContradiction "ocsp-contradiction" "\"revoked\": the other way round" "OCSP: good for what is revoked.";
    OcspUnknown "ocsp-unknown" "" "OCSP: unknown for everything.";
    OcspWrongNonce "ocsp-wrong-nonce" "" "OCSP: a nonce that was not asked with.";
    OcspNoNonce "ocsp-no-nonce" "" "OCSP: no nonce.";
    OcspUnauthorizedResponder "ocsp-unauthorized-responder" "\"foreign\": certified by a stranger" "OCSP: the responder's certificate lacks id-kp-OCSPSigning.";
    OcspResponderExpired "ocsp-responder-expired" "" "OCSP: the responder's certificate ended yesterday.";
    OcspBrokenSignature "ocsp-broken-signature" "" "OCSP: a byte of what is signed is altered.";
    OcspMalformed "ocsp-malformed" "" "OCSP: the last third of the answer is missing.";
    OcspResponderByName "ocsp-responder-by-name" "" "OCSP: the responder is named, not told by its key: allowed.";
    OcspNoLinks "ocsp-no-links" "" "OCSP: no link extension.";

    LinksUnavailable "links-unavailable" "" "Links: status 503.";
    LinksSilent "links-silent" "" "Links: no answer, the connection stays open.";
    LinksSlow "links-slow" "milliseconds, 5000" "Links: answered late.";
    LinksGarbage "links-garbage" "" "Links: half of a JSON document.";
    LinksEmpty "links-empty" "" "Links: an empty object.";
    LinksHuge "links-huge" "bytes, 16777216" "Links: that many bytes.";
    LinksMalformed "links-malformed" "" "Links, also in OCSP: one names no possible certificate.";
    LinksToItself "links-to-itself" "" "Links, also in OCSP: the certificate replaced itself.";
    LinksContradictory "links-contradictory" "" "Links, also in OCSP: those of another person too.";
    LinksTooMany "links-too-many" "links, 10000" "Links, also in OCSP: that many more predecessors.";

    ItemsUnavailable "items-unavailable" "" "Latest items: status 503.";
    ItemsSilent "items-silent" "" "Latest items: no answer, the connection stays open.";
    ItemsSlow "items-slow" "milliseconds, 5000" "Latest items: answered late.";
    ItemsGarbage "items-garbage" "" "Latest items: half of a JSON document.";
    ItemsHuge "items-huge" "bytes, 16777216" "Latest items: that many bytes.";
    ItemsRefused "items-refused" "the reason, \"closed\"" "Latest items: refused.";
    ItemsStale "items-stale" "" "Latest items: those before the last change, as of a year ago.";
    ItemsOtherPerson "items-other-person" "" "Latest items: somebody else's.";
    ItemsMalformed "items-malformed" "" "Latest items: flags that do not fit, a date that is none.";
}

impl ServerFault {
    /// By its name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.as_str() == text)
    }
}

/// The faults that are on.
pub type Switched = BTreeMap<ServerFault, Option<Parameter>>;

/// What a fault's parameter says as a number, or the table's default.
pub(crate) fn number(switched: &Switched, fault: ServerFault) -> Option<u64> {
    let default = fault
        .parameter()
        .rsplit(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    switched.get(&fault).map(|parameter| match parameter {
        Some(Parameter::Number(number)) => *number,
        _ => default,
    })
}

/// Whether a fault is on in a variant.
pub(crate) fn says(switched: &Switched, fault: ServerFault, variant: &str) -> bool {
    matches!(switched.get(&fault), Some(Some(Parameter::Text(text))) if text == variant)
}

/// Where a server keeps its switches.
#[derive(Debug)]
pub(crate) enum Switches {
    Memory(Mutex<Switched>),
    File(PathBuf),
}

/// The file of a server's switches in a folder.
pub(crate) fn file(folder: &Path, server: &str) -> PathBuf {
    folder.join(format!("jlis-faults-{server}.json"))
}

impl Switches {
    pub(crate) fn now(&self) -> Switched {
        match self {
            Self::Memory(switched) => switched.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::File(path) => fs::read(path)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok())
                .unwrap_or_default(),
        }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Switched)) -> Result<(), SimError> {
        match self {
            Self::Memory(switched) => {
                change(&mut switched.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(())
            }
            Self::File(path) => {
                let mut switched = self.now();
                change(&mut switched);
                let text = serde_json::to_vec(&switched).map_err(|source| SimError::State {
                    path: path.clone(),
                    source,
                })?;
                write_whole(path, &text)
            }
        }
    }
}

/// Switches a fault of a server that answers from a folder, also from another process.
pub fn switch_in_folder(
    folder: &Path,
    server: &str,
    fault: ServerFault,
    on: bool,
    parameter: Option<Parameter>,
) -> Result<(), SimError> {
    Switches::File(file(folder, server)).change(|switched| {
        if on {
            switched.insert(fault, parameter);
        } else {
            switched.remove(&fault);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let mut names: Vec<&str> = ServerFault::ALL.iter().map(|fault| fault.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ServerFault::ALL.len());
        for fault in ServerFault::ALL {
            assert_eq!(ServerFault::from_text(fault.as_str()), Some(*fault));
            assert_eq!(
                serde_json::to_string(fault).unwrap(),
                format!("\"{}\"", fault.as_str())
            );
        }
    }

    #[test]
    fn a_number_comes_from_the_switch_or_from_the_table() {
        let mut switched = Switched::new();
        assert_eq!(number(&switched, ServerFault::OcspSlow), None);
        switched.insert(ServerFault::OcspSlow, None);
        assert_eq!(number(&switched, ServerFault::OcspSlow), Some(5000));
        switched.insert(ServerFault::OcspSlow, Some(Parameter::Number(7)));
        assert_eq!(number(&switched, ServerFault::OcspSlow), Some(7));
    }
}
