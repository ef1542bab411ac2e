//! The end of a program that could not start.

use std::fmt;
use std::path::Path;

/// Why a program ended, for `main` to return. Rust prints what `main` returns in its own notation, which names no file, reads badly,
/// and, for a fault in a configuration, repeats the whole of it with the keys inside; this one is printed as the sentence that the
/// fault has for people, with its causes.
pub struct Stopped(String);

impl Stopped {
    /// For a reason of the program's own, such as its usage.
    pub fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Not an error itself, so that every error can become one with `?`.
impl<E: std::error::Error> From<E> for Stopped {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let more = inner.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            cause = inner.source();
        }
        Self(text)
    }
}

/// A file's text, or which file cannot be read.
pub fn read(path: impl AsRef<Path>) -> Result<String, Stopped> {
    let path = path.as_ref();
    std::fs::read_to_string(path)
        .map_err(|error| Stopped(format!("{} cannot be read: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyFault;
    use crate::oidc::OidcReason;

    #[test]
    fn a_fault_is_told_as_its_sentence_once() {
        let fault = OidcReason::Key(KeyFault::NotP256);
        assert_eq!(format!("{:?}", Stopped::from(fault.clone())), fault.to_string());
        let taken = crate::web::taken("127.0.0.1:1".parse().unwrap())(std::io::ErrorKind::AddrInUse.into());
        let told = format!("{:?}", Stopped::from(taken));
        assert_eq!(told.matches("address in use").count(), 1, "{told}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let told = format!("{:?}", read("no-such-file.toml").unwrap_err());
        assert!(told.starts_with("no-such-file.toml cannot be read: "), "{told}");
    }
}
