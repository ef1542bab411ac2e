//! The table at the end, and the sum below it.

use std::fmt;
use std::time::Duration;

use super::runner::Count;

/// How the suites ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    rows: Vec<(&'static str, Count, Duration)>,
}

impl Summary {
    /// One more suite.
    pub(super) fn add(&mut self, name: &'static str, count: Count, took: Duration) {
        self.rows.push((name, count, took));
    }

    /// Whether nothing failed.
    pub(super) fn is_good(&self) -> bool {
        self.rows.iter().all(|(_, count, _)| count.failed == 0)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<12} {:<6} {:>7} {:>7} {:>9}",
            "suite", "", "passed", "failed", "seconds"
        )?;
        let mut sum = Count::default();
        for (name, count, took) in &self.rows {
            let verdict = if count.failed == 0 { "ok" } else { "FAILED" };
            writeln!(
                f,
                "{name:<12} {verdict:<6} {:>7} {:>7} {:>9.1}",
                count.passed,
                count.failed,
                took.as_secs_f64()
            )?;
            sum = sum + *count;
        }
        write!(f, "\n{} passed, {} failed", sum.passed, sum.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_sum() {
        let mut summary = Summary::default();
        let second = Duration::from_secs(1);
        summary.add("fmt", Count { passed: 1, failed: 0 }, second);
        assert!(summary.is_good());
        summary.add(
            "unit",
            Count {
                passed: 40,
                failed: 2,
            },
            second,
        );
        assert!(!summary.is_good());
        let text = summary.to_string();
        assert_eq!(text.lines().last(), Some("41 passed, 2 failed"));
        assert!(
            text.contains("unit         FAILED      40       2       1.0"),
            "{text}"
        );
    }
}
