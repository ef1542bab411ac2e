//! The J-LIS ports of a configuration: links, responders, lists.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Entropy;
use jlis::{FourItemsSource, ListSource, QuestionCounter, StatusSource};
use jlis_http::{
    ClientReason, HttpFourItemsSource, HttpLinkSource, HttpListSource, HttpStatusSource, Limits, ListLimits,
    OcspResponder, OcspSettings,
};
use pki::ocsp::{NonceRule, OcspPolicy};
use rustls::ClientConfig;

use crate::config::{Config, ListSourceConfig};

/// Why a port cannot be made: the key, and why.
#[derive(Debug)]
pub struct JlisError(String);

impl std::fmt::Display for JlisError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JlisError {}

fn wrong(key: &str) -> impl FnOnce(ClientReason) -> JlisError {
    move |why| JlisError(format!("{key}: {why}"))
}

/// The source of links.
pub fn links(config: &Config) -> Result<HttpLinkSource, JlisError> {
    let limits = Limits {
        whole: Duration::from_millis(config.jlis.timeout_millis),
        ..Limits::default()
    };
    HttpLinkSource::new(&config.jlis.url, tls(config)?, limits).map_err(wrong("jlis.url"))
}

/// The source of the latest 基本4情報.
pub fn four_items(
    config: &Config,
    counter: Arc<impl QuestionCounter + 'static>,
) -> Result<Arc<dyn FourItemsSource>, JlisError> {
    let limits = Limits {
        whole: Duration::from_millis(config.jlis.timeout_millis),
        // Names and addresses of a thousand characters each, with their flags.
        answer_bytes: 32 * 1024,
    };
    let source = HttpFourItemsSource::new(&config.jlis.url, tls(config)?, limits, counter)
        .map_err(wrong("jlis.url"))?;
    Ok(Arc::new(source))
}

/// The responders, where there are any.
pub fn status(
    config: &Config,
    entropy: Arc<dyn Entropy>,
    counter: Arc<dyn QuestionCounter>,
) -> Result<Option<Arc<dyn StatusSource>>, JlisError> {
    if config.jlis.ocsp_responders.is_empty() {
        return Ok(None);
    }
    let tls = tls(config)?;
    let responders = config
        .jlis
        .ocsp_responders
        .iter()
        .map(|responder| OcspResponder {
            label: responder.label.clone(),
            address: responder.url.clone(),
            tls: tls.clone(),
        })
        .collect();
    let policy = OcspPolicy {
        nonce: if config.jlis.ocsp_nonce_required {
            NonceRule::Required
        } else {
            NonceRule::Optional
        },
        ..OcspPolicy::default()
    };
    let settings = OcspSettings {
        each: Duration::from_millis(config.jlis.ocsp_each_millis),
        whole: Duration::from_millis(config.jlis.ocsp_whole_millis),
        hedge_after: Duration::from_millis(config.jlis.ocsp_hedge_after_millis),
        good_for_seconds: i64::from(config.jlis.ocsp_good_for_seconds),
        ..OcspSettings::new(responders, policy)
    };
    let source = HttpStatusSource::new(settings, entropy, counter).map_err(wrong("jlis.ocsp_responders"))?;
    Ok(Some(Arc::new(source)))
}

/// The source of lists, where they are fetched.
pub fn lists(config: &Config) -> Result<Option<Arc<dyn ListSource>>, JlisError> {
    match config.jpki.list_source {
        ListSourceConfig::Directory => Ok(None),
        ListSourceConfig::Jlis => {
            let source = HttpListSource::new(&config.jlis.url, tls(config)?, ListLimits::default())
                .map_err(wrong("jlis.url"))?;
            Ok(Some(Arc::new(source)))
        }
    }
}

/// TLS towards J-LIS: its own authority, and no other.
fn tls(config: &Config) -> Result<Option<Arc<ClientConfig>>, JlisError> {
    let read = |ca: &Path| {
        let pem = std::fs::read(ca).map_err(|why| JlisError(format!("jlis.ca: {}: {why}", ca.display())))?;
        jlis_http::pinned(&pem, None).map_err(|why| JlisError(format!("jlis.ca: {}: {why}", ca.display())))
    };
    config.jlis.ca.as_deref().map(read).transpose()
}
