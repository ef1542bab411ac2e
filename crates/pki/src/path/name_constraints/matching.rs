//! Whether a name lies within a subtree, form by form (RFC 5280 section 4.2.1.10). None: the name cannot be read.

/// How a name and a subtree lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Relation {
    /// The name, and everything a wildcard in it may stand for, is in the subtree.
    Within,
    /// A wildcard in the name may stand for something in the subtree.
    Touches,
    /// Neither.
    Apart,
}

impl From<bool> for Relation {
    fn from(within: bool) -> Self {
        if within { Self::Within } else { Self::Apart }
    }
}

/// Whether a text is a host name: labels of letters, digits, hyphens and (as names really have them) underscores.
pub(crate) fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// Whether `name` is `base` or below it, without regard to case.
fn is_below(name: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    match name
        .len()
        .checked_sub(base.len())
        .and_then(|at| name.split_at_checked(at))
    {
        Some((before, end)) => end.eq_ignore_ascii_case(base) && (before.is_empty() || before.ends_with('.')),
        None => false,
    }
}

pub(super) fn dns(name: &str, base: &str) -> Option<Relation> {
    let Some(parent) = name.strip_prefix("*.") else {
        return is_host(name).then(|| is_below(name, base).into());
    };
    if !is_host(parent) {
        return None;
    }
    Some(if is_below(parent, base) {
        Relation::Within
    } else if base
        .split_once('.')
        .is_some_and(|(_, above)| above.eq_ignore_ascii_case(parent))
    {
        // `*.example.com` may stand for the base `bar.example.com`.
        Relation::Touches
    } else {
        Relation::Apart
    })
}

pub(super) fn email(name: &str, base: &str) -> Option<Relation> {
    let (local, host) = name.split_once('@')?;
    if local.is_empty() || !is_host(host) {
        return None;
    }
    Some(
        match base.split_once('@') {
            Some((base_local, base_host)) => local == base_local && host.eq_ignore_ascii_case(base_host),
            None => host_lies_in(host, base),
        }
        .into(),
    )
}

pub(super) fn uri(name: &str, base: &str) -> Option<Relation> {
    let (_, after_scheme) = name.split_once("://")?;
    let authority = after_scheme.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host_and_port
        .split_once(':')
        .map_or(host_and_port, |(host, _)| host);
    // "If the URI ... does not include a host name specified as a fully qualified domain name ... then the application MUST
    // reject the certificate."
    let last = host.rsplit('.').next()?;
    if !is_host(host) || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(host_lies_in(host, base).into())
}

/// For e-mail and URI a host stands for itself alone, and a leading period for everything below.
fn host_lies_in(host: &str, base: &str) -> bool {
    match base.strip_prefix('.') {
        Some(domain) => is_below(host, domain) && host.len() > domain.len(),
        None => host.eq_ignore_ascii_case(base),
    }
}

pub(super) fn ip(name: &[u8], base: &[u8]) -> Relation {
    let (address, mask) = base.split_at(base.len() / 2);
    if name.len() != address.len() || mask.len() != address.len() {
        return Relation::Apart;
    }
    name.iter()
        .zip(address)
        .zip(mask)
        .all(|((byte, wanted), mask)| byte & mask == wanted & mask)
        .into()
}

#[cfg(test)]
mod tests {
    use super::Relation::{Apart, Touches, Within};
    use super::*;

    #[test]
    fn host_names() {
        for (name, base, relation) in [
            ("example.jp", "example.jp", Some(Within)),
            ("WWW.Example.JP", "example.jp", Some(Within)),
            ("notexample.jp", "example.jp", Some(Apart)),
            ("jp", "example.jp", Some(Apart)),
            ("a.jp", "", Some(Within)),
            ("*.example.jp", "example.jp", Some(Within)),
            ("*.example.jp", "bar.example.jp", Some(Touches)),
            ("*.example.jp", "a.bar.example.jp", Some(Apart)),
            ("*.jp", "example.jp", Some(Touches)),
            (".example.jp", "example.jp", None),
            ("a..jp", "jp", None),
            ("a*.example.jp", "example.jp", None),
            ("", "jp", None),
        ] {
            assert_eq!(dns(name, base), relation, "{name} in {base}");
        }
    }

    #[test]
    fn mailboxes() {
        for (name, base, relation) in [
            ("taro@example.jp", "taro@example.jp", Some(Within)),
            ("Taro@example.jp", "taro@example.jp", Some(Apart)),
            ("taro@EXAMPLE.jp", "taro@example.jp", Some(Within)),
            ("taro@example.jp", "example.jp", Some(Within)),
            ("taro@mail.example.jp", "example.jp", Some(Apart)),
            ("taro@mail.example.jp", ".example.jp", Some(Within)),
            ("taro@example.jp", ".example.jp", Some(Apart)),
            ("taro@notexample.jp", ".example.jp", Some(Apart)),
            ("a@b@example.jp", "example.jp", None),
            ("example.jp", "example.jp", None),
        ] {
            assert_eq!(email(name, base), relation, "{name} in {base}");
        }
    }

    #[test]
    fn uris() {
        for (name, base, relation) in [
            ("https://example.jp/a", "example.jp", Some(Within)),
            ("https://user@example.jp:8443?q", "example.jp", Some(Within)),
            ("https://www.example.jp/", "example.jp", Some(Apart)),
            ("https://www.example.jp/", ".example.jp", Some(Within)),
            ("https://evil.jp/.example.jp", ".example.jp", Some(Apart)),
            ("https://192.0.2.1/", ".example.jp", None),
            ("https://[2001:db8::1]/", ".example.jp", None),
            ("urn:example:jp", ".example.jp", None),
        ] {
            assert_eq!(uri(name, base), relation, "{name} in {base}");
        }
    }

    #[test]
    fn addresses() {
        let base = [192, 0, 2, 0, 255, 255, 255, 0];
        assert_eq!(ip(&[192, 0, 2, 7], &base), Within);
        assert_eq!(ip(&[192, 0, 3, 7], &base), Apart);
        assert_eq!(ip(&[0; 16], &base), Apart);
        assert_eq!(ip(&[0; 16], &[0; 32]), Within);
    }
}
