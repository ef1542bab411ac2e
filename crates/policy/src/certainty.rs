//! How certain it must be that a certificate is not revoked: the names by which requests ask for it beside a level
//! (`acr_values=aal3 ocsp`, the form of デジタル認証アプリ), the same for both protocols.
//!
//! A certainty is no level: it says how the platform looked, not how the person signed in. So its names stand in a table of their
//! own, and a request is taken apart into the two before its comparison is applied to each.

use domain::RevocationCertainty;

use crate::Comparison;

/// One name and what it stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CertaintyName {
    /// The name on the wire.
    pub name: &'static str,
    /// What it stands for.
    pub certainty: RevocationCertainty,
}

/// Weakest first. The short names are those of デジタル認証アプリ (`crl` is in its documents, `ocsp` is ours by analogy); SAML wants
/// URIs (core-2.0-os section 2.7.2.2), and those are ours.
const NAMES: &[CertaintyName] = &[
    CertaintyName {
        name: "crl",
        certainty: RevocationCertainty::Crl,
    },
    CertaintyName {
        name: "urn:jp:go:gap:certainty:crl",
        certainty: RevocationCertainty::Crl,
    },
    CertaintyName {
        name: "ocsp",
        certainty: RevocationCertainty::Ocsp,
    },
    CertaintyName {
        name: "urn:jp:go:gap:certainty:ocsp",
        certainty: RevocationCertainty::Ocsp,
    },
];

/// Every known name, weakest first.
pub fn known_certainties() -> &'static [CertaintyName] {
    NAMES
}

/// What a request asks beside a level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertaintyChoice {
    /// It names none.
    NotAsked,
    /// It names this one, or is met by it.
    Asked(CertaintyName),
    /// It asks for more than there is.
    Unreachable,
}

/// Chooses the certainty to demand. Names of levels and unknown names are passed over.
pub fn choose_certainty(requested: &[&str], comparison: Comparison) -> CertaintyChoice {
    let named = || {
        requested
            .iter()
            .filter_map(|name| NAMES.iter().find(|known| known.name == *name))
    };
    let Some(first) = named().next() else {
        return CertaintyChoice::NotAsked;
    };
    let strongest = named().max_by_key(|name| name.certainty);
    let chosen = match comparison {
        Comparison::Exact | Comparison::Minimum => Some(first),
        // As certain as possible without exceeding what was named.
        Comparison::Maximum => strongest,
        Comparison::Better => NAMES.iter().find(|known| {
            strongest.is_some_and(|strongest| known.certainty > strongest.certainty)
                // In the spelling of the one who asks.
                && crate::is_uri(known.name) == crate::is_uri(first.name)
        }),
    };
    chosen.map_or(CertaintyChoice::Unreachable, |name| CertaintyChoice::Asked(*name))
}

/// Whether every name that a request holds is one of a certainty: then it asks for no level.
pub fn asks_only_for_certainty(requested: &[&str]) -> bool {
    !requested.is_empty()
        && requested
            .iter()
            .all(|name| NAMES.iter().any(|known| known.name == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(requested: &[&str], comparison: Comparison) -> Option<&'static str> {
        match choose_certainty(requested, comparison) {
            CertaintyChoice::Asked(name) => Some(name.name),
            CertaintyChoice::NotAsked => None,
            CertaintyChoice::Unreachable => Some("unreachable"),
        }
    }

    #[test]
    fn certainties_stand_beside_levels() {
        const OCSP: &str = "urn:jp:go:gap:certainty:ocsp";
        const CRL: &str = "urn:jp:go:gap:certainty:crl";
        for (requested, comparison, expected) in [
            (&["aal3", "crl"][..], Comparison::Exact, Some("crl")),
            (&["aal3", "ocsp"], Comparison::Exact, Some("ocsp")),
            (&["ocsp", "aal2"], Comparison::Exact, Some("ocsp")),
            (&["ocsp", "crl"], Comparison::Exact, Some("ocsp")),
            (&["aal3"], Comparison::Exact, None),
            (&["OCSP"], Comparison::Exact, None),
            (&[], Comparison::Exact, None),
            (&[OCSP], Comparison::Minimum, Some(OCSP)),
            (&[CRL, OCSP], Comparison::Maximum, Some(OCSP)),
            (&[CRL], Comparison::Maximum, Some(CRL)),
            (&[CRL], Comparison::Better, Some(OCSP)),
            (&["crl"], Comparison::Better, Some("ocsp")),
            (&[OCSP], Comparison::Better, Some("unreachable")),
        ] {
            assert_eq!(
                chosen(requested, comparison),
                expected,
                "{requested:?} {comparison:?}"
            );
        }
        assert!(asks_only_for_certainty(&[OCSP, "crl"]));
        assert!(!asks_only_for_certainty(&[OCSP, "aal3"]) && !asks_only_for_certainty(&[]));
    }

    #[test]
    fn no_name_is_a_level_and_a_certainty() {
        for name in known_certainties() {
            assert_eq!(crate::context_named(name.name), None);
        }
    }
}
