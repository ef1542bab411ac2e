//! What ends in a TLS alert, and why. Everything else that the door can see is a page (`refusals`): this table is the whole
//! list of exceptions. A row that becomes a page is a gain; a new row needs a reason.

use std::sync::Arc;

use conformance_tests::{MachineEntropy, Platform};
use rustls::AlertDescription as Alert;
use rustls::client::ResolvesClientCert;
use rustls::version::{TLS12, TLS13};
use sim::CardRequest;
use sim::card::CardSigning;
use sim::fault::Fault;
use sim::keys::KeyAlgorithm;
use sim::tls::{CardResolver, SharedCard};

use crate::clients::{Met, SOME_NAME, SOME_NAME_12, Wilful, config, handshake, octets, s_client};
use crate::support::{handshakes, until};

/// The cards of the table.
struct World {
    platform: Platform,
    rsa: SharedCard,
    pss: SharedCard,
    p384: SharedCard,
    weak_pss: SharedCard,
    victim: SharedCard,
}

/// A client at the door.
enum Client {
    /// rustls: versions, what answers the certificate request, the server name, the protocols of ALPN.
    Rustls(
        Versions,
        Arc<dyn ResolvesClientCert>,
        &'static str,
        &'static [&'static str],
    ),
    /// `openssl s_client` with arguments.
    OpenSsl(&'static [&'static str]),
    /// Something that is no TLS.
    Octets(&'static [u8]),
}

type Versions = &'static [&'static rustls::SupportedProtocolVersion];
const V13: Versions = &[&TLS13];
const V12: Versions = &[&TLS12];

/// One row.
struct Row {
    /// What comes to the door.
    what: &'static str,
    /// Who brings it.
    client: fn(&World) -> Client,
    /// How it ends for the client.
    met: Met,
    /// How the door counts it.
    counted: &'static str,
    /// Why it is no page.
    because: &'static str,
}

fn alert(alert: Alert) -> Met {
    Met::Alert(alert)
}

fn wilful(card: &SharedCard, scheme: u16, bend: impl Fn(Vec<u8>) -> Vec<u8>) -> Arc<dyn ResolvesClientCert> {
    let mut wilful = Wilful::naming(card, scheme);
    wilful.chain = wilful.chain.into_iter().map(bend).collect();
    Arc::new(wilful)
}

fn honest(card: &SharedCard) -> Arc<dyn ResolvesClientCert> {
    Arc::new(CardResolver::new(Arc::clone(card), "1234", &MachineEntropy))
}

/// Another certificate than the signing card's, read from the victim's card without a PIN.
fn stolen(world: &World) -> Arc<dyn ResolvesClientCert> {
    let victims = world.victim.lock().unwrap().certificate().to_vec();
    let thief = CardResolver::new(Arc::clone(&world.rsa), "1234", &MachineEntropy);
    Arc::new(thief.with_certificate_of(&victims))
}

/// rsaEncryption (1.2.840.113549.1.1.1) becomes rsassaPss (….1.10), which no JPKI certificate and no rule of ours knows.
fn other_key_type(certificate: Vec<u8>) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let mut bent = certificate;
    let at = bent
        .windows(11)
        .position(|window| window == RSA_ENCRYPTION)
        .expect("an RSA key");
    bent[at + 10] = 0x0a;
    bent
}

const NO_KEY: &str = "possession is proven with the certificate's key; without a key that can be read nothing is proven, and \
                      an unproven certificate must not choose a page";
const NO_PROOF: &str =
    "whoever sent the certificate does not hold its key: an attack or a broken card, and TLS says so itself";
const PROTOCOL: &str =
    "the handshake cannot go on by the rules of TLS, so there is no connection to show a page in";
const NO_NAME: &str = "the names of attempts are the door's only certificate; a browser led by the front never comes without one";

