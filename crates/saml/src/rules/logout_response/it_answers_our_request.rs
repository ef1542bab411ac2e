//! The response answers the request that was sent.

use super::{Answered, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "it_answers_our_request",
    citation: "saml-core-2.0-os 3.2.2 (InResponseTo)",
    check,
};

fn check(answered: &Answered<'_>) -> Result<(), Reason> {
    if answered.response.in_response_to.as_deref() == Some(answered.request) {
        Ok(())
    } else {
        Err(Reason::AnswersAnother)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::LogoutResponse;
    use crate::samples::{NOW, SP};

    #[test]
    fn table() {
        for (found, verdict) in [
            (Some("_ours"), Ok(())),
            (Some("_other"), Err(Reason::AnswersAnother)),
            (Some("_OURS"), Err(Reason::AnswersAnother)),
            (None, Err(Reason::AnswersAnother)),
        ] {
            let response = LogoutResponse {
                id: "_r".to_owned(),
                version: "2.0".to_owned(),
                issue_instant: NOW,
                destination: None,
                issuer: SP.to_owned(),
                in_response_to: found.map(str::to_owned),
                status: Vec::new(),
            };
            let answered = Answered {
                response: &response,
                request: "_ours",
            };
            assert_eq!(check(&answered), verdict, "{found:?}");
        }
    }
}
