//! `set`: fields to texts, numbers or templates. Replaces `mutate { replace => … }`.

use sawmill_event::Event;

use crate::assign::Assignments;
use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict};
use crate::config::SetConfig;

pub(crate) struct Set {
    assignments: Assignments,
}

impl Set {
    pub(crate) fn build(config: &SetConfig) -> Result<Self, KeyError> {
        Ok(Self {
            assignments: Assignments::build("fields", &config.fields)?,
        })
    }
}

impl Filter for Set {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        self.assignments.apply(event, &mut scratch.text);
        Verdict::Keep
    }
}
