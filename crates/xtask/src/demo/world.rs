//! The demo's folder: made once, kept between runs, so that a card imported into a browser stays good.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use conformance_tests::{MachineClock, MachineEntropy};
use domain::{Clock as _, Timestamp};
use sim::authority::{CaKind, Hierarchy};
use sim::card::Card;
use sim::keys::{KeyCache, Seed};
use sim::pkcs12::pkcs12;
use sim::server_certificate::ServerAuthority;
use sim::{CardRequest, Simulation};

use crate::fault::DemoFault;
use crate::yours;

/// The password of the cards' files and the PIN of the cards.
pub(crate) const CARD_PASSWORD: &str = "card";
pub(crate) const PIN: &str = "1234";

/// Server certificates live for a year; the world is made anew before they end.
const WORLD_LIFETIME_SECONDS: i64 = 300 * 86_400;

/// Ports, from the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    base: u16,
}

impl Ports {
    pub(crate) const fn front(self) -> u16 {
        self.base
    }
    pub(crate) const fn door(self) -> u16 {
        self.base.wrapping_add(1)
    }
    pub(crate) const fn operator(self) -> u16 {
        self.base.wrapping_add(2)
    }
    pub(crate) const fn jlis(self) -> u16 {
        self.base.wrapping_add(3)
    }
    pub(crate) const fn oidc(self) -> u16 {
        self.base.wrapping_add(8)
    }
    pub(crate) const fn saml(self) -> u16 {
        self.base.wrapping_add(9)
    }
    /// The service that a reader of `sp-sdk/README.md` writes: nothing of ours listens there.
    pub(crate) const fn yours(self) -> u16 {
        self.base.wrapping_add(10)
    }
    /// The reader's interface behind access tokens: the same.
    pub(crate) const fn your_interface(self) -> u16 {
        self.base.wrapping_add(11)
    }
}

/// The demo's folder, ready to run.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) ports: Ports,
    pub(crate) ca_pem: String,
    pub(crate) card: Card,
}

impl World {
    /// Checks the ports, and makes what is missing.
    pub(crate) fn prepare(target: &Path, base: u16) -> Result<Self, DemoFault> {
        let ports = Ports { base };
        check_ports(ports)?;
        let folder = target.join("demo");
        let now = MachineClock.now();
        let made_at = made_at(&folder, now)?;
        let mut simulation = Simulation::create(&folder.join("jpki"), "demo", KeyCache::shared())
            .or_else(|_| Simulation::open(&folder.join("jpki"), KeyCache::shared()))?;
        while simulation.cards().len() < 2 {
            simulation.make_card(&CardRequest::default(), now)?;
        }
        let cards: Vec<String> = simulation
            .cards()
            .iter()
            .take(2)
            .map(|record| record.id.clone())
            .collect();
        let mut first = None;
        for (place, id) in cards.iter().enumerate() {
            let card = simulation.card(id)?;
            let name = format!("card-{}.p12", place + 1);
            let file = pkcs12(
                card.certificate(),
                card.key(),
                CARD_PASSWORD,
                &name,
                &MachineEntropy,
            )?;
            write(&folder.join(name), &file)?;
            first.get_or_insert(card);
        }
        for (kind, days) in [(CaKind::UserAuthentication, 7), (CaKind::DigitalSignature, 7)] {
            simulation.publish_crl(Hierarchy::Test, kind, now, now.plus_seconds(days * 86_400))?;
        }
        let servers = ServerAuthority::generate(&Seed::from_text("demo servers"), made_at)?;
        let world = Self {
            target: target.to_owned(),
            ports,
            ca_pem: servers.certificate_pem(),
            card: first.ok_or_else(|| DemoFault::Command {
                command: "make cards".to_owned(),
                said: "there is no card".to_owned(),
            })?,
            folder,
        };
        world.write_files(&simulation, &servers)?;
        Ok(world)
    }

    /// Where the platform is.
    pub(crate) fn origin(&self) -> String {
        format!("https://idp.localhost:{}", self.ports.front())
    }

    /// The OpenID Connect service.
    pub(crate) fn oidc_origin(&self) -> String {
        format!("https://ministry-oidc.localhost:{}", self.ports.oidc())
    }

    /// The SAML service.
    pub(crate) fn saml_origin(&self) -> String {
        format!("https://ministry-saml.localhost:{}", self.ports.saml())
    }

    /// The OpenID Connect service's `client_id`.
    pub(crate) fn client_id(&self) -> String {
        format!("demo-{}", self.ports.oidc())
    }

