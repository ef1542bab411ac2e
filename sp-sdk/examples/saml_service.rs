//! A ministry's site that signs people in by SAML: one file, nothing kept but in memory.
//!
//! `saml_service CONFIG.toml`; `cargo xtask demo` writes such a file and starts it. `saml_service --metadata CONFIG.toml` prints the
//! metadata to register.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line says where it listens, and its log is standard error"
)]

mod frame;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::resource;
use domain::{Aal, Clock as _};
use serde::Deserialize;
use sp_sdk::MachineClock;
use sp_sdk::gate::{Gate, Partner};
use sp_sdk::guard::Guard;
use sp_sdk::http::Http;
use sp_sdk::saml::{
    IdentityProvider, MetadataSource, MetadataTrust, OwnKeys, OwnMetadata, Party, ServiceProvider,
};
use sp_sdk::session::MemorySessions;
use sp_sdk::web::{self, Guarded, ServerSettings, Stopped};

#[derive(Deserialize)]
struct Settings {
    #[serde(flatten)]
    server: ServerSettings,
    entity_id: String,
    /// `https://host[:port]` of this service.
    origin: String,
    /// The platform's `entityID`, which is where its metadata is, and the metadata as a file that came from the operator.
    idp_entity_id: String,
    idp_metadata: PathBuf,
    /// For reading the metadata again: the authority of the platform's TLS server, and names that the system does not know.
    trusted_ca_pem: String,
    #[serde(default)]
    addresses: Vec<(String, SocketAddr)>,
    /// A P-256 key and its certificate: logout messages are signed with it.
    #[serde(default)]
    signing: Option<Pair>,
    /// RSA keys and their certificates: assertions are encrypted to the first.
    #[serde(default)]
    decryption: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    key: PathBuf,
    certificate: PathBuf,
}

impl Settings {
    fn own_keys(&self) -> Result<OwnKeys, Stopped> {
        let read = |path: &PathBuf| web::read(path);
        let mut keys = OwnKeys::default();
        if let Some(pair) = &self.signing {
            keys = keys.with_signing(&read(&pair.key)?, &read(&pair.certificate)?)?;
        }
        for pair in &self.decryption {
            keys = keys.with_decryption(&read(&pair.key)?, &read(&pair.certificate)?)?;
        }
        Ok(keys)
    }

    fn place(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn metadata(&self) -> Result<String, Stopped> {
        let keys = self.own_keys()?;
        let (slo, soap) = (self.place("/slo"), self.place("/slo/soap"));
        let own = OwnMetadata {
            entity_id: &self.entity_id,
            assertion_consumer_service: &self.place("/acs"),
            single_logout: self.signing.as_ref().map(|_| slo.as_str()),
            single_logout_soap: self.signing.as_ref().map(|_| soap.as_str()),
            own_keys: &keys,
        };
        Ok(own.document()?)
    }

    fn party(&self) -> Result<Party, Stopped> {
        let (now, trust) = (MachineClock.now(), MetadataTrust::AsGiven);
        let metadata = web::read(&self.idp_metadata)?;
        let platform =
            IdentityProvider::from_metadata(metadata.as_bytes(), &self.idp_entity_id, &trust, now)?;
        let mut own = ServiceProvider::new(&self.entity_id, &self.place("/acs"), platform);
        own.own_keys = Arc::new(self.own_keys()?);
        if self.signing.is_some() {
            own.single_logout = Some(self.place("/slo"));
            own.single_logout_soap = Some(self.place("/slo/soap"));
        }
        let source = MetadataSource {
            fetch: Arc::new(Http::new(&self.trusted_ca_pem, &self.addresses)?),
            url: self.idp_entity_id.clone(),
            trust,
        };
        Ok(Party::new(own, Some(source), now))
    }
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let read = |path: &String| -> Result<Settings, Stopped> { Ok(toml::from_str(&web::read(path)?)?) };
    let settings = match arguments.as_slice() {
        [flag, path] if flag == "--metadata" => {
            println!("{}", read(path)?.metadata()?);
            return Ok(());
        }
        [path] => read(path)?,
        _ => {
            return Err(Stopped::because(
                "usage: saml_service CONFIG.toml | --metadata CONFIG.toml",
            ));
        }
    };
    let gate = Arc::new(Gate::new(
        Partner::Saml(Box::new(settings.party()?)),
        Arc::new(MemorySessions::new(10_000)),
        3_600,
    ));
    let told = frame::log();
    // The page for filings wants the card itself, and within five minutes.
    let strict = Guard::aal(Aal::Three).and(Guard::fresh_within(300));
    let server = web::serve(&settings.server, move |app| {
        web::routes(app, &gate, &told);
        frame::home(app, &gate, ("別の省庁（SAML）", "Another ministry (SAML)"));
        let guarded = Guarded::new(&gate, strict, &told);
        app.service(resource("/filings").wrap(guarded).to(frame::filings));
    })?;
    println!("listening on {}", settings.server.listen);
    Ok(server.await?)
}
