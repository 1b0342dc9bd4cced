//! Fields and the values to set them to, shared by the filters that set fields.

use std::collections::BTreeMap;

use sawmill_event::{Event, FieldRef, Template, escape_into};

use crate::build::KeyError;
use crate::chain::parse_field;
use crate::config::Literal;

/// One field and its new value.
pub(crate) struct Assignment {
    field: FieldRef,
    value: Assigned,
}

enum Assigned {
    /// A value that is the same for all events, as JSON.
    Json(Box<str>),
    Template(Template),
}

impl Assignment {
    /// Builds the assignments written under `key`.
    pub(crate) fn build(
        key: &str,
        fields: &BTreeMap<String, Literal>,
    ) -> Result<Vec<Self>, KeyError> {
        fields
            .iter()
            .map(|(field, value)| Self::new(&format!("{key}.{field}"), field, value))
            .collect()
    }

    fn new(key: &str, field: &str, value: &Literal) -> Result<Self, KeyError> {
        let value = match value {
            Literal::Bool(truth) => Assigned::Json(truth.to_string().into()),
            Literal::Float(number) if !number.is_finite() => {
                return Err(KeyError::new(
                    key,
                    "JSON has no infinite numbers and no NaN",
                ));
            }
            Literal::Float(number) => Assigned::Json(format!("{number:?}").into()),
            Literal::Integer(number) => Assigned::Json(number.to_string().into()),
            Literal::Text(text) if text.contains("%{") => Assigned::Template(
                Template::parse(text).map_err(|error| KeyError::new(key, error))?,
            ),
            Literal::Text(text) => {
                let mut json = String::from('"');
                escape_into(text, &mut json);
                json.push('"');
                Assigned::Json(json.into())
            }
        };
        Ok(Self {
            field: parse_field(key, field)?,
            value,
        })
    }

    /// Sets the field. Where that cannot be (below a text or inside a list) it is replaced from
    /// the top, so that what the pipeline says holds for every event.
    #[inline]
    pub(crate) fn apply(&self, event: &mut Event<'_>) {
        if self.set(event).is_err() {
            event.remove_top(&self.field);
            let _ = self.set(event);
        }
    }

    #[inline]
    fn set(&self, event: &mut Event<'_>) -> Result<(), sawmill_event::SetError> {
        match &self.value {
            Assigned::Json(json) => event.set_json(&self.field, json),
            Assigned::Template(template) => template.set(event, &self.field),
        }
    }
}
