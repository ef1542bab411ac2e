//! Parameters of a query or form, kept as the octets that were sent.

use percent_encoding::percent_decode_str;

use crate::Reason;

/// Splits `a=1&b=2` and finds the raw value of each name in `names`.
///
/// A known name that comes twice, or percent-encoded, is refused: another reader of the same octets (a proxy, a log, a
/// web framework) could see another message. Unknown names are ignored, as section 3.4.3 leaves open.
pub(crate) fn raw_values<'q, const N: usize>(
    query: &'q str,
    names: [&'static str; N],
) -> Result<[Option<&'q str>; N], Reason> {
    let mut found = [None; N];
    for pair in query.split('&') {
        let (raw_name, value) = pair.split_once('=').unwrap_or((pair, ""));
        for (name, slot) in names.iter().copied().zip(found.iter_mut()) {
            if raw_name == name {
                if slot.replace(value).is_some() {
                    return Err(Reason::ParameterRepeated { name });
                }
            } else if decode(name, raw_name).is_ok_and(|decoded| decoded == name) {
                return Err(Reason::ParameterDisguised { name });
            }
        }
    }
    Ok(found)
}

/// Decodes one value of `application/x-www-form-urlencoded`.
pub(crate) fn decode(name: &'static str, raw: &str) -> Result<String, Reason> {
    let spaced = raw.replace('+', " ");
    let mut rest = spaced.as_str();
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after
            .get(..2)
            .is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        if !digits {
            return Err(Reason::ParameterEncoding { name });
        }
        rest = after;
    }
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Reason::ParameterEncoding { name })
}

/// Decodes `RelayState` within its bound.
pub(crate) fn relay_state(raw: Option<&str>) -> Result<Option<String>, Reason> {
    let Some(raw) = raw else { return Ok(None) };
    let value = decode("RelayState", raw)?;
    if value.len() > super::RELAY_STATE_LIMIT {
        return Err(Reason::ParameterTooLong {
            name: "RelayState",
            limit: super::RELAY_STATE_LIMIT,
        });
    }
    Ok(Some(value))
}
