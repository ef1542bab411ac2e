//! The composition: every collaborator of the web and the listeners, built once and passed by hand.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::{Assurance, AssuranceLevel, AuthenticationMethod, Clock, Entropy, Ial};
use jlis::{FourItemsSource, LinkSource, ListSource, StatusSource, Tally};
use jpki::signing::SigningProfile;
use login::{DoorFamily, Way};
use oidc::software_statement::StatementIssuer;
use store::{Ephemera, Ledger};
use tokio::sync::Notify;

use crate::config::{Config, ListSourceConfig};
use crate::exchanges;
use crate::jobs::questions::Incidents;
use crate::jobs::watches::Swept;
use crate::listeners::door::DoorName;
use crate::outbound::Outbound;
use crate::trust::{Shelves, Trust};
use crate::web::begin_limit::BeginLimit;
use crate::web::device::poll_limit::PollLimit;
use crate::web::soap_limit::SoapLimit;
use crate::web::terminal::birth_date::BirthDates;
use crate::web::terminal::genuine_card::GenuineCard;
use crate::web::verifier::usage::VerifierUsage;

/// Everything that a request may need. No global state: two of these live in one process in tests.
pub struct App {
    /// The file.
    pub config: Config,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// What must never be lost.
    pub ledger: Arc<dyn Ledger>,
    /// What may be lost.
    pub ephemera: Arc<dyn Ephemera>,
    /// Signing keys.
    pub signing: Arc<crate::signing::Signing>,
    /// Keys of the serial vault.
    pub vault: crate::vault::Vault,
    /// Anchors, profile and revocation data in force.
    pub trust: ArcSwap<Trust>,
    /// Where every process finds the indexes of revocation lists.
    pub shelves: Shelves,
    /// How often one address may come to the registration endpoint.
    pub registration_limit: BeginLimit,
    /// Who may vouch for software that registers itself.
    pub statement_issuers: Vec<StatementIssuer>,
    /// How often one address may begin a sign-in.
    pub begin_limit: BeginLimit,
    /// How often services may ask by SOAP.
    pub soap_limit: SoapLimit,
    /// How often machines at one address may show what nobody knows: apart from people, who begin sign-ins at the same address.
    pub machine_limit: BeginLimit,
    /// How often strangers at one address may cause a record of what was wrong with what they sent.
    pub stranger_limit: BeginLimit,
    /// What was wrong with exchanges, on its way to where it is kept.
    pub exchanges: exchanges::Waiting,
    /// How a card proves itself without a PIN, where that is known.
    pub genuine_card: Option<Arc<dyn GenuineCard>>,
    /// Where dates of birth are known from, if not from enrolments.
    pub birth_dates: Option<Arc<dyn BirthDates>>,
    /// How often a device may ask about its try.
    pub device_polls: PollLimit,
    /// The source of links.
    pub links: Arc<dyn LinkSource>,
    /// The authority's responders, where there are any.
    pub status: Option<Arc<dyn StatusSource>>,
    /// Where lists are fetched, if they are.
    pub lists: Option<Arc<dyn ListSource>>,
    /// Questions that were sent and are not yet in the durable account.
    pub questions: Arc<Tally>,
    /// The latest 基本4情報.
    pub four_items: Arc<dyn FourItemsSource>,
    /// What is demanded of 署名用 certificates whose signatures are verified for others.
    pub signing_profile: SigningProfile,
    /// Requests of verifiers that are not yet in the durable account.
    pub verifier_usage: VerifierUsage,
    /// Types of `authorization_details` that there are.
    pub detail_types: Arc<oidc::authorization_details::DetailTypes>,
    /// To clients' registered addresses, where anything is fetched from them.
    pub fetches: Option<Outbound>,
    /// Clients whose keys are to be looked for before their time.
    pub early_key_looks: crate::jobs::client_keys::Early,
    /// Told whenever a notice was made.
    pub notices_waiting: Notify,
    /// Up to which lists the watches were looked at.
    pub swept: Swept,
    /// Authorities below which machines are believed by the name in their certificate; read again on `SIGHUP`.
    pub client_anchors: ArcSwap<pki::Anchors>,
    /// To services that are told of logouts without the browser, if any are.
    pub logout_messages: Option<Outbound>,
    /// The way to sources of metadata, if any are fetched.
    pub metadata_fetches: Option<Outbound>,
    /// Told whenever a session ended before its time.
    pub logouts_waiting: Notify,
    /// Contradictions between responders that are not yet in the audit.
    pub incidents: Arc<Incidents>,
}

impl App {
    /// Takes a host name of the door apart: `<32 hex>.card.<host>` or `<32 hex>.card12.<host>`.
    pub fn door_name(&self, host: &str) -> Option<DoorName> {
        let below = host
            .strip_suffix(self.config.door.origin.host())?
            .strip_suffix('.')?;
        let (label, family) = below.split_once('.')?;
        let family = match family {
            "card" => DoorFamily::Card,
            "card12" => DoorFamily::Card12,
            _ => return None,
        };
        let label = format!("{}{label}", domain::AttemptId::PREFIX).parse().ok()?;
        Some(DoorName { family, label })
    }

    /// The URL of an attempt at the door.
    pub fn door_url(
        &self,
        family: DoorFamily,
        attempt: &domain::AttemptId,
        handle: &crate::secret::Secret,
    ) -> String {
        let label = attempt
            .as_str()
            .strip_prefix(domain::AttemptId::PREFIX)
            .unwrap_or_default();
        format!(
            "https://{label}.{}.{}/?a={}",
            family.as_str(),
            self.config.door.origin.authority(),
            handle.reveal()
        )
    }

    /// Host and port below which each family's labels stand.
    pub fn door_families(&self) -> [String; 2] {
        [DoorFamily::Card, DoorFamily::Card12]
            .map(|family| format!("{}.{}", family.as_str(), self.config.door.origin.authority()))
    }

    /// What a method reaches here, for an account proofed to `ial`.
    pub fn reach(&self, method: AuthenticationMethod, ial: Ial) -> AssuranceLevel {
        match method {
            AuthenticationMethod::CardChallenge => {
                policy::reach_below(self.config.device.aal_ceiling, method, ial)
            }
            AuthenticationMethod::CardTls | AuthenticationMethod::CardPinless => policy::reach(method, ial),
        }
    }

    /// The ways of signing in that are open here, and the operator's ceiling on each. PIN-less use is none that a sign-in could be led
    /// to: it begins at its terminal.
    pub fn ways(&self) -> Vec<Way> {
        let device = self.config.device.enabled.then_some(Way {
            method: AuthenticationMethod::CardChallenge,
            ceiling: Assurance {
                aal: self.config.device.aal_ceiling,
                ..Assurance::GREATEST
            },
        });
        std::iter::once(Way::CARD).chain(device).collect()
    }

    /// Where the current revocation lists lie.
    pub fn list_directory(&self) -> PathBuf {
        match self.config.jpki.list_source {
            ListSourceConfig::Directory => self.config.jpki.crl_directory.clone(),
            ListSourceConfig::Jlis => self.config.index_directory().join("delivered"),
        }
    }

    /// The SAML entity ID.
    pub fn entity_id(&self) -> String {
        self.config
            .saml
            .entity_id
            .clone()
            .unwrap_or_else(|| self.config.front.origin.url("/saml/metadata"))
    }
}
