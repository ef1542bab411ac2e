//! What a client that registered itself is, and what it may never be (decision 0029): nobody looked at it, so it gets what anybody may have.
//!
//! It may not have: any of the 基本4情報, or anything else beyond the pseudonym and how the person signed in; another level than the card's; types of
//! `authorization_details`, resources of its own, access beyond the session; a name of its own choosing alone; a profile of its own choosing.

use domain::{
    Aal, AssuranceLevel, Ial, Localized, OidcSettings, ProtocolSettings, ReleasedAttribute,
    RequiredProperties, SectorId, Service, ServiceId, ServiceKind, ServiceState, Timestamp,
};
use oidc::ClientMetadata;

/// All that is ever released to it: that it was somebody, the same one as before, and how that one signed in.
const RELEASED: [ReleasedAttribute; 4] = [
    ReleasedAttribute::Pseudonym,
    ReleasedAttribute::AssuranceLevel,
    ReleasedAttribute::AuthenticationTime,
    ReleasedAttribute::AuthenticationMethod,
];

/// The least level: the card.
const LEVEL: AssuranceLevel = AssuranceLevel {
    ial: Ial::Zero,
    aal: Aal::Three,
};

/// The service that it is.
pub(super) fn service(
    id: ServiceId,
    sector: SectorId,
    metadata: &ClientMetadata,
    organisation: &Localized,
    settings: OidcSettings,
    now: Timestamp,
) -> Service {
    Service {
        id,
        sector,
        kind: ServiceKind::Sp,
        name: name(metadata, organisation),
        state: ServiceState::Active,
        required_level: LEVEL,
        required_certainty: None,
        required_properties: RequiredProperties::default(),
        stale_tolerance_seconds: None,
        released_attributes: RELEASED.to_vec(),
        protocol: ProtocolSettings::Oidc(settings),
        created_at: now,
        changed_at: now,
        version: 1,
    }
}

/// What people read: the client's word, and behind it who answers for it, which the operator wrote. The last word is never the client's.
pub(super) fn name(metadata: &ClientMetadata, organisation: &Localized) -> Localized {
    let of = |own: &Option<String>, organisation: &str, open: &str, close: &str| match own
        .as_ref()
        .or(metadata.client_name.as_ref())
    {
        Some(name) => format!("{name}{open}{organisation}{close}"),
        None => organisation.to_owned(),
    };
    Localized {
        ja: of(&metadata.client_name_ja, &organisation.ja, "（", "）"),
        en: of(&metadata.client_name_en, &organisation.en, " (", ")"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_is_the_operators() {
        let organisation = Localized {
            ja: "○○省".to_owned(),
            en: "Ministry of X".to_owned(),
        };
        let said = |name: Option<&str>, ja: Option<&str>| ClientMetadata {
            client_name: name.map(str::to_owned),
            client_name_ja: ja.map(str::to_owned),
            ..ClientMetadata::default()
        };
        let shown = |metadata: &ClientMetadata| {
            let shown = name(metadata, &organisation);
            (shown.ja, shown.en)
        };
        assert_eq!(
            shown(&said(Some("Filing"), Some("申請"))),
            ("申請（○○省）".to_owned(), "Filing (Ministry of X)".to_owned())
        );
        assert_eq!(
            shown(&said(None, None)),
            ("○○省".to_owned(), "Ministry of X".to_owned())
        );
        let claims_more = shown(&said(Some("National Tax Agency (Ministry of Y)"), None));
        assert_eq!(
            claims_more.1,
            "National Tax Agency (Ministry of Y) (Ministry of X)"
        );
    }

    #[test]
    fn nothing_real_is_released() {
        assert!(RELEASED.iter().all(|attribute| !attribute.is_of_four_items()));
    }
}
