//! `gate`: events that do not meet a condition are acknowledged and dropped.

use sawmill_event::Event;

use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict, parse_condition};
use crate::condition::Condition;
use crate::config::GateConfig;

pub(crate) struct Gate {
    condition: Condition,
}

impl Gate {
    pub(crate) fn build(config: &GateConfig) -> Result<Self, KeyError> {
        Ok(Self {
            condition: parse_condition(&config.condition)?,
        })
    }
}

impl Filter for Gate {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        if self.condition.holds(event, scratch) {
            Verdict::Keep
        } else {
            Verdict::Drop
        }
    }
}