    /// A file of the demo.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What is said when everything runs.
    pub(crate) fn welcome(&self) -> String {
        let folder = self.folder.display();
        format!(
            "\nThe platform runs.\n\
             \n  Ministry, OpenID Connect  {}/\
             \n  Ministry, SAML            {}/\
             \n  The platform itself       {}/\
             \n  Operator (this machine)   http://127.0.0.1:{}/metrics\n\
             \nTo sign in with a browser (Chromium or Firefox), once:\
             \n  1. Import {folder}/ca.pem as an authority that identifies web sites.\
             \n  2. Import {folder}/card-1.p12 as your certificate; its password is: {CARD_PASSWORD}\
             \n     (card-2.p12 is another person. A card in a file has no PIN; a real one asks for it here.)\
             \n  Or with libnss3-tools, for Chromium:\
             \n    mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n gap-demo -i {folder}/ca.pem\
             \n    pk12util -d sql:$HOME/.pki/nssdb -i {folder}/card-1.p12 -W {CARD_PASSWORD}\n\
             \nA set-top box that signs in with the card in its reader (or with a code from a screen: add it behind the file):\
             \n    (cd {folder} && ../debug/examples/set_top_box set-top-box.toml)\n\
             \nLogs are in {folder}/*.log. Ctrl-C ends everything; what was made stays for the next time.\n",
            self.oidc_origin(),
            self.saml_origin(),
            self.origin(),
            self.ports.operator(),
        )
    }

    fn write_files(&self, simulation: &Simulation, servers: &ServerAuthority) -> Result<(), DemoFault> {
        for name in ["data", "crl"] {
            let path = self.file(name);
            fs::create_dir_all(&path).map_err(DemoFault::io(path.display()))?;
        }
        write(&self.file("ca.pem"), self.ca_pem.as_bytes())?;
        let servers_and_names: [(&str, &[&str]); 7] = [
            ("front", &["idp.localhost"]),
            ("door", &["*.card.idp.localhost", "*.card12.idp.localhost"]),
            ("oidc", &["ministry-oidc.localhost"]),
            ("saml", &["ministry-saml.localhost"]),
            ("my-ministry", &["my-ministry.localhost"]),
            // Not for TLS: the key by which the OpenID Connect service proves itself, and that with which the SAML service signs.
            ("oidc-client", &["client.ministry-oidc.localhost"]),
            ("saml-signing", &["signing.ministry-saml.localhost"]),
        ];
        for (name, names) in servers_and_names {
            let issued = servers.issue(names)?;
            write(&self.file(&format!("{name}.pem")), issued.chain_pem().as_bytes())?;
            write_secret(&self.file(&format!("{name}.key")), &issued.key_pem()?)?;
        }
        for generation in 1..=3 {
            let authority = simulation.authority(Hierarchy::Test, CaKind::UserAuthentication, generation)?;
            write(
                &self.file(&format!("ca-{generation}.der")),
                &authority.certificate,
            )?;
        }
        let signing = simulation.authority(Hierarchy::Test, CaKind::DigitalSignature, 3)?;
        write(&self.file("signing-ca.der"), &signing.certificate)?;
        write_secret(
            &self.file("operators"),
            "demo:operator-token-of-the-demo-0123456789\n",
        )?;
        write(&self.file("idp-server.toml"), self.platform_config().as_bytes())?;
        write(&self.file("oidc-service.toml"), self.oidc_config().as_bytes())?;
        write(&self.file("saml-service.toml"), self.saml_config().as_bytes())?;
        for (name, text) in yours::files(self) {
            write(&self.file(name), text.as_bytes())?;
        }
        let card = simulation
            .cards()
            .first()
            .map_or("card-1", |record| record.id.as_str());
        write(&self.file("set-top-box.toml"), self.box_config(card).as_bytes())
    }

    fn platform_config(&self) -> String {
        let Ports { base: front } = self.ports;
        let (door, operator, jlis) = (self.ports.door(), self.ports.operator(), self.ports.jlis());
        format!(
            r#"# The demo's platform. A real one is configured from deploy/idp-server.toml.
mode = "test"

[front]
listen = "127.0.0.1:{front}"
origin = "{}"
certificate = "front.pem"
private_key = "front.key"

[door]
listen = "127.0.0.1:{door}"
origin = "https://idp.localhost:{door}"
certificate = "door.pem"
private_key = "door.key"

[operator]
listen = "127.0.0.1:{operator}"
token_file = "operators"

[storage]
directory = "data"

[keys]
directory = "keys"

[jpki]
user_authentication_ca = ["ca-1.der", "ca-2.der", "ca-3.der"]
signing_ca = ["signing-ca.der"]
crl_directory = "jpki/crl"
crl_poll_seconds = 2

[jlis]
url = "http://127.0.0.1:{jlis}"
settling_hours = 0
# What the simulator's answers use: a placeholder.
ocsp_link_extension = "1.2.392.200149.8.5.99.1"

[device]
enabled = true
"#,
            self.origin()
        )
    }

