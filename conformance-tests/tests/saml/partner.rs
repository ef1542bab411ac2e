//! A partner rolls its keys while people sign in and out there: its metadata, in a file that the platform takes in by itself, shows both keys,
//! then the new one first, then the new one alone. The certificates around the keys are expired, not yet valid and signed with MD5, which
//! says nothing about the keys (Metadata IOP section 2.6.1).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, MachineClock, Page, Platform, PlatformOptions};
use domain::Clock;

use super::deflated;

const NAMESPACES: &str = r#"xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion""#;
const ALGORITHM: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const BASE: &str = "https://partner.localhost:9";
const CONFIG: &str = r#"
[[metadata.source]]
name = "partner"
file = "partner.xml"
interval_seconds = 1
[metadata.source.granted]
admit = "active"
"#;
/// People who sign in and out without pause.
const PEOPLE: usize = 2;

/// Expired, and signed with MD5.
const OLD: Key = Key {
    name: "old",
    from: "20100101000000Z",
    until: "20110101000000Z",
    digest: "md5",
};
/// Not yet valid.
const NEW: Key = Key {
    name: "new",
    from: "20400101000000Z",
    until: "20410101000000Z",
    digest: "sha256",
};

struct Key {
    name: &'static str,
    from: &'static str,
    until: &'static str,
    digest: &'static str,
}

fn run(folder: &Path, program: &str, arguments: &str) -> Option<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap_or_else(|why| panic!("{program} is needed by this test: {why}"));
    output.status.success().then_some(output.stdout)
}

impl Key {
    /// Makes the key and its certificate.
    fn make(&self, folder: &Path) {
        let Self {
            name,
            from,
            until,
            digest,
        } = self;
        let config = "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";
        fs::write(folder.join("ca.cnf"), config).unwrap();
        fs::write(folder.join("index.txt"), "").unwrap();
        for arguments in [
            format!("req -new -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"),
            format!(
                "ca -config ca.cnf -batch -notext -selfsign -keyfile {name}.key -in {name}.csr -out {name}.crt -startdate {from} -enddate {until} -md {digest}"
            ),
        ] {
            run(folder, "openssl", &arguments).unwrap_or_else(|| panic!("openssl {arguments}"));
        }
    }

    fn certificate(&self, folder: &Path) -> String {
        let pem = fs::read_to_string(folder.join(format!("{}.crt", self.name))).unwrap();
        pem.lines().filter(|line| !line.starts_with("---")).collect()
    }

    /// As the registry keeps it.
    fn spki(&self, folder: &Path) -> String {
        let arguments = format!("pkey -in {}.key -pubout -outform DER", self.name);
        STANDARD.encode(run(folder, "openssl", &arguments).unwrap())
    }
}

/// Puts metadata with these keys, of both uses each, where the platform looks.
fn publish(folder: &Path, keys: &[&Key]) {
    let descriptors: String = keys
        .iter()
        .flat_map(|key| ["signing", "encryption"].map(|of| (of, key.certificate(folder))))
        .map(|(of, certificate)| {
            format!(
                r#"<KeyDescriptor use="{of}"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"#
            )
        })
        .collect::<Vec<_>>().concat();
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings";
    let metadata = format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{BASE}/metadata"><SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{descriptors}<SingleLogoutService Binding="{binding}:HTTP-Redirect" Location="{BASE}/slo" ResponseLocation="{BASE}/response"/><AssertionConsumerService index="0" Binding="{binding}:HTTP-POST" Location="{BASE}/acs"/></SPSSODescriptor></EntityDescriptor>"#
    );
    fs::write(folder.join("draft"), metadata).unwrap();
    fs::rename(folder.join("draft"), folder.join("partner.xml")).unwrap();
}

