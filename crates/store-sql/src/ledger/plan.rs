//! A batch as the statements that carry it out, for any dialect.
//!
//! A plan is a list of steps in the port's order. Each says what must come of it: a row found, none found, a row
//! changed, or anything. The first step that disappoints names the conflict, and the batch is undone. No step needs the
//! answer of an earlier one, so a backend may run them one by one (SQLite) or send all of them at once and look at the
//! answers afterwards (PostgreSQL). After a disappointment the answers of later steps mean nothing.

use audit::Event;
use store::{Batch, Conflict};

use super::{check, statements as sql, write};
use crate::columns::{Value, values};
use crate::trouble::Trouble;

/// What must come of a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Demand {
    /// Whatever happens is right.
    Nothing,
    /// At least one row is found, or changed.
    Some(Conflict),
    /// No row is found.
    None(Conflict),
}

/// One statement of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Step<'b> {
    pub(crate) text: &'static str,
    pub(crate) values: Vec<Value<'b>>,
    /// Whether the statement reads rows rather than changing them.
    pub(crate) reads: bool,
    pub(crate) demand: Demand,
}

impl Step<'_> {
    /// The conflict, if that many rows were found or changed.
    pub(crate) fn judge(self, rows: u64) -> Result<(), Conflict> {
        match self.demand {
            Demand::Some(conflict) if rows == 0 => Err(conflict),
            Demand::None(conflict) if rows > 0 => Err(conflict),
            Demand::Nothing | Demand::Some(_) | Demand::None(_) => Ok(()),
        }
    }
}

/// The statements of a batch, but for its place in the audit log.
#[derive(Debug, Default)]
pub(crate) struct Plan<'b> {
    pub(crate) steps: Vec<Step<'b>>,
    /// What an earlier step has found: the question, and the identifier.
    found: Vec<(&'static str, &'b str)>,
}

impl<'b> Plan<'b> {
    /// Plans a batch. Fails when a value cannot be written at all.
    pub(crate) fn of(batch: &'b Batch) -> Result<Self, Trouble> {
        let mut plan = Self::default();
        for precondition in &batch.preconditions {
            check::plan(&mut plan, precondition)?;
        }
        for order in &batch.writes {
            write::plan(&mut plan, order)?;
        }
        Ok(plan)
    }

    /// No event may carry a reference that the log knows.
    pub(crate) fn references_are_new(&mut self, events: &'b [Event]) {
        for reference in events.iter().filter_map(|event| event.reference.as_ref()) {
            let known = Conflict::Duplicate("reference");
            self.must_not_find(sql::REFERENCE_IS_KNOWN, values![reference.as_str()], known);
        }
    }

    /// Housekeeping of a dialect beside a purge.
    pub(crate) fn forget(&mut self, text: &'static str) {
        self.change(text, Vec::new());
    }

    /// A precondition has found this row: whoever names it need not ask again, since nothing between takes rows away but a purge.
    pub(super) fn finds(&mut self, text: &'static str, id: &'b str) {
        self.found.push((text, id));
    }

    /// Whether an earlier step has found it.
    pub(super) fn has_found(&self, text: &'static str, id: &str) -> bool {
        self.found
            .iter()
            .any(|(known, found)| *known == text && *found == id)
    }

    /// A purge takes rows away.
    pub(super) fn trust_nothing_found(&mut self) {
        self.found.clear();
    }

    /// A row must be found.
    pub(super) fn must_find(&mut self, text: &'static str, values: Vec<Value<'b>>, or: Conflict) {
        self.step(text, values, true, Demand::Some(or));
    }

    /// No row may be found.
    pub(super) fn must_not_find(&mut self, text: &'static str, values: Vec<Value<'b>>, or: Conflict) {
        self.step(text, values, true, Demand::None(or));
    }

    /// A row must be changed.
    pub(super) fn must_change(&mut self, text: &'static str, values: Vec<Value<'b>>, or: Conflict) {
        self.step(text, values, false, Demand::Some(or));
    }

    /// Rows are changed, or none.
    pub(super) fn change(&mut self, text: &'static str, values: Vec<Value<'b>>) {
        self.step(text, values, false, Demand::Nothing);
    }

    /// The batch loses here, whatever is stored.
    pub(super) fn refuse(&mut self, conflict: Conflict) {
        self.step(sql::NO_ROW, Vec::new(), true, Demand::Some(conflict));
    }

    fn step(&mut self, text: &'static str, values: Vec<Value<'b>>, reads: bool, demand: Demand) {
        self.steps.push(Step {
            text,
            values,
            reads,
            demand,
        });
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use store::conformance::sample;
    use store::{Precondition, Write};

    use super::*;

    fn asks_for(batch: &Batch, text: &str) -> usize {
        let plan = Plan::of(batch).unwrap();
        plan.steps.iter().filter(|step| step.text == text).count()
    }

    /// What a precondition found is not asked for again, unless a purge came between or it is another one's.
    #[test]
    fn a_row_that_a_precondition_found_is_found() {
        let (account, other) = (sample::account(), sample::account());
        let credential = sample::credential(&account.id);
        let insert = Write::InsertCredential(credential);
        let required = |id| Batch::new().require(Precondition::AccountActive(id));
        let asked = |batch: Batch| asks_for(&batch, sql::ACCOUNT_EXISTS);
        assert_eq!(asked(Batch::new().write(insert.clone())), 1);
        assert_eq!(asked(required(account.id.clone()).write(insert.clone())), 0);
        assert_eq!(asked(required(other.id).write(insert.clone())), 1);
        let purge = Write::Purge {
            before: Timestamp::from_seconds(0),
        };
        assert_eq!(asked(required(account.id).write(purge).write(insert)), 1);
    }
}
