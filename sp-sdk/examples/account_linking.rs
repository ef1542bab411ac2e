//! A service that has had customers with ID and password for years, and links them to card holders. A small customer database in
//! memory; pages in Japanese and English.
//!
//! `account_linking CONFIG.toml`. Customers for trying it out stand in the file.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line says where it listens, and its log is standard error; notices would be mails"
)]

#[path = "account_linking/customers.rs"]
mod customers;
#[path = "account_linking/pages.rs"]
mod pages;

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Data, Form, get, post};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Aal, Clock as _};
use serde::Deserialize;
use sp_sdk::account_linking::{Done, LinkReason, Linking, MemoryLinks, Purpose};
use sp_sdk::gate::{Gate, Partner, SignIn};
use sp_sdk::guard::Guard;
use sp_sdk::oidc::{ClientSecret, OidcConfig, RelyingParty};
use sp_sdk::session::MemorySessions;
use sp_sdk::web::{self, ServerSettings, Stopped, language};
use sp_sdk::{MachineClock, MachineEntropy};

use customers::{Customers, Entered, Known};

/// Proofs of sign-ins for these two purposes are not taken for one another.
const TO_LINK: &str = "link";
const TO_ENTER: &str = "enter";

#[derive(Deserialize)]
struct Settings {
    #[serde(flatten)]
    server: ServerSettings,
    /// Our P-256 key, with which we prove who asks.
    #[serde(default)]
    client_key: Option<PathBuf>,
    oidc: OidcConfig,
    customers: Vec<Known>,
}

struct Shop {
    gate: Arc<Gate>,
    linking: Linking,
    customers: Customers,
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| Stopped::because("usage: account_linking CONFIG.toml"))?;
    let mut settings: Settings = toml::from_str(&web::read(path)?)?;
    if let Some(key) = &settings.client_key {
        settings.oidc.private_key_pem = Some(ClientSecret::new(web::read(key)?));
    }
    let platform = RelyingParty::discover(settings.oidc, MachineClock.now()).await?;
    let sessions = Arc::new(MemorySessions::new(10_000));
    let gate = Arc::new(Gate::new(Partner::Oidc(Box::new(platform)), sessions, 3_600));
    let shop = Data::new(Shop {
        gate: Arc::clone(&gate),
        linking: Linking::new(Arc::new(MemoryLinks::default())),
        customers: Customers::new(settings.customers).map_err(Stopped::because)?,
    });
    let told: web::Told = Arc::new(|reason| eprintln!("gate: {reason}"));
    let server = web::serve(&settings.server, move |app| {
        web::routes(app, &gate, &told);
        app.app_data(shop.clone())
            .route("/", get().to(home))
            .route("/password", post().to(password))
            .route("/leave", post().to(leave))
            .route("/card", get().to(card))
            .route("/entered", get().to(entered))
            .route("/link", post().to(link))
            .route("/link/confirm", get().to(confirm_page))
            .route("/link/confirm", post().to(confirm))
            .route("/unlink", post().to(unlink));
    })?;
    println!("listening on {}", settings.server.listen);
    Ok(server.await?)
}

fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}

impl Shop {
    /// Who is in, by password or by card.
    fn who(&self, request: &HttpRequest) -> Option<Entered> {
        self.customers.session(&value(request, customers::COOKIE)?)
    }

    /// The same where a form is acted on: it must come from a page of this session.
    fn who_sent(&self, request: &HttpRequest, token: &str) -> Option<Entered> {
        self.who(request).filter(|who| who.owns_form(token))
    }

    /// What a change leads to, before it is answered.
    fn do_all(&self, done: &Done, here: &Entered) {
        self.customers.end_all(&done.end_sessions_of, Some(here));
        if let Some(person) = &done.end_sessions_by {
            self.customers.end_by_person(person);
        }
        self.customers.tell(&done.notice);
    }
}

async fn home(request: HttpRequest, shop: Data<Shop>) -> HttpResponse {
    let language = language(&request);
    let Some(who) = shop.who(&request) else {
        return enter(&request, None);
    };
    match shop.linking.link_of(&who.customer).await {
        Ok(link) => pages::customer(language, &who, link.as_ref(), &shop.customers.told(&who.customer)),
        Err(reason) => pages::refused(language, &reason),
    }
}

/// The form for who is not in: with a token, so that no other site's form signs anybody in here.
fn enter(request: &HttpRequest, told: Option<&LinkReason>) -> HttpResponse {
    let (token, kept) = web::form_ticket(request);
    let mut response = pages::enter(language(request), &token, told);
    // Name and value are ours, so there is nothing to refuse.
    let _ = response.add_cookie(&kept);
    response
}

#[derive(Deserialize)]
struct Entering {
    id: String,
    password: String,
    #[serde(default)]
    form_token: String,
}

async fn password(request: HttpRequest, form: Form<Entering>, shop: Data<Shop>) -> HttpResponse {
    if !web::owns_form(&request, &form.form_token) {
        return pages::refused(language(&request), &LinkReason::NotUnderWay);
    }
    match shop
        .customers
        .enter(&form.id, &form.password, &MachineEntropy, MachineClock.now())
    {
        Some(name) => web::redirect("/", web::cookie(customers::NAME, name, 3_600, false)),
        None => enter(&request, Some(&LinkReason::SignInAgain)),
    }
}

