//! What people read of a service that a source names.

use domain::Localized;
use saml::metadata::ServiceProvider;

/// The name that the service gave itself, and behind it the host to which their data go. Nobody looked at the name, and
/// it may say that it is somebody else; the last word is not its own.
pub(super) fn of(provider: &ServiceProvider, entity_id: &str) -> Localized {
    /// Characters of the name itself: what stands behind it must fit too.
    const MOST: usize = 120;
    let (ja, en) = (provider.names.ja.as_ref(), provider.names.en.as_ref());
    let acs = provider.settings.assertion_consumer_services.first();
    let host = acs
        .and_then(|acs| url::Url::parse(&acs.location).ok())
        .and_then(|url| {
            url.host_str()
                .map(|host| host.chars().take(70).collect::<String>())
        });
    let shown = |name: Option<&String>, open: &str, close: &str| match (name, &host) {
        (Some(name), Some(host)) => {
            let name: String = name.chars().take(MOST).collect();
            format!("{name}{open}{host}{close}")
        }
        (Some(name), None) => name.clone(),
        (None, _) => entity_id.to_owned(),
    };
    Localized {
        ja: shown(ja.or(en), "（", "）"),
        en: shown(en.or(ja), " (", ")"),
    }
}
