//! A lean browser: HTTP/1.1 over rustls on a blocking socket, cookies, and nothing that would keep the server waiting.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::Failure;

/// An answer longer than this is none of ours.
const MOST_BYTES: usize = 1 << 20;

/// One TLS connection, kept alive by whoever holds it.
pub(crate) struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    authority: String,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) cookies: Vec<(String, String)>,
    /// `DPoP-Nonce`.
    pub(crate) nonce: Option<String>,
    pub(crate) body: String,
}

/// What is sent beside the address.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent<'a> {
    /// Header fields of the client's own.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// Kind and text of a body; without one it is a GET.
    pub(crate) body: Option<(&'a str, &'a str)>,
}

/// A form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

impl Connection {
    /// Connects to this machine under the name of `authority` (`host:port`).
    pub(crate) fn open(config: &Arc<ClientConfig>, authority: &str) -> Result<Self, Failure> {
        let (host, port) = authority.split_once(':').ok_or("an authority without port")?;
        let socket = TcpStream::connect(("127.0.0.1", port.parse::<u16>()?))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
        let name = ServerName::try_from(host.to_owned())?;
        let connection = ClientConnection::new(Arc::clone(config), name)?;
        Ok(Self {
            stream: StreamOwned::new(connection, socket),
            authority: authority.to_owned(),
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Protocol version, cipher suite and key exchange of the handshake.
    pub(crate) fn spoken(&self) -> String {
        let connection = &self.stream.conn;
        let version = connection
            .protocol_version()
            .map(|version| format!("{version:?}"));
        let suite = connection
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite()));
        let group = connection
            .negotiated_key_exchange_group()
            .map(|group| format!("{:?}", group.name()));
        [version, suite, group].map(Option::unwrap_or_default).join(" ")
    }

    /// Sends a GET, or a POST when there is a form body, as a browser does.
    pub(crate) fn ask(
        &mut self,
        target: &str,
        cookies: &BTreeMap<String, String>,
        form: Option<&str>,
    ) -> Result<Answer, Failure> {
        let pairs: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let pairs = pairs.join("; ");
        let cookie = [("cookie", pairs.as_str())];
        self.send(
            target,
            Sent {
                fields: if cookies.is_empty() { &[] } else { &cookie },
                body: form.map(|form| (FORM, form)),
            },
        )
    }

    /// Sends a GET or POST with these fields.
    pub(crate) fn send(&mut self, target: &str, sent: Sent<'_>) -> Result<Answer, Failure> {
        let method = if sent.body.is_some() { "POST" } else { "GET" };
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\naccept-language: ja\r\nuser-agent: bench\r\n",
            self.authority
        );
        for (name, value) in sent.fields {
            request.extend([*name, ": ", *value, "\r\n"]);
        }
        if let Some((kind, body)) = sent.body {
            request.extend(["content-type: ", kind, "\r\ncontent-length: "]);
            request.extend([&body.len().to_string(), "\r\n\r\n", body]);
        } else {
            request.push_str("\r\n");
        }
        self.stream.write_all(request.as_bytes())?;
        self.stream.flush()?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> Result<Answer, Failure> {
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let head = String::from_utf8_lossy(self.buffer.get(..head_end).unwrap_or_default()).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .ok_or("no status line")?
            .parse()?;
        let mut answer = Answer {
            status,
            location: None,
            cookies: Vec::new(),
            nonce: None,
            body: String::new(),
        };
        let mut length = 0_usize;
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "dpop-nonce" => answer.nonce = Some(value.to_owned()),
                "location" => answer.location = Some(value.to_owned()),
                "set-cookie" => {
                    let pair = value.split(';').next().and_then(|pair| pair.split_once('='));
                    let (name, value) = pair.ok_or("a cookie without value")?;
                    answer.cookies.push((name.to_owned(), value.to_owned()));
                }
                "transfer-encoding" => return Err("this client reads answers of known length only".into()),
                _ => {}
            }
        }
        while self.buffer.len() < head_end + length {
            self.read_more()?;
        }
        let body = self.buffer.get(head_end..head_end + length).unwrap_or_default();
        answer.body = String::from_utf8_lossy(body).into_owned();
        Ok(answer)
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk)?;
        if read == 0 || self.buffer.len() > MOST_BYTES {
            return Err("the connection ended, or never would".into());
        }
        self.buffer
            .extend_from_slice(chunk.get(..read).unwrap_or_default());
        Ok(())
    }
}

/// `https://AUTHORITY/TARGET` taken apart; a target alone stays with the authority that it came from.
pub(crate) fn split<'a>(url: &'a str, here: &'a str) -> (&'a str, &'a str) {
    match url.strip_prefix("https://") {
        None => (here, url),
        Some(rest) => match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        },
    }
}

/// The value of a hidden field in the form that posts to an address with this end.
pub(crate) fn hidden_field(page: &str, action_end: &str, name: &str) -> Option<String> {
    for form in page.split("<form ").skip(1) {
        let action = between(form, "action=\"", "\"")?;
        if action.ends_with(action_end) {
            let form = form.split("</form>").next()?;
            return between(form, &format!("name=\"{name}\" value=\""), "\"").map(str::to_owned);
        }
    }
    None
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(split("https://a.b:1/c?d", "x:2"), ("a.b:1", "/c?d"));
        assert_eq!(split("/c", "x:2"), ("x:2", "/c"));
        assert_eq!(split("https://a.b:1", "x:2"), ("a.b:1", "/"));
    }

    #[test]
    fn a_hidden_field_is_read_from_its_own_form() {
        let page = r#"<form method="post" action="/x/cancel"><input type="hidden" name="csrf" value="no"></form>
            <form method="post" action="/x/card"><input type="hidden" name="csrf" value="yes"></form>"#;
        assert_eq!(hidden_field(page, "/card", "csrf").as_deref(), Some("yes"));
        assert_eq!(hidden_field(page, "/other", "csrf"), None);
    }
}
