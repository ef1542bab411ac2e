//! `[mutual_tls]`: the listener for machines that prove themselves by a certificate.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::Origin;
use crate::listeners::door::admission::Limits;

/// The listener for client certificates of machines (RFC 8705). There is none without `listen`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MutualTlsConfig {
    /// Where to listen; another address or port than the front's.
    pub listen: Option<SocketAddr>,
    /// Its public origin.
    pub origin: Option<Origin>,
    /// Server certificate chain, PEM; the front's where absent.
    pub certificate: Option<PathBuf>,
    /// Its key, PKCS#8 PEM, mode 0600; the front's where absent.
    pub private_key: Option<PathBuf>,
    /// Authorities (PEM) below which `tls_client_auth` believes a name; nobody is let in by name where empty.
    pub client_ca: Vec<PathBuf>,
    /// Connections at the same time, over all clients.
    pub connections: usize,
    /// Per address.
    pub connections_per_address: usize,
    /// Per prefix (IPv4 /24, IPv6 /56).
    pub connections_per_prefix: usize,
}

impl Default for MutualTlsConfig {
    fn default() -> Self {
        Self {
            listen: None,
            origin: None,
            certificate: None,
            private_key: None,
            client_ca: Vec::new(),
            connections: 2048,
            connections_per_address: 64,
            connections_per_prefix: 256,
        }
    }
}

impl MutualTlsConfig {
    /// What cannot work, a sentence each.
    pub fn problems(&self, front: SocketAddr) -> Vec<String> {
        let mut problems = Vec::new();
        if self.listen.is_some() != self.origin.is_some() {
            problems.push("mutual_tls: listen and origin belong together".to_owned());
        }
        if self.certificate.is_some() != self.private_key.is_some() {
            problems.push("mutual_tls: certificate and private_key belong together".to_owned());
        }
        if self.listen == Some(front) && front.port() != 0 {
            problems.push("mutual_tls.listen: another address or port than the front's".to_owned());
        }
        let limits = self.limits();
        if limits.per_address == 0
            || limits.per_address > limits.per_prefix
            || limits.per_prefix > limits.total
        {
            problems.push(
                "mutual_tls: connections_per_address is at least 1, at most connections_per_prefix, and that at most connections"
                    .to_owned(),
            );
        }
        problems
    }

    /// How many connections are let in.
    pub const fn limits(&self) -> Limits {
        Limits {
            total: self.connections,
            per_address: self.connections_per_address,
            per_prefix: self.connections_per_prefix,
        }
    }

    /// The public address of a path, where there is such a listener.
    pub fn url(&self, path: &str) -> Option<String> {
        self.listen?;
        Some(self.origin.as_ref()?.url(path))
    }
}
