//! A DPoP proof is signed with an algorithm that the client is registered for.

use crate::Reason;
use crate::dpop::DpopFault;
use crate::sender::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 4.3 (check 5: an algorithm acceptable per local policy); FAPI 2.0 Security Profile section 5.4.1; \
                         RFC 8725 section 3.1";

/// Whether it is.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    match ask.proven {
        Some(proven) if !ask.client.tokens.proof_algorithms.contains(&proven.algorithm()) => Err(
            Reason::Dpop(DpopFault::Refused(jose::Reason::AlgorithmNotAllowed)),
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jose::Algorithm;

    use super::*;
    use crate::sample::client;
    use crate::sender::sample::proven;

    #[test]
    fn the_algorithms_of_the_client_and_no_other() {
        let proof = proven();
        let refused = Err(Reason::Dpop(DpopFault::Refused(
            jose::Reason::AlgorithmNotAllowed,
        )));
        for (algorithms, verdict) in [
            (Algorithm::ALL.to_vec(), Ok(())),
            (vec![Algorithm::Es256], Ok(())),
            (vec![Algorithm::Ps256], refused.clone()),
            (Vec::new(), refused),
        ] {
            let mut client = client();
            client.tokens.proof_algorithms = algorithms;
            for (proven, verdict) in [(Some(&proof), verdict), (None, Ok(()))] {
                let ask = Ask {
                    client: &client,
                    proven,
                    certificate: None,
                };
                assert_eq!(check(&ask), verdict);
            }
        }
    }
}
