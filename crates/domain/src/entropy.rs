//! Chance as an argument.

/// The only source of unpredictable bytes. Adapters ask the crypto provider; tests seed it.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer with unpredictable bytes.
    ///
    /// An implementation that cannot do so must end the process rather than return.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// A fresh array of `N` bytes.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
