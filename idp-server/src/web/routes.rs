//! Every endpoint of the front, in one table.

use actix_web::web::{self, ServiceConfig, delete, get, head, post, put};
use actix_web::{FromRequest, Handler, Responder};

use super::{account, device, enrolment, home, login, logout, oidc, saml, terminal};

/// Octets of a form of ours.
const FORM_LIMIT: usize = 16 * 1024;
/// Octets of a message from a service (a SAML request by POST is the largest).
const MESSAGE_LIMIT: usize = 512 * 1024;

/// Mounts what clients with certificates find on their own listener (RFC 8705 section 5): the endpoints of
/// `oidc::discovery::ALIASED`, under the front's paths.
pub fn mount_for_machines(config: &mut ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(FORM_LIMIT))
        .app_data(web::PayloadConfig::default().limit(MESSAGE_LIMIT));
    of_clients(&mut |path: &str, methods: Vec<actix_web::Route>| resource(config, path, methods));
}

/// Mounts the table.
pub fn mount(config: &mut ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(FORM_LIMIT))
        .app_data(web::PayloadConfig::default().limit(MESSAGE_LIMIT));
    every(&mut |path: &str, methods: Vec<actix_web::Route>| resource(config, path, methods));
    config.default_service(web::to(home::not_found));
}

/// Every path of the table as it stands there, names in braces: `idp-server routes` prints them, and the tests hold a row for each. What
/// lies below `/v1` describes itself (`openapi.json`).
pub fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    every(&mut |path: &str, _: Vec<actix_web::Route>| paths.push(path.to_owned()));
    paths
}

fn every(at: &mut impl FnMut(&str, Vec<actix_web::Route>)) {
    at("/", document(home::get));
    at("/language", vec![get().to(home::language)]);
    at(
        crate::listeners::door::RETURN_PATH,
        vec![get().to(login::card_return::get)],
    );

    own_pages(at);

    at(
        saml::sso::PATH,
        vec![get().to(saml::sso::redirect), post().to(saml::sso::post)],
    );
    at(saml::unsolicited::PATH, vec![get().to(saml::unsolicited::get)]);
    at(
        saml::service_error::PATH,
        vec![get().to(saml::service_error::get)],
    );
    at(saml::artifact::PATH, vec![post().to(saml::artifact::post)]);
    at(saml::query::PATH, vec![post().to(saml::query::post)]);
    at("/saml/metadata", document(saml::metadata::get));

    of_openid_connect(at);

    at("/device/attempts", vec![post().to(device::begin::post)]);
    at("/device/claims", vec![post().to(device::claim::post)]);

    at(terminal::present::PATH, vec![post().to(terminal::present::post)]);
    at(terminal::finish::PATH, vec![post().to(terminal::finish::post)]);

    // Paths with names in them last: the framework tries routes in order, and these cost it a regular expression each.
    at("/assets/{name}", document(home::asset));

    at("/sign-in/{transaction}", vec![get().to(login::get)]);
    at(
        "/activate/done/{transaction}",
        vec![get().to(oidc::device_authorization::answer::done)],
    );
    at(
        "/sign-in/{transaction}/card",
        vec![post().to(login::attempt::post)],
    );
    at(
        "/sign-in/{transaction}/anew",
        vec![post().to(login::attempt::anew)],
    );
    at(
        "/sign-in/{transaction}/consent",
        vec![post().to(login::consent::post)],
    );
    at(
        "/sign-in/{transaction}/cancel",
        vec![post().to(login::refused::cancel)],
    );
    at(
        "/sign-in/{transaction}/return",
        vec![post().to(login::refused::post)],
    );
    at(
        "/sign-in/{transaction}/refused/{reference}",
        vec![get().to(login::refused::get)],
    );

    at(
        "/sign-in/{transaction}/device",
        vec![post().to(device::begin::at_screen)],
    );
    at(
        "/sign-in/{transaction}/device/{attempt}",
        vec![get().to(device::screen::get)],
    );
    at(
        "/device/attempts/{attempt}",
        vec![get().to(device::progress::get)],
    );
    at(
        "/device/attempts/{attempt}/proof",
        vec![post().to(device::proof::post)],
    );
    at(
        "/device/attempts/{attempt}/number",
        vec![post().to(device::progress::number)],
    );
    at(
        "/device/number/{attempt}",
        vec![get().to(device::number::get), post().to(device::number::post)],
    );

    of_logout(at);
}

