//! The operator's word that somebody's clients may register themselves: a token of which only the hash is kept.

use domain::{Localized, Timestamp};
use oidc::RegistrationTerms;
use serde::{Deserialize, Serialize};
use store::{Record, StoreFault};

use crate::RegistryRefusal;

/// Days that a token may be good for.
const MAX_DAYS: u32 = 366;
/// Clients that may register with one token.
const MAX_CLIENTS: u32 = 1000;
/// Hosts that one token may name.
const MAX_HOSTS: usize = 32;

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct TokenOrder {
    /// By what operators know it: unique among those that are kept.
    pub name: String,
    /// Who answers for the clients: shown to people behind each client's own name.
    pub organisation: Localized,
    /// What may be registered.
    pub terms: RegistrationTerms,
    /// How many clients.
    pub clients: u32,
    /// For how many days.
    pub days: u32,
}

impl TokenOrder {
    /// What cannot be.
    pub(crate) fn check(&self) -> Result<(), RegistryRefusal> {
        let refuse = |key, why: &str| {
            Err(RegistryRefusal::Setting {
                key,
                why: why.to_owned(),
            })
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(named) {
            return refuse("name", "1 to 64 letters, digits, points, hyphens and underscores");
        }
        for text in [&self.organisation.ja, &self.organisation.en] {
            if !(1..=60).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                return refuse("organisation", "1 to 60 characters in each language");
            }
        }
        if !(1..=MAX_CLIENTS).contains(&self.clients) {
            return refuse("clients", "1 to 1000");
        }
        if !(1..=MAX_DAYS).contains(&self.days) {
            return refuse("days", "1 to 366");
        }
        let hosts = &self.terms.hosts;
        let full = |host: &String| {
            let url = url::Url::parse(&format!("https://{host}/"));
            let name = url.ok().and_then(|url| url.domain().map(str::to_owned));
            name.as_ref() == Some(host) && host.contains('.') && !host.ends_with('.')
        };
        if !(1..=MAX_HOSTS).contains(&hosts.len()) || !hosts.iter().all(full) {
            return refuse(
                "hosts",
                "1 to 32 full host names, in lower case and ASCII, without port",
            );
        }
        Ok(())
    }
}

/// The word as it is kept, under the token's hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InitialAccessToken {
    /// By what operators know it.
    pub name: String,
    /// Who answers for the clients.
    pub organisation: Localized,
    /// What may be registered.
    pub terms: RegistrationTerms,
    /// How many clients may register with it.
    pub clients: u32,
    /// How many did.
    pub used: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When an operator ended it.
    pub ended_at: Option<Timestamp>,
}

impl InitialAccessToken {
    pub(crate) fn of(record: &Record) -> Result<Self, StoreFault> {
        serde_json::from_str(&record.value).map_err(|why| StoreFault::Corrupt(why.to_string()))
    }

    /// Whether one more client may register with it.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at && self.used < self.clients
    }

    /// Where it stands, a word for operators.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        if self.ended_at.is_some() {
            "ended"
        } else if now >= self.expires_at {
            "expired"
        } else if self.used >= self.clients {
            "used up"
        } else {
            "good"
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::SecurityProfile;

    use super::*;

    fn order() -> TokenOrder {
        TokenOrder {
            name: "ministry".to_owned(),
            organisation: Localized {
                ja: "省".to_owned(),
                en: "Ministry".to_owned(),
            },
            terms: RegistrationTerms {
                hosts: vec!["rp.example".to_owned(), "xn--fiqs8s.example".to_owned()],
                profile: SecurityProfile::Fapi2,
            },
            clients: 1,
            days: 1,
        }
    }

    #[test]
    fn an_order_is_bounded_and_names_hosts() {
        assert_eq!(order().check(), Ok(()));
        let with_host = |host: &str| {
            let mut order = order();
            order.terms.hosts = vec![host.to_owned()];
            order
        };
        for bad in [
            "",
            "rp",
            "localhost",
            "RP.example",
            "127.0.0.1",
            "[::1]",
            "省.example",
            "*.example/",
            "rp.example:443",
            "rp.example/x",
            "a@rp.example",
            "https://rp.example",
        ] {
            assert!(with_host(bad).check().is_err(), "{bad}");
        }
        for bad in [
            TokenOrder {
                name: "a b".to_owned(),
                ..order()
            },
            TokenOrder {
                name: String::new(),
                ..order()
            },
            TokenOrder {
                clients: 0,
                ..order()
            },
            TokenOrder {
                clients: 1001,
                ..order()
            },
            TokenOrder { days: 0, ..order() },
            TokenOrder { days: 367, ..order() },
            TokenOrder {
                terms: RegistrationTerms {
                    hosts: Vec::new(),
                    ..order().terms
                },
                ..order()
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_good_until_it_ends_expires_or_is_used_up() {
        let at = Timestamp::from_seconds;
        let token = InitialAccessToken {
            name: "ministry".to_owned(),
            organisation: order().organisation,
            terms: order().terms,
            clients: 2,
            used: 1,
            made_at: at(0),
            expires_at: at(10),
            ended_at: None,
        };
        assert!(token.is_good(at(9)) && !token.is_good(at(10)));
        for (token, word) in [
            (
                InitialAccessToken {
                    used: 2,
                    ..token.clone()
                },
                "used up",
            ),
            (
                InitialAccessToken {
                    ended_at: Some(at(1)),
                    ..token
                },
                "ended",
            ),
        ] {
            assert!(!token.is_good(at(9)));
            assert_eq!(token.standing(at(9)), word);
        }
    }
}