#[allow(clippy::too_many_lines, reason = "one table")]
fn rows() -> Vec<Row> {
    use Client::{Octets, OpenSsl, Rustls};
    vec![
        Row {
            what: "RSA with 1024 bits, signing PSS in TLS 1.3",
            client: |world| Rustls(V13, honest(&world.weak_pss), SOME_NAME, &[]),
            met: alert(Alert::DecryptError),
            counted: "bad_certificate_or_signature",
            because: "the crypto provider verifies PSS from 2048 bits only; over PKCS#1 the same key meets a page",
        },
        Row {
            what: "RSA with 1024 bits, signing PSS in TLS 1.2",
            client: |world| Rustls(V12, honest(&world.weak_pss), SOME_NAME_12, &[]),
            met: alert(Alert::DecryptError),
            counted: "bad_certificate_or_signature",
            because: "as in TLS 1.3",
        },
        Row {
            what: "a certificate that is no certificate",
            client: |world| {
                Rustls(
                    V13,
                    wilful(&world.rsa, 0x0420, |_| b"no certificate".to_vec()),
                    SOME_NAME,
                    &[],
                )
            },
            met: alert(Alert::BadCertificate),
            counted: "bad_certificate_or_signature",
            because: NO_KEY,
        },
        Row {
            what: "half a certificate, in TLS 1.2",
            client: |world| {
                Rustls(
                    V12,
                    wilful(&world.rsa, 0x0401, |der| der[..der.len() / 2].to_vec()),
                    SOME_NAME,
                    &[],
                )
            },
            met: alert(Alert::BadCertificate),
            counted: "bad_certificate_or_signature",
            because: NO_KEY,
        },
        Row {
            what: "a key of a type that JPKI does not have",
            client: |world| Rustls(V13, wilful(&world.rsa, 0x0420, other_key_type), SOME_NAME, &[]),
            met: alert(Alert::BadCertificate),
            counted: "bad_certificate_or_signature",
            because: NO_KEY,
        },
        Row {
            what: "a stolen certificate in TLS 1.3",
            client: |world| Rustls(V13, stolen(world), SOME_NAME, &[]),
            met: alert(Alert::DecryptError),
            counted: "bad_certificate_or_signature",
            because: NO_PROOF,
        },
        Row {
            what: "a stolen certificate in TLS 1.2",
            client: |world| Rustls(V12, stolen(world), SOME_NAME_12, &[]),
            met: alert(Alert::DecryptError),
            counted: "bad_certificate_or_signature",
            because: NO_PROOF,
        },
        Row {
            what: "a PKCS#1 signature that is called PSS",
            client: |world| Rustls(V13, wilful(&world.pss, 0x0804, |der| der), SOME_NAME, &[]),
            met: alert(Alert::DecryptError),
            counted: "bad_certificate_or_signature",
            because: NO_PROOF,
        },
        Row {
            what: "rsa_pkcs1_sha256 (0x0401) in TLS 1.3",
            client: |world| Rustls(V13, wilful(&world.rsa, 0x0401, |der| der), SOME_NAME, &[]),
            met: alert(Alert::IllegalParameter),
            counted: "client_misbehaved",
            because: "RFC 8446 section 4.4.3 forbids it, and 0x0420 (RFC 9963) was offered for such cards",
        },
        Row {
            what: "rsa_pkcs1_sha256_legacy (0x0420) in TLS 1.2",
            client: |world| Rustls(V12, wilful(&world.rsa, 0x0420, |der| der), SOME_NAME, &[]),
            met: alert(Alert::IllegalParameter),
            counted: "client_misbehaved",
            because: "RFC 9963 section 2 defines it for TLS 1.3 alone",
        },
        Row {
            what: "rsa_pkcs1_sha1 (0x0201), which was not offered",
            client: |world| Rustls(V12, wilful(&world.rsa, 0x0201, |der| der), SOME_NAME, &[]),
            met: alert(Alert::IllegalParameter),
            counted: "client_misbehaved",
            because: "SHA-1 proves nothing",
        },
        Row {
            what: "a P-384 key under the scheme of P-256 in TLS 1.3",
            client: |world| Rustls(V13, wilful(&world.p384, 0x0403, |der| der), SOME_NAME, &[]),
            met: alert(Alert::IllegalParameter),
            counted: "client_misbehaved",
            because: "TLS 1.3 binds scheme and curve (RFC 8446 section 4.2.3)",
        },
        Row {
            what: "a client of TLS 1.3 alone at card12",
            client: |world| Rustls(V13, honest(&world.rsa), SOME_NAME_12, &[]),
            met: alert(Alert::ProtocolVersion),
            counted: "client_incompatible",
            because: "card12 exists to negotiate 1.2; `card` takes this client, and the front's page leads there",
        },
        Row {
            what: "a client of TLS 1.1",
            client: |_| OpenSsl(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-servername", SOME_NAME]),
            met: alert(Alert::HandshakeFailure),
            counted: "no_client_hello",
            because: "TLS below 1.2 is not spoken (RFC 8996); such a client names no signature schemes, which is found first",
        },
        Row {
            what: "cipher suites without forward secrecy",
            client: |_| {
                OpenSsl(&[
                    "-tls1_2",
                    "-cipher",
                    "AES128-GCM-SHA256",
                    "-servername",
                    SOME_NAME,
                ])
            },
            met: alert(Alert::HandshakeFailure),
            counted: "client_incompatible",
            because: PROTOCOL,
        },
        Row {
            what: "HTTP/2 alone",
            client: |world| Rustls(V13, honest(&world.rsa), SOME_NAME, &["h2"]),
            met: alert(Alert::NoApplicationProtocol),
            counted: "other",
            because: "one connection is one handshake is one answer; browsers offer HTTP/1.1 beside it",
        },
        Row {
            what: "a chain of certificates beyond 64 KiB",
            client: |world| {
                let mut wilful = Wilful::naming(&world.rsa, 0x0420);
                wilful.chain = std::iter::repeat_n(wilful.chain[0].clone(), 60).collect();
                Rustls(V13, Arc::new(wilful), SOME_NAME, &[])
            },
            met: Met::Cut,
            counted: "other",
            because: "what comes before any proof is bounded; a card sends one certificate, or two",
        },
        Row {
            what: "a wrong PIN, or a card pulled out",
            client: |world| {
                let clumsy = CardResolver::new(Arc::clone(&world.victim), "9999", &MachineEntropy);
                Rustls(V13, Arc::new(clumsy), SOME_NAME, &[])
            },
            met: Met::GaveUp,
            counted: "connection_lost",
            because: "it dies in the browser; the page that was clicked is still there and helps (`cards`)",
        },
        Row {
            what: "no server name",
            client: |_| OpenSsl(&["-tls1_3", "-noservername"]),
            met: Met::Closed,
            counted: "unknown_server_name",
            because: NO_NAME,
        },
        Row {
            what: "the front's name",
            client: |world| Rustls(V13, honest(&world.rsa), "idp.localhost", &[]),
            met: Met::Closed,
            counted: "unknown_server_name",
            because: NO_NAME,
        },
        Row {
            what: "a label that is no label of attempts",
            client: |world| Rustls(V13, honest(&world.rsa), "www.card.idp.localhost", &[]),
            met: Met::Closed,
            counted: "unknown_server_name",
            because: NO_NAME,
        },
        Row {
            what: "a family that does not exist",
            client: |world| {
                let name = "00112233445566778899aabbccddeeff.card13.idp.localhost";
                Rustls(V13, honest(&world.rsa), name, &[])
            },
            met: Met::Closed,
            counted: "unknown_server_name",
            because: NO_NAME,
        },
        Row {
            what: "HTTP without TLS",
            client: |_| Octets(b"GET / HTTP/1.1\r\nhost: idp.localhost\r\n\r\n"),
            met: Met::Closed,
            counted: "no_client_hello",
            because: "no certificate can be asked for",
        },
    ]
}

async fn meet(world: &World, client: Client) -> Met {
    match client {
        Client::Rustls(versions, card, name, protocols) => {
            let mut config = config(&world.platform, versions, Some(card));
            config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
            handshake(&world.platform, config, name).await
        }
        Client::OpenSsl(arguments) => {
            let printed = s_client(&world.platform, arguments, "").await;
            match printed.split_once("SSL alert number ") {
                Some((_, rest)) => {
                    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    Met::Alert(number.parse::<u8>().unwrap().into())
                }
                None if printed.contains("unexpected eof") => Met::Closed,
                None => panic!("{printed}"),
            }
        }
        Client::Octets(octets_sent) => {
            let back = octets(&world.platform, octets_sent).await;
            assert!(!String::from_utf8_lossy(&back).contains("HTTP"), "{back:?}");
            Met::Closed
        }
    }
}

#[tokio::test]
async fn the_whole_list_of_what_ends_in_an_alert() {
    let platform = Platform::start().await;
    let card = |algorithm, signing, fault| {
        platform
            .card(&CardRequest {
                algorithm,
                signing: Some(signing),
                fault,
                ..CardRequest::default()
            })
            .1
    };
    let world = World {
        rsa: card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, None),
        pss: card(KeyAlgorithm::Rsa2048, CardSigning::Pss, None),
        p384: card(KeyAlgorithm::P384, CardSigning::Ecdsa, None),
        weak_pss: card(KeyAlgorithm::Rsa2048, CardSigning::Pss, Some(Fault::WeakKey)),
        victim: card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, None),
        platform,
    };
    let mut wrong = Vec::new();
    for row in rows() {
        assert!(!row.because.is_empty());
        let before = handshakes(&world.platform, row.counted).await;
        let met = meet(&world, (row.client)(&world)).await;
        let cut = row.met == Met::Cut && matches!(met, Met::Alert(_) | Met::Closed);
        if met != row.met && !cut {
            wrong.push(format!("{}: {met:?} instead of {:?}", row.what, row.met));
            continue;
        }
        until(&format!("{} is counted as {}", row.what, row.counted), || async {
            handshakes(&world.platform, row.counted).await > before
        })
        .await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The same clients with nothing bent get through: the table refuses for its own reasons.
    for (versions, card, name) in [
        (V13, &world.rsa, SOME_NAME),
        (V13, &world.pss, SOME_NAME),
        (V13, &world.p384, SOME_NAME),
        (V12, &world.rsa, SOME_NAME_12),
    ] {
        let config = config(&world.platform, versions, Some(honest(card)));
        assert_eq!(
            handshake(&world.platform, config, name).await,
            Met::Completed,
            "{name}"
        );
    }
}