/// Single logout, and the way through the services after one.
fn of_logout(at: &mut impl FnMut(&str, Vec<actix_web::Route>)) {
    at(
        saml::slo::PATH,
        vec![get().to(saml::slo::redirect), post().to(saml::slo::post)],
    );
    at("/saml/slo/form/{id}", vec![get().to(saml::slo::parked)]);
    at(saml::slo::SOAP_PATH, vec![post().to(saml::slo::soap)]);
    at("/logout/{run}", vec![get().to(logout::get)]);
    at("/logout/{run}/next", vec![get().to(logout::next)]);
    at("/logout/{run}/done", vec![get().to(logout::done)]);
}

/// A document that is there for everybody, also for whoever asks only whether it is (RFC 9110 section 9.3.2). Pages of one person's have no
/// HEAD: a monitor has no business there, and several of them answer once.
fn document<F, Args>(handler: F) -> Vec<actix_web::Route>
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    vec![get().to(handler.clone()), head().to(handler)]
}

fn resource(config: &mut ServiceConfig, path: &str, methods: Vec<actix_web::Route>) {
    let mut resource = web::resource(path);
    for method in methods {
        resource = resource.route(method);
    }
    config.service(resource.default_service(web::to(home::wrong_method)));
}

/// OpenID Connect and what stands around it.
fn of_openid_connect(at: &mut impl FnMut(&str, Vec<actix_web::Route>)) {
    at(
        "/.well-known/openid-configuration",
        document(oidc::documents::discovery),
    );
    at(
        ::oidc::protected_resource::PATH,
        document(oidc::documents::protected_resource),
    );
    // RFC 8414 section 3: the same, for clients of OAuth alone.
    at(
        "/.well-known/oauth-authorization-server",
        document(oidc::documents::discovery),
    );
    at("/oidc/jwks", document(oidc::documents::jwks));
    at(
        "/oidc/authorize",
        vec![get().to(oidc::authorize::get), post().to(oidc::authorize::post)],
    );
    at(
        oidc::device_authorization::PAGE,
        vec![
            get().to(oidc::device_authorization::enter::get),
            post().to(oidc::device_authorization::enter::post),
        ],
    );
    of_clients(at);
    at(
        oidc::registration::PATH,
        vec![post().to(oidc::registration::post)],
    );
    at(
        oidc::registration::CLIENT_PATH,
        vec![
            get().to(oidc::registration::get),
            put().to(oidc::registration::put),
            delete().to(oidc::registration::delete),
        ],
    );
    at(
        "/oidc/logout",
        vec![get().to(oidc::logout::get), post().to(oidc::logout::post)],
    );
}

/// What clients call themselves, without a browser.
fn of_clients(at: &mut impl FnMut(&str, Vec<actix_web::Route>)) {
    at("/oidc/par", vec![post().to(oidc::par::post)]);
    at(
        "/oidc/device_authorization",
        vec![post().to(oidc::device_authorization::endpoint::post)],
    );
    at("/oidc/token", vec![post().to(oidc::token::post)]);
    at("/oidc/introspection", vec![post().to(oidc::introspection::post)]);
    at("/oidc/revocation", vec![post().to(oidc::revocation::post)]);
    at(
        "/oidc/userinfo",
        vec![get().to(oidc::userinfo::get), post().to(oidc::userinfo::get)],
    );
}

/// The person's own pages.
fn own_pages(at: &mut impl FnMut(&str, Vec<actix_web::Route>)) {
    at("/account", vec![get().to(account::get)]);
    at("/account/sign-in", vec![post().to(account::sign_in::post)]);
    at(
        account::closing::PATH,
        vec![get().to(account::closing::get), post().to(account::closing::post)],
    );
    at("/account/end", vec![post().to(account::end)]);
    at("/account/end-all", vec![post().to(account::end_all)]);

    at("/enrolment", vec![get().to(enrolment::get)]);
    at("/enrolment/begin", vec![post().to(enrolment::begin)]);
    at("/enrolment/document", vec![get().to(enrolment::download)]);
    at("/enrolment/signed", vec![post().to(enrolment::signed)]);
    at("/enrolment/withdraw", vec![post().to(enrolment::withdraw)]);
}
