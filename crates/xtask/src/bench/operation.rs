//! What is done again and again, whatever it is.

use crate::Failure;
use crate::floor::Work;

/// Something that a person, a browser or a service's server asks the platform for.
pub(crate) trait Operation: Sync {
    /// The row's head.
    fn name(&self) -> &str;

    /// The cryptography without which it cannot be done, handshakes included.
    fn work(&self) -> Work;

    /// Gets ready for that many, which is not counted.
    fn prepare(&self, _count: u32) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether what should have come of so many came.
    fn check(&self, _count: u32) -> Result<(), Failure> {
        Ok(())
    }

    /// Does it once, by this one of many who do it at a time.
    fn perform(&self, citizen: usize) -> Result<(), Failure>;
}
