//! What a checked request demands, in words of no protocol: level, certainty, freshness, attributes, and what its tokens are to be like.

use domain::{
    Assurance, Fal, GrantTerms, Language, ProtocolSettings, RefreshPermission, ReleasedAttribute, Service,
};
use login::{Ask, Expected, Freshness, Interaction};
use oidc::{Reason, Wanted};
use policy::{CertaintyChoice, Comparison, acceptable_contexts, asks_only_for_certainty, choose_certainty};

use super::standing::OFFLINE_ACCESS;
use crate::app::App;
use crate::pages::ShownDetail;

/// What a card sign-in is called when the client does not ask for a name.
const DEFAULT_CONTEXT: &str = "aal3";

/// The request in words of no protocol. `acr_values`, and `acr` by the `claims` parameter, are preferences in order: the first that we can
/// reach is what the sign-in must reach; values that nobody knows are passed over (OpenID Connect Core 1.0 section 3.1.2.1). An essential
/// `acr` with values stands above them, and one that nobody reaches refuses the request (section 5.5.1.1, OpenID Connect Core Error Code
/// `unmet_authentication_requirements`).
///
/// A request for a resource's token is another matter: its `acr_values` are what that resource demands of the token (RFC 9470 section 4). A
/// token that could never say one of them would bring the client back with the same request for ever, so that is refused as section 5
/// recommends. A request without a resource asks for a sign-in, where `acr_values` are voluntary (OpenID Connect Core 1.0 section 3.1.2.1).
///
/// `own` is our user information endpoint, a resource too, whose tokens say no `acr`.
pub(super) fn ask(
    request: &Wanted<'_>,
    expected: Expected,
    service: &Service,
    own: &str,
) -> Result<Ask, Reason> {
    let by_claims = request.claims.acr.as_ref();
    let essential = by_claims.filter(|acr| acr.essential && !acr.values.is_empty());
    let names: Vec<&str> = match (essential, by_claims) {
        (Some(acr), _) => acr.values.iter().map(String::as_str).collect(),
        (None, Some(acr)) => request
            .acr_values
            .iter()
            .chain(&acr.values)
            .map(String::as_str)
            .collect(),
        (None, None) => request.acr_values.iter().map(String::as_str).collect(),
    };
    let contexts = acceptable_contexts(&names, Comparison::Exact);
    let certainty = match choose_certainty(&names, Comparison::Exact) {
        CertaintyChoice::Asked(name) => Some(name),
        CertaintyChoice::NotAsked | CertaintyChoice::Unreachable => None,
    };
    let only_certainty = asks_only_for_certainty(&names);
    // One of the values must come back, in the ID token or in the resource's.
    let for_another = request.resources.iter().any(|resource| resource != own);
    let must_be_told = essential.is_some() || (for_another && !request.acr_values.is_empty());
    if must_be_told && contexts.is_empty() && !only_certainty {
        return Err(Reason::AcrUnreachable);
    }
    // To this service none may.
    let is_told = service
        .released_attributes
        .contains(&ReleasedAttribute::AssuranceLevel);
    if must_be_told && !is_told {
        return Err(Reason::AcrUnreachable);
    }
    let context = match certainty {
        Some(certainty) if must_be_told && contexts.is_empty() => certainty.name,
        _ => DEFAULT_CONTEXT,
    };
    Ok(Ask {
        level: Assurance::LEAST,
        contexts: contexts.iter().map(|context| context.name.to_owned()).collect(),
        context: context.to_owned(),
        // The client itself fetches the reply with a code that PKCE binds to this request (NIST SP 800-63C-4 section 2.2: FAL2 is
        // protected against injection).
        fal: Fal::Two,
        certainty: certainty.map(|name| name.certainty),
        freshness: Freshness {
            // Another account can only be chosen by another card.
            force: request.prompt.login || request.prompt.select_account,
            max_age_seconds: request.max_age_seconds,
        },
        interaction: if request.prompt.none {
            Interaction::Forbidden
        } else {
            Interaction::Allowed
        },
        expected,
        withheld: withheld(request),
        // What is asked beyond scopes is agreed to each time: no consent on record is about it (RFC 9396 section 2).
        always_consent: request.prompt.consent || request.authorization_details.is_some(),
    })
}

/// The scopes that are granted: those about the person only where the service is registered for what they stand for.
pub(super) fn granted<'a>(request: &Wanted<'a>, service: &Service) -> Vec<&'a str> {
    request
        .scope
        .iter()
        .map(String::as_str)
        .filter(|scope| match *scope {
            // Passed over where the client is not registered for it, or the person is not to be asked (OpenID Connect Core 1.0
            // section 11).
            OFFLINE_ACCESS => request.prompt.consent && may_outlive_the_session(service),
            scope => oidc::attribute_of_scope(scope)
                .is_none_or(|attribute| service.released_attributes.contains(&attribute)),
        })
        .collect()
}

fn may_outlive_the_session(service: &Service) -> bool {
    match &service.protocol {
        ProtocolSettings::Oidc(settings) => settings.tokens.refresh == RefreshPermission::Offline,
        ProtocolSettings::Saml(_) => false,
    }
}

/// What the tokens are to be like.
pub(super) fn terms(request: &Wanted<'_>, service: &Service) -> GrantTerms {
    let registered = |attribute: &&ReleasedAttribute| service.released_attributes.contains(attribute);
    GrantTerms {
        dpop_jkt: request.dpop_thumbprint.map(str::to_owned),
        resources: request.resources.to_vec(),
        in_id_token: request
            .claims
            .in_id_token
            .iter()
            .filter(registered)
            .copied()
            .collect(),
        authorization_details: request.authorization_details.map(str::to_owned),
        single_sign_on: false,
    }
}

/// The 基本4情報 that neither the request's scopes nor its `claims` ask for.
fn withheld(request: &Wanted<'_>) -> Vec<ReleasedAttribute> {
    let asked: Vec<_> = request
        .scope
        .iter()
        .filter_map(|scope| oidc::attribute_of_scope(scope))
        .collect();
    ReleasedAttribute::FOUR_ITEMS
        .into_iter()
        .filter(|attribute| !asked.contains(attribute) && !request.claims.ask_for(*attribute))
        .collect()
}

/// What a person reads of `authorization_details` before agreeing.
pub(in crate::web) fn shown_details(app: &App, terms: &GrantTerms, language: Language) -> Vec<ShownDetail> {
    let Some(text) = &terms.authorization_details else {
        return Vec::new();
    };
    oidc::authorization_details::shown(text, &app.detail_types, language)
        .into_iter()
        .map(|detail| ShownDetail {
            title: detail.title,
            members: detail.members,
        })
        .collect()
}
