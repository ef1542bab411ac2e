//! The J-LIS ports of a configuration: links, responders, lists.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Entropy;
use jlis::{FourItemsSource, ListSource, QuestionCounter, StatusSource};
use jlis_http::{
    ClientIdentity, ClientReason, HttpFourItemsSource, HttpLinkSource, HttpListSource, HttpStatusSource,
    Limits, ListLimits, OcspResponder, OcspSettings,
};
use pki::ocsp::{CertIdHash, Generations, NoCheckRule, NonceRule, OcspPolicy};
use rustls::ClientConfig;

use crate::config::{Config, ListSourceConfig, OcspHash};

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
    let policy = policy(config)?;
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

/// What is demanded of the responders' answers.
fn policy(config: &Config) -> Result<OcspPolicy, JlisError> {
    let jlis = &config.jlis;
    let link_extension = match jlis.ocsp_link_extension.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            JlisError(format!(
                "jlis.ocsp_link_extension: {text}: not an object identifier"
            ))
        })?),
    };
    let digest = |hash: &&String| {
        hash.len() != 64 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if let Some(hash) = jlis.ocsp_distrusted_keys.iter().find(digest) {
        let why = "not 64 lower-case hexadecimal digits";
        return Err(JlisError(format!("jlis.ocsp_distrusted_keys: {hash}: {why}")));
    }
    Ok(OcspPolicy {
        hash: match jlis.ocsp_hash {
            OcspHash::Sha256 => CertIdHash::Sha256,
            OcspHash::Sha1 => CertIdHash::Sha1,
        },
        nonce: if jlis.ocsp_nonce_required {
            NonceRule::Required
        } else {
            NonceRule::Optional
        },
        generations: if jlis.ocsp_any_generation {
            Generations::AnyOfTheName
        } else {
            Generations::TheIssuingKey
        },
        no_check: match jlis.ocsp_short_lived_seconds {
            0 => NoCheckRule::Required,
            seconds => NoCheckRule::OrShortLived {
                seconds: i64::from(seconds),
            },
        },
        distrusted_keys: jlis.ocsp_distrusted_keys.clone(),
        max_age_seconds: i64::from(jlis.ocsp_max_age_seconds),
        link_extension,
        ..OcspPolicy::default()
    })
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

/// TLS towards J-LIS: its own authority and no other, and our certificate where the line is mutual.
fn tls(config: &Config) -> Result<Option<Arc<ClientConfig>>, JlisError> {
    let jlis = &config.jlis;
    let read = |key: &str, path: &Path| {
        std::fs::read(path).map_err(|why| JlisError(format!("{key}: {}: {why}", path.display())))
    };
    let identity = match (&jlis.client_certificate, &jlis.client_key) {
        (None, None) => None,
        (Some(chain), Some(key)) => Some((
            read("jlis.client_certificate", chain)?,
            read("jlis.client_key", key)?,
        )),
        _ => {
            let why = "jlis.client_certificate and jlis.client_key go together";
            return Err(JlisError(why.to_owned()));
        }
    };
    let Some(ca) = &jlis.ca else {
        return match identity {
            None => Ok(None),
            Some(_) => Err(JlisError("jlis.client_certificate needs jlis.ca".to_owned())),
        };
    };
    let identity = identity
        .as_ref()
        .map(|(chain, key)| ClientIdentity { chain, key });
    let roots = read("jlis.ca", ca)?;
    let pinned = jlis_http::pinned(&roots, identity)
        .map_err(|why| JlisError(format!("jlis.ca, jlis.client_certificate: {why}")))?;
    Ok(Some(pinned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../deploy/idp-server.toml");

    fn config(change: &[(&str, &str)]) -> Config {
        let mut text = SAMPLE.to_owned();
        for (from, to) in change {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        Config::parse(&text).unwrap()
    }

    #[test]
    fn each_key_reaches_the_policy() {
        let usual = policy(&config(&[])).unwrap();
        // Nothing that we made up is read where nobody asked for it: least of all as a link between two people's certificates.
        assert_eq!(usual.link_extension, None);
        assert_eq!(usual, OcspPolicy::default());
        let hash = "ab".repeat(32);
        let changed = policy(&config(&[
            ("ocsp_hash = \"sha256\"", "ocsp_hash = \"sha1\""),
            ("ocsp_nonce_required = true", "ocsp_nonce_required = false"),
            ("ocsp_any_generation = false", "ocsp_any_generation = true"),
            ("ocsp_short_lived_seconds = 0", "ocsp_short_lived_seconds = 60"),
            ("ocsp_max_age_seconds = 86400", "ocsp_max_age_seconds = 900"),
            ("ocsp_link_extension = \"\"", "ocsp_link_extension = \"1.2.3.4\""),
            (
                "ocsp_distrusted_keys = []",
                &format!("ocsp_distrusted_keys = [\"{hash}\"]"),
            ),
        ]))
        .unwrap();
        let expected = OcspPolicy {
            hash: CertIdHash::Sha1,
            nonce: NonceRule::Optional,
            generations: Generations::AnyOfTheName,
            no_check: NoCheckRule::OrShortLived { seconds: 60 },
            distrusted_keys: vec![hash],
            max_age_seconds: 900,
            link_extension: "1.2.3.4".parse().ok(),
            ..OcspPolicy::default()
        };
        assert_eq!(changed, expected);
        for (from, to) in [
            ("ocsp_distrusted_keys = []", "ocsp_distrusted_keys = [\"AB\"]"),
            ("ocsp_link_extension = \"\"", "ocsp_link_extension = \"links\""),
        ] {
            assert!(policy(&config(&[(from, to)])).is_err(), "{to}");
        }
    }

    #[test]
    fn a_certificate_of_ours_goes_with_its_key_and_an_authority() {
        let alone = config(&[("client_key = \"jlis-client.key\"\n", "")]);
        let told = tls(&alone).unwrap_err().to_string();
        assert!(told.contains("go together"), "{told}");
        let mut none = config(&[]);
        none.jlis.ca = None;
        none.jlis.client_certificate = None;
        none.jlis.client_key = None;
        assert!(tls(&none).unwrap().is_none());
    }
}
