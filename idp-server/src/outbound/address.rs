//! Which addresses are on the public network: a registered name must not be made to lead to a machine of ours.
//!
//! Whoever connects looks a name up once, judges what was found, and connects to that ([`find`]): a name that changes in between changes
//! nothing. What no program can tell from an address: networks of one's own with public addresses, and a translator (NAT64) with a prefix
//! of one's own; these are the firewall's (idp-server/docs/operations.md).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// Where a registered URL leads.
#[derive(Debug)]
pub(super) struct Destination {
    /// As it was read: ASCII, numbers of IPv4 in their usual form.
    pub(super) url: Url,
    /// The name or the number that TLS has to prove, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

/// Reads a URL: `https`, with a host, without user name, password and port 0. Nothing for any other.
pub(super) fn destination(text: &str) -> Option<Destination> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let port = url.port_or_known_default().filter(|port| *port != 0)?;
    let host = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(number) => number.to_string(),
        Host::Ipv6(number) => number.to_string(),
    };
    (url.scheme() == "https" && plain).then_some(Destination { url, host, port })
}

/// Looks a destination up, once: the address to connect to. Nothing where the name leads nowhere, or to internal networks alone, or where
/// the port is another protocol's: 443, or one that no protocol of the system has (RFC 6335 section 6).
pub(super) async fn find(destination: &Destination, internal_too: bool) -> Option<SocketAddr> {
    let host = destination.host.as_str();
    if !internal_too && !is_port_of_ours(destination.port) {
        return None;
    }
    // Names below `localhost` are this machine's, whatever a resolver says (RFC 6761 section 6.3).
    let ours = host == "localhost" || host.ends_with(".localhost");
    let looked_up = if ours { "127.0.0.1" } else { host };
    tokio::net::lookup_host((looked_up, destination.port))
        .await
        .ok()?
        .find(|found| internal_too || is_public(found.ip()))
}

const fn is_port_of_ours(port: u16) -> bool {
    port == 443 || port >= 1024
}

/// Whether an address can be a partner's (a verifier's, a client's) on the public network (the registries of RFC 6890, and what embeds an IPv4 address).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared address space, protocol assignments, benchmarking, 6to4 relays.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 88 && c == 99))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., fifth, sixth, _, _] = address.segments();
    // Global unicast is 2000::/3; from it go documentation, Teredo and ORCHID, 6to4, and outside it the NAT64 prefix.
    let global = first & 0xe000 == 0x2000;
    global
        && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
        // ISATAP (RFC 5214 section 6.1): the rest is an IPv4 address, and a tunnel leads there.
        && !((fifth == 0 || fifth == 0x0200) && sixth == 0x5efe)
}

#[cfg(test)]
mod tests;
