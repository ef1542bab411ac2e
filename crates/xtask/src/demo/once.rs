//! A sign-in at each service without hands: a fresh browser, the card in its reader, every hop printed.

use std::process::Command;
use std::sync::{Arc, Mutex};

use conformance_tests::{Browser, Form, MachineEntropy, Page};
use sim::tls::{CardResolver, SharedCard};
use url::Url;

use crate::fault::DemoFault;
use crate::world::{PIN, World};

/// Signs in at both services.
pub(crate) async fn walk(world: &World) -> Result<(), DemoFault> {
    let card: SharedCard = Arc::new(Mutex::new(world.card.clone()));
    let oidc = Walk::new(world, &card, "OpenID Connect")
        .walk_through(&world.oidc_origin())
        .await?;
    println!("\nID token, as the service verified it:\n{}", decoded(&oidc)?);
    let saml = Walk::new(world, &card, "SAML")
        .walk_through(&world.saml_origin())
        .await?;
    println!(
        "\nLevel, as the service read it from the assertion that it verified: {}",
        shown(&saml, "#acr")?
    );
    set_top_box(world)?;
    println!(
        "\nBoth sign-ins are complete. Pseudonyms: {} and {}",
        shown(&oidc, "#sub")?,
        shown(&saml, "#sub")?
    );
    Ok(())
}

/// The set-top box: its own program, with the card in its own reader.
fn set_top_box(world: &World) -> Result<(), DemoFault> {
    println!("\nSet-top box: no certificates in its browser, a card in its reader");
    let program = world.target.join("debug/examples/set_top_box");
    let done = Command::new(&program)
        .arg("set-top-box.toml")
        .current_dir(&world.folder)
        .output()
        .map_err(DemoFault::io(program.display()))?;
    let screen = String::from_utf8_lossy(&done.stdout);
    for line in screen.lines().filter(|line| line.starts_with("[box]")) {
        println!("  {line}");
    }
    if done.status.success() && screen.contains("[box] signed in at ministry-oidc.localhost") {
        return Ok(());
    }
    Err(DemoFault::Command {
        command: "set_top_box set-top-box.toml".to_owned(),
        said: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

struct Walk {
    browser: Browser,
    printed: usize,
}

impl Walk {
    fn new(world: &World, card: &SharedCard, name: &str) -> Self {
        println!("\n{name}: a fresh browser with the card in its reader");
        let resolver = CardResolver::new(Arc::clone(card), PIN, &MachineEntropy);
        Self {
            browser: Browser::new(&world.ca_pem, Some(resolver)),
            printed: 0,
        }
    }

    /// From the service's first page to the page that knows the person.
    async fn walk_through(mut self, service: &str) -> Result<Page, DemoFault> {
        let mut page = self.get(&format!("{service}/sign-in")).await?;
        let mut used_card = false;
        for _ in 0..8 {
            if page.url.as_str().starts_with(service) {
                return if page.text("#sub").is_some() {
                    Ok(page)
                } else {
                    Err(stopped(&page, "the service does not know the person"))
                };
            }
            let Some(form) = next(&page, used_card) else {
                return Err(stopped(&page, "there is no way on from this page"));
            };
            used_card |= form.action.ends_with("/card");
            page = self.submit(&form).await?;
        }
        Err(stopped(&page, "a sign-in without end"))
    }

    async fn get(&mut self, url: &str) -> Result<Page, DemoFault> {
        let loaded = self.browser.try_get(url).await;
        self.show();
        loaded.map_err(|error| self.broken(url, &error))
    }

    async fn submit(&mut self, form: &Form) -> Result<Page, DemoFault> {
        let loaded = self.browser.try_submit(form).await;
        self.show();
        loaded.map_err(|error| self.broken(&form.action, &error))
    }

    /// Prints the hops since the last time.
    fn show(&mut self) {
        let hops = self.browser.hops();
        for hop in hops.iter().skip(self.printed) {
            let (method, status) = (&hop.method, hop.status.as_u16());
            println!("  {method:<4} {}  {status}", place(&hop.url));
        }
        self.printed = hops.len();
    }

    fn broken(&self, began: &str, error: &dyn std::error::Error) -> DemoFault {
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            why = format!("{why}: {inner}");
            source = inner.source();
        }
        DemoFault::Hop {
            at: self.browser.hops().last().map_or_else(
                || began.to_owned(),
                |hop| format!("the hop after {}", place(&hop.url)),
            ),
            why,
        }
    }
}

/// An address without its query, which carries codes and messages.
fn place(url: &Url) -> String {
    let (host, port) = (
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default(),
    );
    format!("https://{host}:{port}{}", url.path())
}

/// The form that a person would send next.
fn next(page: &Page, used_card: bool) -> Option<Form> {
    page.forms().into_iter().find_map(|form| {
        if form.action.ends_with("/card") && !used_card {
            Some(form)
        } else if form.action.ends_with("/consent") {
            Some(form.with("decision", "agree"))
        } else {
            form.field("SAMLResponse").is_some().then_some(form)
        }
    })
}

fn stopped(page: &Page, why: &str) -> DemoFault {
    let heading = page.text("h1").unwrap_or_default();
    let told = page
        .text("#refused")
        .or_else(|| page.text("main"))
        .unwrap_or_default();
    DemoFault::Hop {
        at: format!("{} ({})", place(&page.url), page.status.as_u16()),
        why: format!(
            "{why}: {heading}\n  {}",
            told.split_whitespace().collect::<Vec<_>>().join(" ")
        ),
    }
}

fn shown(page: &Page, selector: &str) -> Result<String, DemoFault> {
    page.text(selector)
        .ok_or_else(|| stopped(page, &format!("the page lacks {selector}")))
}

/// Header and claims of the ID token on a service's page.
fn decoded(page: &Page) -> Result<String, DemoFault> {
    let token = shown(page, "#id-token")?;
    let mut parts = token.split('.').map(|part| {
        let bytes = jose::decode_base64url(part)?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        serde_json::to_string_pretty(&value).ok()
    });
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(header), Some(claims)) => Ok(format!("{header}\n{claims}")),
        _ => Err(stopped(page, "the ID token cannot be decoded")),
    }
}
