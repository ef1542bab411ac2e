//! subjectAltName holds the 基本4情報: six values, each once, each in its form.

use crate::check::{Proven, Seen};
use crate::four_items::FourItems;
use crate::reason::{ProfileDefect, Reason};

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    FourItems::of(proven.certificate())
        .map(|_| None)
        .map_err(|defect| Reason::MalformedProfile(ProfileDefect::FourItems(defect)))
}