/// Waits until the registry holds these keys, in this order.
async fn taken_in(platform: &Platform, keys: &[&Key]) {
    let expected: Vec<_> = keys.iter().map(|key| key.spki(platform.path())).collect();
    let expected = serde_json::json!(expected);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let shown = platform
            .command(&["service", "show", &format!("{BASE}/metadata")])
            .stdout;
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap_or_default();
        let saml = shown
            .pointer("/protocol/saml")
            .unwrap_or(&serde_json::Value::Null);
        if saml["signing_keys"] == expected && saml["encryption_keys"] == expected {
            return;
        }
        assert!(Instant::now() < until, "not taken in: {shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the partner does, and what came of it.
struct Partner {
    platform: Platform,
    signs_with_new: AtomicBool,
    holds_new: AtomicBool,
    holds_old: AtomicBool,
    begun: AtomicUsize,
    done: [AtomicUsize; PEOPLE],
    by_old: AtomicUsize,
    by_new: AtomicUsize,
    stop: AtomicBool,
}

impl Partner {
    fn key(&self) -> &'static Key {
        if self.signs_with_new.load(Ordering::SeqCst) {
            &NEW
        } else {
            &OLD
        }
    }

    /// A message by redirect, signed with a key.
    fn address(&self, key: &Key, endpoint: &str, id: &str, message: &str, inside: &str) -> String {
        let (origin, folder) = (&self.platform.origin, self.platform.path());
        let now = MachineClock.now().to_rfc3339().unwrap();
        let xml = format!(
            r#"<samlp:{message} {NAMESPACES} ID="{id}" Version="2.0" IssueInstant="{now}" Destination="{origin}/saml/{endpoint}"><saml:Issuer>{BASE}/metadata</saml:Issuer>{inside}</samlp:{message}>"#
        );
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("SAMLRequest", &STANDARD.encode(deflated(xml.as_bytes())));
        query.append_pair("SigAlg", ALGORITHM);
        let signed = query.finish();
        fs::write(folder.join(format!("{id}.in")), &signed).unwrap();
        let signature = run(
            folder,
            "openssl",
            &format!("dgst -sha256 -sign {}.key {id}.in", key.name),
        )
        .unwrap();
        let signature: String =
            url::form_urlencoded::byte_serialize(STANDARD.encode(signature).as_bytes()).collect();
        format!("{origin}/saml/{endpoint}?{signed}&Signature={signature}")
    }

    fn id(&self) -> String {
        format!("_{}", self.begun.fetch_add(1, Ordering::SeqCst))
    }

    /// Up to the page with the answer.
    async fn finish(&self, browser: &Browser, mut page: Page) -> Page {
        if page.has_form("/card") {
            page = browser.submit(&page.form("/card")).await;
        }
        if page.has_form("/consent") {
            page = browser
                .submit(&page.form("/consent").with("decision", "agree"))
                .await;
        }
        page
    }

    /// The assertion, opened with a key that the partner holds at this time.
    fn opened(&self, id: &str, page: &Page) -> String {
        let folder = self.platform.path();
        let form = page.form(&format!("{BASE}/acs"));
        let response = STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap();
        assert!(!String::from_utf8_lossy(&response).contains("<saml:NameID"));
        fs::write(folder.join(format!("{id}.response")), &response).unwrap();
        let held = [
            (&self.holds_old, &OLD, &self.by_old),
            (&self.holds_new, &NEW, &self.by_new),
        ];
        for (held, key, count) in held {
            let arguments = format!("--decrypt --privkey-pem {}.key {id}.response", key.name);
            if held.load(Ordering::SeqCst)
                && let Some(opened) = run(folder, "xmlsec1", &arguments)
            {
                count.fetch_add(1, Ordering::SeqCst);
                return String::from_utf8(opened).unwrap();
            }
        }
        panic!("an assertion that no key of the partner's opens");
    }

    /// Signs in and out.
    async fn round(&self, browser: &Browser) {
        let id = self.id();
        let address = self.address(self.key(), "sso", &id, "AuthnRequest", "");
        let page = self.finish(browser, browser.get(&address).await).await;
        let assertion = self.opened(&id, &page);
        let between = |before: &str, after: &str| {
            let (_, rest) = assertion.split_once(before).unwrap();
            rest.split(after).next().unwrap().to_owned()
        };
        let name = between("<saml:NameID ", "</saml:NameID>");
        let inside = format!(
            "<saml:NameID>{}</saml:NameID><samlp:SessionIndex>{}</samlp:SessionIndex>",
            name.split_once('>').unwrap().1,
            between("SessionIndex=\"", "\"")
        );
        let address = self.address(self.key(), "slo", &self.id(), "LogoutRequest", &inside);
        let back = browser.get_until(&address, &format!("{BASE}/response")).await;
        let answer = back
            .query("SAMLResponse")
            .unwrap_or_else(|| panic!("{}", back.body));
        let answer = super::inflated(&answer);
        assert!(answer.contains("status:Success\""), "{answer}");
    }

    /// Waits until everybody has gone once through all of it from now on.
    async fn everybody_once_more(&self) {
        let before: Vec<_> = self.done.iter().map(|done| done.load(Ordering::SeqCst)).collect();
        let until = Instant::now() + Duration::from_secs(60);
        // The round that is under way began before: the next one counts.
        while self
            .done
            .iter()
            .zip(&before)
            .any(|(done, before)| done.load(Ordering::SeqCst) < before + 2)
        {
            assert!(Instant::now() < until, "nobody gets through any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_partners_keys_roll_and_no_sign_in_or_logout_fails() {
    let options = PlatformOptions {
        more_config: CONFIG.to_owned(),
        ..PlatformOptions::default()
    };
    let mut platform = Platform::prepare(options).await;
    for key in [OLD, NEW] {
        key.make(platform.path());
    }
    publish(platform.path(), &[&OLD]);
    platform.run().await;
    taken_in(&platform, &[&OLD]).await;
    let partner = Arc::new(Partner {
        platform,
        signs_with_new: AtomicBool::new(false),
        holds_new: AtomicBool::new(false),
        holds_old: AtomicBool::new(true),
        begun: AtomicUsize::new(0),
        done: Default::default(),
        by_old: AtomicUsize::new(0),
        by_new: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let people: Vec<_> = (0..PEOPLE)
        .map(|person| {
            let partner = Arc::clone(&partner);
            tokio::spawn(async move {
                let browser = partner.platform.browser_with_new_card();
                while !partner.stop.load(Ordering::SeqCst) {
                    partner.round(&browser).await;
                    partner.done[person].fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let platform = &partner.platform;
    partner.everybody_once_more().await;
    // Somebody begins now and finishes when the old key is gone.
    let slow = platform.browser_with_new_card();
    let begun = partner.address(&OLD, "sso", "_slow", "AuthnRequest", "");
    let begun = slow.get(&begun).await;
    assert!(begun.has_form("/card"), "{}", begun.body);
    // A signature by a key that the metadata does not show yet.
    let early = partner.address(&NEW, "sso", "_early", "AuthnRequest", "");
    assert_ne!(platform.bare_browser().get(&early).await.status, 200);

    partner.holds_new.store(true, Ordering::SeqCst);
    publish(platform.path(), &[&OLD, &NEW]);
    taken_in(platform, &[&OLD, &NEW]).await;
    partner.everybody_once_more().await;
    assert_eq!(
        partner.by_new.load(Ordering::SeqCst),
        0,
        "the first key is the one"
    );

    partner.signs_with_new.store(true, Ordering::SeqCst);
    partner.everybody_once_more().await;
    publish(platform.path(), &[&NEW, &OLD]);
    taken_in(platform, &[&NEW, &OLD]).await;
    partner.everybody_once_more().await;
    assert_ne!(
        partner.by_new.load(Ordering::SeqCst),
        0,
        "the new one is first now"
    );

    publish(platform.path(), &[&NEW]);
    taken_in(platform, &[&NEW]).await;
    partner.everybody_once_more().await;
    partner.holds_old.store(false, Ordering::SeqCst);
    let by_old = partner.by_old.load(Ordering::SeqCst);
    partner.everybody_once_more().await;
    partner.stop.store(true, Ordering::SeqCst);
    for person in people {
        person.await.unwrap();
    }
    assert_eq!(partner.by_old.load(Ordering::SeqCst), by_old);
    // Whoever began under the old key gets an answer under the new one, and the old one signs nothing any more.
    let page = partner.finish(&slow, begun).await;
    assert!(partner.opened("_slow", &page).contains("<saml:NameID"));
    let late = partner.address(&OLD, "sso", "_late", "AuthnRequest", "");
    assert_ne!(platform.bare_browser().get(&late).await.status, 200);
}
