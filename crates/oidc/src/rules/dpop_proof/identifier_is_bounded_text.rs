//! `jti` is there, so that the proof can be known again.

use crate::Reason;
use crate::dpop::{Ask, DpopFault};

/// Where it is written.
pub const CITES: &str =
    "RFC 9449 section 4.2 (jti required) and section 11.1 (remembered while the proof counts)";

const MAX: usize = 255;

/// Whether it was seen before, the caller's unique insert says.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The identifier.
pub fn read<'a>(ask: &Ask<'a>) -> Result<&'a str, Reason> {
    let id = ask.text("jti")?;
    if (1..=MAX).contains(&id.len()) {
        Ok(id)
    } else {
        Err(Reason::Dpop(DpopFault::Claim("jti")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::proof_with;

    #[test]
    fn one_to_255_bytes() {
        let (longest, longer) = ("x".repeat(255), "x".repeat(256));
        for good in ["1", longest.as_str()] {
            assert_eq!(proof_with("jti", &json!(good), check), Ok(()));
        }
        for bad in [json!(null), json!(1), json!(""), json!(longer)] {
            assert_eq!(
                proof_with("jti", &bad, check),
                Err(Reason::Dpop(DpopFault::Claim("jti")))
            );
        }
    }
}
