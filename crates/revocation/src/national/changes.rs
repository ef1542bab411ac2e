//! What one index revokes and another does not.

use std::fmt;

use pki::SerialNumber;

use super::container::Bits;
use super::index::NationalIndex;
use super::reason::Fault;

/// See [`NationalIndex::newly_revoked`].
pub struct NewlyRevoked<'a> {
    now: &'a NationalIndex,
    before: &'a NationalIndex,
    here: Box<Bits>,
    there: Box<Bits>,
    /// The next span to be compared.
    span: usize,
    /// Found in the last one, to be handed out from the end.
    found: Vec<u32>,
    /// The next long serial number.
    long: u64,
    failed: bool,
}

impl<'a> NewlyRevoked<'a> {
    pub(super) fn new(now: &'a NationalIndex, before: &'a NationalIndex) -> Self {
        Self {
            now,
            before,
            here: Box::default(),
            there: Box::default(),
            span: 0,
            found: Vec::new(),
            long: 0,
            failed: false,
        }
    }

    fn advance(&mut self) -> Result<Option<SerialNumber>, Fault> {
        while self.found.is_empty() && self.span < self.now.spans() {
            let span = self.span;
            self.span += 1;
            if self.now.slot(span).count == 0 {
                continue;
            }
            self.now.read_span(span, &mut self.here)?;
            self.before.read_span(span, &mut self.there)?;
            let high = u32::try_from(span).map_err(|_| Fault::Content)? << 16;
            self.found
                .extend(self.here.without(&self.there).map(|low| high | u32::from(low)));
            self.found.reverse();
        }
        if let Some(serial) = self.found.pop() {
            return as_serial(&serial.to_be_bytes()).map(Some);
        }
        while self.long < self.now.long_count() {
            let (serial, _) = self.now.long_entry(self.long)?;
            self.long += 1;
            let serial = as_serial(&serial)?;
            if self.before.find(serial.expose_bytes())?.is_none() {
                return Ok(Some(serial));
            }
        }
        Ok(None)
    }
}

fn as_serial(bytes: &[u8]) -> Result<SerialNumber, Fault> {
    SerialNumber::from_bytes(bytes).map_err(|_| Fault::Content)
}

impl Iterator for NewlyRevoked<'_> {
    type Item = Result<SerialNumber, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.advance();
        self.failed = next.is_err();
        next.transpose()
    }
}

impl fmt::Debug for NewlyRevoked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewlyRevoked(..)")
    }
}
