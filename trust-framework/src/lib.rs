//! The registry of services, and the register of approved verifiers.
//!
//! **Owns** what may be registered ([`ServiceFile`]: the file form, its checks) and the acts by which the registry changes
//! ([`Registrar`]: add, suspend, resume, remove), each one batch with its audit event; the same for approved verifiers ([`verifiers`]), for
//! clients that register themselves ([`self_registration`]), and for services that metadata sources publish ([`sources`]).
//!
//! **Deliberately absent**: the look-up on the sign-in path (a plain Ledger read), HTTP, command lines, drivers. Private IdPs,
//! approval by two people and publication come with their issues.
//!
//! **Neighbours**: `idp-server` (command line, start-up import); `domain::Service` is the record.
//!
//! **One more setting of a service**: a field in `domain`, in the file form with a default, its check here, and the rule that
//! holds it against a request in the protocol's room.

mod published;
mod refusal;
mod registrar;
mod sectors;
pub mod self_registration;
mod service_file;
pub mod sources;
pub mod verifiers;

pub use published::{Published, SectorDocument, with_keys};
pub use refusal::RegistryRefusal;
pub use registrar::{Registrar, parse_protocol};
pub use sectors::last_good_sector;
pub use service_file::ServiceFile;
