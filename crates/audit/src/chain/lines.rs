//! The export: one record per line as a JSON object, and its verification without any database.

use serde::{Deserialize, Serialize};

use super::{Break, Head, Link, Why, follow};
use crate::Event;

/// Longest line of an export that is read, in bytes.
pub const LONGEST_LINE: usize = 1 << 20;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    position: u64,
    hash: String,
    text: String,
    /// A readable copy may stand beside the text; it is held against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
}

/// One line of an export, without the line's end.
pub fn export_line(link: Link<'_>) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line {
        position: link.position,
        hash: link.hash.to_owned(),
        text: link.text.to_owned(),
        event: None,
    })
}

/// Follows an export from a head that is known to be good ([`Head::GENESIS`] for a whole log), line by line in
/// constant memory; answers the end of the chain, or the first place where it breaks.
pub fn verify_lines<L: AsRef<str>>(good: Head, lines: impl IntoIterator<Item = L>) -> Result<Head, Break> {
    lines
        .into_iter()
        .try_fold(good, |head, line| follow_line(head, line.as_ref()))
}

fn follow_line(head: Head, line: &str) -> Result<Head, Break> {
    let broken = |why| Break {
        position: head.position.saturating_add(1),
        why,
    };
    if line.len() > LONGEST_LINE {
        return Err(broken(Why::LineTooLong));
    }
    let record: Line = serde_json::from_str(line).map_err(|_| broken(Why::NotARecord))?;
    let next = follow(
        head,
        Link {
            position: record.position,
            text: &record.text,
            hash: &record.hash,
        },
    )?;
    if let Some(event) = record.event {
        let written: Event = serde_json::from_str(&record.text).map_err(|_| broken(Why::EventDiffers))?;
        if written != event {
            return Err(broken(Why::EventDiffers));
        }
    }
    Ok(next)
}
