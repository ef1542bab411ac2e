//! The form that brings a file (RFC 7578), as far as this page sends it: one file and the form's token, nothing nested, nothing
//! encoded, bounded by the front's limit on bodies.

/// What the form brought.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Upload<'a> {
    /// The form's token.
    pub(super) csrf: &'a str,
    /// The file.
    pub(super) file: &'a [u8],
}

/// More parts than the page sends are refused.
const MAX_PARTS: usize = 8;

/// Reads a body by its content type; `None` if it is not such a form.
pub(super) fn read<'a>(content_type: &str, body: &'a [u8]) -> Option<Upload<'a>> {
    let boundary = boundary(content_type)?;
    let (mut csrf, mut file) = (None, None);
    let mut rest = strip(body, format!("--{boundary}").as_bytes())?;
    let delimiter = format!("\r\n--{boundary}");
    for _ in 0..MAX_PARTS {
        if rest.starts_with(b"--") {
            return Some(Upload {
                csrf: csrf?,
                file: file?,
            });
        }
        let part = strip(rest, b"\r\n")?;
        let end = find(part, delimiter.as_bytes())?;
        let (part, after) = part.split_at_checked(end)?;
        rest = after.get(delimiter.len()..)?;
        let headers = find(part, b"\r\n\r\n")?;
        let (headers, content) = part.split_at_checked(headers)?;
        let content = content.get(4..)?;
        let place = match name(std::str::from_utf8(headers).ok()?)? {
            "csrf" if csrf.is_none() => {
                csrf = Some(std::str::from_utf8(content).ok()?);
                continue;
            }
            "file" if file.is_none() => &mut file,
            _ => return None,
        };
        *place = Some(content);
    }
    None
}

/// 1 to 70 characters (RFC 2046 section 5.1.1), without the quotes that some clients put around them.
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        let value = value.trim_matches('"');
        let good = (1..=70).contains(&value.len()) && value.is_ascii() && !value.contains(['\r', '\n']);
        (name.eq_ignore_ascii_case("boundary") && good).then_some(value)
    })
}

/// The name in a part's Content-Disposition.
fn name(headers: &str) -> Option<&str> {
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|parameter| {
        let value = parameter.trim().strip_prefix("name=")?;
        Some(value.trim_matches('"'))
    })
}

fn strip<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    bytes.strip_prefix(prefix)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XyZ";

    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut all = Vec::new();
        for (name, content) in parts {
            all.extend_from_slice(b"--XyZ\r\n");
            all.extend_from_slice(
                format!(
                    "Content-Disposition: form-data; name=\"{name}\"; filename=\"a.p7s\"\r\nContent-Type: x/y\r\n\r\n"
                )
                .as_bytes(),
            );
            all.extend_from_slice(content);
            all.extend_from_slice(b"\r\n");
        }
        all.extend_from_slice(b"--XyZ--\r\n");
        all
    }

    #[test]
    fn a_token_and_a_file_in_any_order() {
        let file: &[u8] = b"\x30\x00\r\n--XyQ\r\n\xff";
        for parts in [
            [("csrf", b"token".as_slice()), ("file", file)],
            [("file", file), ("csrf", b"token".as_slice())],
        ] {
            let body = body(&parts);
            assert_eq!(read(TYPE, &body), Some(Upload { csrf: "token", file }));
            assert_eq!(
                read("Multipart/Form-Data; charset=utf-8; boundary=\"XyZ\"", &body),
                Some(Upload { csrf: "token", file })
            );
            for end in 0..body.len() - 4 {
                assert_eq!(read(TYPE, &body[..end]), None, "cut at {end}");
            }
        }
    }

    #[test]
    fn anything_else_is_no_such_form() {
        let good = body(&[("csrf", b"t"), ("file", b"f")]);
        for content_type in [
            "",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=Other",
        ] {
            assert_eq!(read(content_type, &good), None, "{content_type}");
        }
        for parts in [
            vec![("csrf", b"t".as_slice())],
            vec![("file", b"f".as_slice())],
            vec![("csrf", b"t".as_slice()), ("file", b"f"), ("file", b"g")],
            vec![("csrf", b"t".as_slice()), ("csrf", b"u"), ("file", b"f")],
            vec![("csrf", b"t".as_slice()), ("file", b"f"), ("more", b"m")],
        ] {
            assert_eq!(read(TYPE, &body(&parts)), None, "{parts:?}");
        }
        assert_eq!(read(TYPE, b""), None);
    }
}