#[derive(Deserialize)]
struct Token {
    form_token: String,
    #[serde(default)]
    ceremony: String,
}

async fn leave(request: HttpRequest, form: Form<Token>, shop: Data<Shop>) -> HttpResponse {
    // Without the token nothing is taken away: another site's form would sign the customer out.
    let Some(who) = shop.who_sent(&request, &form.form_token) else {
        return pages::refused(language(&request), &LinkReason::NotUnderWay);
    };
    shop.customers.end(&who);
    web::redirect("/", web::cookie(customers::NAME, String::new(), 0, false))
}

/// In by card, for customers who are linked.
async fn card(request: HttpRequest, shop: Data<Shop>) -> HttpResponse {
    ask_card(&request, &shop, TO_ENTER, "/entered").await
}

async fn ask_card(request: &HttpRequest, shop: &Shop, purpose: &str, page: &str) -> HttpResponse {
    match shop.gate.begin_proof(Guard::aal(Aal::Three), purpose, page).await {
        Ok(way) => web::redirect(&way.address, web::cookie("asked", way.cookie, 600, false)),
        Err(reason) => {
            eprintln!("gate: {reason}");
            pages::refused(language(request), &LinkReason::NotUnderWay)
        }
    }
}

fn proof(request: &HttpRequest, shop: &Shop, purpose: &str) -> Option<SignIn> {
    shop.gate
        .take_proof(value(request, Gate::ASKED_COOKIE).as_deref(), purpose)
}

async fn entered(request: HttpRequest, shop: Data<Shop>) -> HttpResponse {
    let language = language(&request);
    let Some(person) = proof(&request, &shop, TO_ENTER) else {
        return pages::refused(language, &LinkReason::NotUnderWay);
    };
    match shop.linking.customer_of(&person).await {
        Ok(Some(customer)) => {
            let now = MachineClock.now();
            let name = shop
                .customers
                .enter_by_card(&customer, person.subject(), &MachineEntropy, now);
            web::redirect("/", web::cookie(customers::NAME, name, 3_600, false))
        }
        // No customer is made, and none is guessed from what two records have in common.
        Ok(None) => enter(&request, Some(&LinkReason::NotLinked)),
        Err(reason) => pages::refused(language, &reason),
    }
}

async fn link(request: HttpRequest, form: Form<Token>, shop: Data<Shop>) -> HttpResponse {
    let Some(who) = shop.who_sent(&request, &form.form_token) else {
        return pages::refused(language(&request), &LinkReason::NotUnderWay);
    };
    let purpose = match shop.linking.link_of(&who.customer).await {
        Ok(Some(_)) => Purpose::Relink,
        _ => Purpose::Link,
    };
    match shop.linking.begin(&who.as_customer(), purpose).await {
        Ok(ceremony) => {
            shop.customers.keep_ceremony(&who, ceremony);
            ask_card(&request, &shop, TO_LINK, "/link/confirm").await
        }
        Err(reason) => pages::refused(language(&request), &reason),
    }
}

async fn confirm_page(request: HttpRequest, shop: Data<Shop>) -> HttpResponse {
    let language = language(&request);
    let Some(who) = shop.who(&request) else {
        return pages::refused(language, &LinkReason::AnotherSession);
    };
    let (Some(person), Some(ceremony)) = (
        proof(&request, &shop, TO_LINK),
        shop.customers.take_ceremony(&who),
    ) else {
        return pages::refused(language, &LinkReason::NotUnderWay);
    };
    match shop.linking.prove(&ceremony, &who.as_customer(), &person).await {
        Ok(ceremony) => pages::confirm(language, &who, &ceremony),
        Err(reason) => pages::refused(language, &reason),
    }
}

async fn confirm(request: HttpRequest, form: Form<Token>, shop: Data<Shop>) -> HttpResponse {
    let Some(who) = shop.who_sent(&request, &form.form_token) else {
        return pages::refused(language(&request), &LinkReason::NotUnderWay);
    };
    let done = shop.linking.confirm(&form.ceremony, &who.as_customer()).await;
    finish(&request, &shop, &who, done)
}

async fn unlink(request: HttpRequest, form: Form<Token>, shop: Data<Shop>) -> HttpResponse {
    let Some(who) = shop.who_sent(&request, &form.form_token) else {
        return pages::refused(language(&request), &LinkReason::NotUnderWay);
    };
    let done = shop.linking.unlink(&who.as_customer()).await;
    finish(&request, &shop, &who, done)
}

fn finish(request: &HttpRequest, shop: &Shop, who: &Entered, done: Result<Done, LinkReason>) -> HttpResponse {
    match done {
        Ok(done) => {
            shop.do_all(&done, who);
            HttpResponse::SeeOther()
                .insert_header((header::LOCATION, "/"))
                .finish()
        }
        Err(reason) => pages::refused(language(request), &reason),
    }
}
