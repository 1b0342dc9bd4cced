//! `set`: fields to texts, numbers or templates. Replaces `mutate { replace => … }`.

use sawmill_event::Event;

use crate::assign::Assignment;
use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict};
use crate::config::SetConfig;

pub(crate) struct Set {
    assignments: Vec<Assignment>,
}

impl Set {
    pub(crate) fn build(config: &SetConfig) -> Result<Self, KeyError> {
        Ok(Self {
            assignments: Assignment::build("fields", &config.fields)?,
        })
    }
}

impl Filter for Set {
    fn apply(&self, event: &mut Event<'_>, _: &mut Scratch) -> Verdict {
        for assignment in &self.assignments {
            assignment.apply(event);
        }
        Verdict::Keep
    }
}
