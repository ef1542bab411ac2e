//! What the modules share.

use domain::Timestamp;
use pki::{
    Anchors, Certificate, Explanation, Issuers, Oid, PathInputs, PathReason, RevocationLists, Status, Target,
    find_path,
};

pub(crate) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").unwrap()
}

pub(crate) fn inputs() -> PathInputs {
    PathInputs::at(now())
}

/// A path that was found: its length in authorities, its policies, its story.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) authorities: usize,
    pub(crate) policies: Vec<Oid>,
    pub(crate) explanation: Explanation,
}

/// Seeks a path without status.
pub(crate) fn seek(
    target: &[u8],
    between: &[Vec<u8>],
    anchors: &[&[u8]],
    inputs: &PathInputs,
) -> Result<Accepted, (PathReason, Explanation)> {
    ask(target, between, anchors, None, inputs)
}

/// Seeks a path, with lists.
pub(crate) fn seek_with_lists(
    target: &[u8],
    between: &[Vec<u8>],
    anchors: &[&[u8]],
    lists: &[Vec<u8>],
) -> Result<Accepted, (PathReason, Explanation)> {
    ask(target, between, anchors, Some(lists), &inputs())
}

fn ask(
    target: &[u8],
    between: &[Vec<u8>],
    anchors: &[&[u8]],
    lists: Option<&[Vec<u8>]>,
    inputs: &PathInputs,
) -> Result<Accepted, (PathReason, Explanation)> {
    let target = Target::new(Certificate::parse(target).unwrap()).unwrap();
    let issuers = Issuers::from_der(between.iter().map(Vec::as_slice)).unwrap();
    let anchors = Anchors::new(anchors.iter().map(|der| Certificate::parse(der).unwrap())).unwrap();
    let read = RevocationLists::from_der(lists.unwrap_or(&[]).iter().map(Vec::as_slice));
    assert_eq!(read.unreadable(), 0);
    let status = match lists {
        Some(_) => Status::Lists(&read),
        None => Status::NotAsked,
    };
    match find_path(&target, &[&issuers], &anchors, status, inputs) {
        Ok(path) => {
            assert_eq!(path.status_checked(), lists.is_some());
            Ok(Accepted {
                authorities: path.authorities().len(),
                policies: path.policies().to_vec(),
                explanation: path.explanation().clone(),
            })
        }
        Err(refusal) => Err((refusal.reason, refusal.explanation)),
    }
}
