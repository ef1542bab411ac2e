//! Which test programs a suite consists of, read from what cargo knows: nothing is listed twice.

use crate::error::XtaskError;
use crate::repository::Workspace;

use super::SuiteName;

/// Features that are not on by themselves but belong to what is judged. One list for all commands, so that cargo builds
/// everything once.
pub(super) const FEATURES: &str = "gap-sp-sdk/web,gap-store/conformance,gap-xtask/bench,gap-xtask/demo";

const BLACK_BOX: &str = "gap-conformance-tests";

/// Suites of the black box whose test files are named by a prefix; what has none of these is `conformance`.
const PREFIXED: &[(SuiteName, &str)] = &[
    (SuiteName::Door, "door"),
    (SuiteName::RealSp, "real_sp"),
    (SuiteName::Browser, "browser"),
];

/// Test programs of the workspace.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    rooms: Vec<String>,
    black_box: Vec<String>,
}

impl Selection {
    /// Reads them.
    pub(super) fn of(workspace: &Workspace) -> Self {
        let named = |is_black_box: bool| {
            let mut names: Vec<String> = workspace
                .packages
                .iter()
                .filter(|member| (member.name == BLACK_BOX) == is_black_box)
                .flat_map(|member| &member.targets)
                .filter(|target| target.kind.iter().any(|kind| kind == "test"))
                .map(|target| target.name.clone())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        Self {
            rooms: named(false),
            black_box: named(true),
        }
    }

    /// Arguments for every test but those of the black box.
    pub(super) fn rooms(&self) -> Vec<String> {
        let mut arguments = ["--lib", "--bins", "--examples"].map(str::to_owned).to_vec();
        arguments.extend(by_name(self.rooms.iter()));
        arguments
    }

    /// Arguments for a suite of the black box.
    pub(super) fn black_box(&self, suite: SuiteName) -> Result<Vec<String>, XtaskError> {
        let chosen: Vec<&String> = self
            .black_box
            .iter()
            .filter(|name| suite_of(name) == suite)
            .collect();
        if chosen.is_empty() {
            let prefix = PREFIXED
                .iter()
                .find(|(prefixed, _)| *prefixed == suite)
                .map_or_else(
                    || "otherwise than the other suites".to_owned(),
                    |(_, prefix)| format!("{prefix}…"),
                );
            return Err(XtaskError::NoTests {
                suite: suite.as_str(),
                prefix,
            });
        }
        Ok(by_name(chosen.into_iter()))
    }
}

fn by_name<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    names
        .flat_map(|name| ["--test".to_owned(), name.clone()])
        .collect()
}

fn suite_of(test: &str) -> SuiteName {
    PREFIXED
        .iter()
        .find(|(_, prefix)| test.starts_with(prefix))
        .map_or(SuiteName::Conformance, |(suite, _)| *suite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Repository;

    fn selection() -> Selection {
        Selection {
            rooms: vec!["crl".to_owned()],
            black_box: ["attacks", "door_tls", "real_sp"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn each_test_file_is_in_one_suite() {
        let of = |suite| selection().black_box(suite).unwrap().join(" ");
        assert_eq!(of(SuiteName::Conformance), "--test attacks");
        assert_eq!(of(SuiteName::Door), "--test door_tls");
        assert_eq!(of(SuiteName::RealSp), "--test real_sp");
        assert!(selection().rooms().join(" ").ends_with("--examples --test crl"));
    }

    #[test]
    fn a_suite_without_tests_is_an_error_and_no_success() {
        let error = selection().black_box(SuiteName::Browser).unwrap_err();
        assert!(
            matches!(error, XtaskError::NoTests { suite: "browser", .. }),
            "{error}"
        );
    }

    /// `--test NAME` chooses by name in the whole workspace, so one name in a room and in the black box would run in both.
    #[test]
    fn no_test_file_of_the_black_box_is_named_as_one_of_a_room() {
        let selection = Selection::of(&Repository::find().unwrap().workspace().unwrap());
        for name in &selection.black_box {
            assert!(!selection.rooms.contains(name), "{name} is a test of a room too");
        }
        assert!(
            selection.black_box.contains(&"sign_in".to_owned()),
            "{selection:?}"
        );
    }
}
