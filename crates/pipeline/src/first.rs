//! `first`: the first element of a list in the list's place.
//!
//! Logstash's usual way, `replace => { "stream" => "%{[stream][0]}" }` under a test for a leading
//! bracket, never sees a list: conditions match texts only. This filter does what it was meant to.

use sawmill_event::{Event, FieldRef, Value};

use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict, parse_field};
use crate::config::FirstConfig;

pub(crate) struct First {
    field: FieldRef,
}

impl First {
    pub(crate) fn build(config: &FirstConfig) -> Result<Self, KeyError> {
        Ok(Self {
            field: parse_field("field", &config.field)?,
        })
    }
}

impl Filter for First {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        let Some(list @ Value::Array(_)) = event.get(&self.field) else {
            return Verdict::Keep;
        };
        let first = &mut scratch.text;
        first.clear();
        list.for_each_element(|element| {
            if first.is_empty() {
                first.push_str(element);
            }
        });
        if first.is_empty() {
            event.remove(&self.field);
        } else {
            // The field was just read, so its path can be written.
            let _ = event.set_json(&self.field, first);
        }
        Verdict::Keep
    }
}
