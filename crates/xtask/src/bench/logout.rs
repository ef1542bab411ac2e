//! A person signs out at a service, and twenty others are told, each by a message of its own, before the browser is sent back.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use conformance_tests::{Platform, RelyingParty};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Failure;
use crate::floor::{Part, Work, work};
use crate::operation::Operation;
use crate::party::{Public, field};
use crate::world::{Browser, World, unexpected};

const SERVICES: u32 = 20;
const BYE: &str = "https://rp-told.localhost:9/bye";
/// Threads that answer for the services.
const ANSWERING: usize = 4;

/// RP-initiated logout of a session with twenty-one services (OpenID Connect Back-Channel Logout 1.0).
pub(crate) struct Logout<'a> {
    world: &'a World,
    services: Vec<Public>,
    told: Arc<AtomicU32>,
    /// Browsers with a session, and the ID token of the service that will ask.
    ready: Mutex<Vec<(Browser<'a>, String)>>,
}

impl<'a> Logout<'a> {
    pub(crate) fn ready(world: &'a World) -> Result<Self, Failure> {
        let told = Arc::new(AtomicU32::new(0));
        let port = answer_for_all(&world.platform, &told)?;
        let services = (0..=SERVICES)
            .map(|number| register(&world.platform, number, port))
            .collect();
        Ok(Self {
            world,
            services,
            told,
            ready: Mutex::default(),
        })
    }
}

impl Operation for Logout<'_> {
    fn name(&self) -> &'static str {
        "logout over 20 services"
    }

    /// A handshake of the browser. The hint is verified; for each service a token, and a handshake as client with a certificate by its authority.
    fn work(&self) -> Work {
        work(
            1,
            &[
                (Part::EcdsaSign, SERVICES),
                (Part::ClientKeyExchange, SERVICES),
                (Part::KeySchedule, SERVICES),
                (Part::EcdsaVerify, 2 * SERVICES + 1),
            ],
        )
    }

    fn prepare(&self, count: u32) -> Result<(), Failure> {
        for number in 0..usize::try_from(count)? {
            let mut browser = Browser::open(self.world, number)?;
            let mut first = None;
            for service in &self.services {
                let tokens = browser.sign_in(service)?;
                first = first.or(Some(field(&tokens, "id_token")?));
            }
            let id_token = first.ok_or("no service")?;
            self.ready
                .lock()
                .map_err(|_| "poisoned")?
                .push((browser, id_token));
        }
        self.told.store(0, Ordering::SeqCst);
        Ok(())
    }

    fn perform(&self, _citizen: usize) -> Result<(), Failure> {
        let ready = self.ready.lock().map_err(|_| "poisoned")?.pop();
        let (mut browser, id_token) = ready.ok_or("nobody is signed in")?;
        // The front has let go of a connection that was idle for long.
        browser.reconnect()?;
        let asks = self.services.first().ok_or("no service")?;
        let ended = browser.get(&format!(
            "/oidc/logout?id_token_hint={id_token}&client_id={}&post_logout_redirect_uri={BYE}",
            asks.client.client_id
        ))?;
        // Back to the service, which is where it leads once everybody was told; a page of ours would say that somebody was not yet.
        match ended.location.as_deref() {
            Some(BYE) if ended.status == 303 => Ok(()),
            _ => Err(unexpected("the logout", &ended)),
        }
    }

    fn check(&self, count: u32) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(5);
        while self.told.load(Ordering::SeqCst) < count * SERVICES {
            if Instant::now() > until {
                let told = self.told.load(Ordering::SeqCst);
                return Err(format!("{told} messages came for {count} logouts").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

fn register(platform: &Platform, number: u32, port: u16) -> Public {
    let client_id = format!("rp-told-{number}");
    let redirect_uri = format!("https://{client_id}.localhost:9/cb");
    platform.register(&format!(
        "kind = \"sp\"\nname = {{ ja = \"{client_id}\", en = \"{client_id}\" }}\n[oidc]\nclient_id = \"{client_id}\"\n\
         redirect_uris = [\"{redirect_uri}\"]\npost_logout_redirect_uris = [\"{BYE}\"]\nauthentication = {{ method = \"none\" }}\n\
         backchannel_logout_uri = \"https://localhost:{port}/{number}\"\n"
    ));
    Public {
        name: "",
        client: RelyingParty {
            client_id,
            redirect_uri,
            origin: platform.origin.clone(),
        },
        more: String::new(),
    }
}

/// Answers `200` to everybody; the port.
fn answer_for_all(platform: &Platform, told: &Arc<AtomicU32>) -> Result<u16, Failure> {
    let issued = platform.servers.issue(&["localhost"])?;
    let chain =
        CertificateDer::pem_slice_iter(issued.chain_pem().as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem()?.as_bytes())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    for _ in 0..ANSWERING {
        let (listener, config, told) = (listener.try_clone()?, Arc::clone(&config), Arc::clone(told));
        std::thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                // One that does not come through is missed when they are counted.
                if answer(&config, socket).is_ok() {
                    told.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    Ok(port)
}

fn answer(config: &Arc<ServerConfig>, socket: std::net::TcpStream) -> Result<(), Failure> {
    socket.set_nodelay(true)?;
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config))?, socket);
    let mut request = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        let read = stream.read(&mut chunk)?;
        request.extend_from_slice(chunk.get(..read).unwrap_or_default());
        let text = String::from_utf8_lossy(&request);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| {
                let line = line.to_ascii_lowercase();
                line.strip_prefix("content-length: ")?.parse::<usize>().ok()
            });
            body.len() >= length.unwrap_or_default()
        });
        if whole {
            break;
        }
        if read == 0 {
            return Err("a message that ends early".into());
        }
    }
    if !String::from_utf8_lossy(&request).contains("logout_token=") {
        return Err("no logout token".into());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}