    /// The registration of the OpenID Connect service with these public keys.
    pub(crate) fn oidc_registration(&self, jwks: &str) -> String {
        let origin = self.oidc_origin();
        format!(
            r#"kind = "sp"
name = {{ ja = "デモの省庁（OpenID Connect）", en = "Demo ministry (OpenID Connect)" }}
# A card in a set-top box reaches this; in the browser it reaches more.
required_level = {{ ial = "0", aal = "2" }}
released_attributes = ["assurance_level", "authentication_time", "authentication_method"]

[oidc]
client_id = "{}"
redirect_uris = ["{origin}/callback"]
post_logout_redirect_uris = ["{origin}/signed-out"]
frontchannel_logout_uri = "{origin}/logout/front-channel"
authentication = {{ method = "private_key_jwt", jwks = '{}' }}
"#,
            self.client_id(),
            jwks.trim()
        )
    }

    fn oidc_config(&self) -> String {
        format!(
            r#"listen = "127.0.0.1:{}"
certificate = "oidc.pem"
private_key = "oidc.key"
client_key = "oidc-client.key"

[oidc]
issuer = "{}"
client_id = "{}"
redirect_uri = "{origin}/callback"
post_logout_redirect_uri = "{origin}/signed-out"
addresses = [["idp.localhost", "127.0.0.1:{}"]]
trusted_ca_pem = '''
{}'''
"#,
            self.ports.oidc(),
            self.origin(),
            self.client_id(),
            self.ports.front(),
            self.ca_pem,
            origin = self.oidc_origin(),
        )
    }

    fn box_config(&self, card: &str) -> String {
        format!(
            r#"platform = "{}"
service = "{}/sign-in"
cards = "jpki"
card = "{card}"
pin = "{PIN}"
addresses = [["idp.localhost", "127.0.0.1:{}"], ["ministry-oidc.localhost", "127.0.0.1:{}"]]
trusted_ca_pem = '''
{}'''
"#,
            self.origin(),
            self.oidc_origin(),
            self.ports.front(),
            self.ports.oidc(),
            self.ca_pem
        )
    }

    fn saml_config(&self) -> String {
        format!(
            r#"listen = "127.0.0.1:{}"
certificate = "saml.pem"
private_key = "saml.key"
entity_id = "{origin}/"
origin = "{origin}"
idp_entity_id = "{}/saml/metadata"
idp_metadata = "idp-metadata.xml"
addresses = [["idp.localhost", "127.0.0.1:{}"]]
trusted_ca_pem = '''
{}'''

[signing]
key = "saml-signing.key"
certificate = "saml-signing.pem"
"#,
            self.ports.saml(),
            self.origin(),
            self.ports.front(),
            self.ca_pem,
            origin = self.saml_origin(),
        )
    }
}

/// When the world was made: the certificates count from then, so that they are the same at each start.
fn made_at(folder: &Path, now: Timestamp) -> Result<Timestamp, DemoFault> {
    let file = folder.join("made-at");
    let known = fs::read_to_string(&file)
        .ok()
        .and_then(|text| Timestamp::parse_rfc3339(text.trim()).ok());
    if let Some(made) = known.filter(|made| now.seconds_since(*made) < WORLD_LIFETIME_SECONDS) {
        return Ok(made);
    }
    fs::create_dir_all(folder).map_err(DemoFault::io(folder.display()))?;
    let now = Timestamp::from_seconds(now.seconds());
    write(&file, now.to_string().as_bytes())?;
    Ok(now)
}

fn check_ports(ports: Ports) -> Result<(), DemoFault> {
    for (port, what) in [
        (ports.front(), "front"),
        (ports.door(), "card door"),
        (ports.operator(), "operator"),
        (ports.jlis(), "J-LIS"),
        (ports.oidc(), "OpenID Connect service"),
        (ports.saml(), "SAML service"),
    ] {
        std::net::TcpListener::bind(("127.0.0.1", port)).map_err(|_| DemoFault::PortTaken { port, what })?;
    }
    Ok(())
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DemoFault> {
    fs::write(path, bytes).map_err(DemoFault::io(path.display()))
}

fn write_secret(path: &Path, text: &str) -> Result<(), DemoFault> {
    write(path, text.as_bytes())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(DemoFault::io(path.display()))
}
