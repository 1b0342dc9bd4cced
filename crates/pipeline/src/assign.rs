//! Fields and the values to set them to, shared by the filters that set fields.

use std::collections::BTreeMap;

use sawmill_event::{Constant, Event, FieldRef, SetError, Template, escape_into};

use crate::build::KeyError;
use crate::chain::parse_field;
use crate::config::Literal;

/// Fields and their new values, in the order in which they are set.
pub(crate) struct Assignments(Vec<Step>);

/// Fields that are set together.
enum Step {
    One(Assignment),
    /// Members of one object. Where the event has none of that name, it is written in one piece.
    Object {
        parent: FieldRef,
        object: Object,
        members: Vec<Assignment>,
    },
}

/// A whole object.
enum Object {
    Constant(Constant),
    /// Texts, and behind each but the last the string that a template gives.
    Filled(Vec<(Box<str>, Option<Template>)>),
}

/// One field and its new value.
struct Assignment {
    field: FieldRef,
    value: Assigned,
}

enum Assigned {
    /// A value that is the same for all events.
    Constant(Constant),
    Template(Template),
}

impl Assignments {
    /// Builds the assignments written under `key`.
    pub(crate) fn build(key: &str, fields: &BTreeMap<String, Literal>) -> Result<Self, KeyError> {
        let all = fields
            .iter()
            .map(|(field, value)| Assignment::new(&format!("{key}.{field}"), field, value));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        Ok(Self(steps(all)))
    }

    /// Sets the fields.
    #[inline]
    pub(crate) fn apply(&self, event: &mut Event<'_>, buffer: &mut String) {
        for step in &self.0 {
            match step {
                Step::One(assignment) => assignment.apply(event),
                Step::Object {
                    parent,
                    object,
                    members,
                } => {
                    if event.get(parent).is_some() || object.set(parent, event, buffer).is_err() {
                        for member in members {
                            member.apply(event);
                        }
                    }
                }
            }
        }
    }
}

/// Puts neighbours that are members of one object together.
fn steps(all: Vec<Assignment>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for assignment in all {
        let Some((parent, _)) = assignment.field.parent() else {
            steps.push(Step::One(assignment));
            continue;
        };
        match steps.last_mut() {
            Some(Step::Object {
                parent: same,
                members,
                ..
            }) if *same == parent => members.push(assignment),
            _ => steps.push(Step::Object {
                parent,
                object: Object::Filled(Vec::new()),
                members: vec![assignment],
            }),
        }
    }
    steps.into_iter().flat_map(with_object).collect()
}

/// Writes the object of a step, unless one of its values depends on another.
fn with_object(step: Step) -> Vec<Step> {
    match step {
        Step::Object {
            parent, members, ..
        } => match Object::of(&parent, &members) {
            Some(object) => vec![Step::Object {
                parent,
                object,
                members,
            }],
            None => members.into_iter().map(Step::One).collect(),
        },
        step @ Step::One(_) => vec![step],
    }
}

impl Object {
    fn of(parent: &FieldRef, members: &[Assignment]) -> Option<Self> {
        let mut filled = Vec::new();
        let mut text = String::new();
        for (at, Assignment { field, value }) in members.iter().enumerate() {
            let (_, quoted) = field.parent()?;
            text.push(if at == 0 { '{' } else { ',' });
            text.extend([quoted, ":"]);
            match value {
                Assigned::Constant(constant) => text.push_str(constant.json()),
                Assigned::Template(template) if template.depends_on(parent) => return None,
                Assigned::Template(template) => {
                    filled.push((
                        std::mem::take(&mut text).into_boxed_str(),
                        Some(template.clone()),
                    ));
                }
            }
        }
        text.push('}');
        if filled.is_empty() {
            return Some(Self::Constant(Constant::new(&text)));
        }
        filled.push((text.into(), None));
        Some(Self::Filled(filled))
    }

    #[inline]
    fn set(
        &self,
        parent: &FieldRef,
        event: &mut Event<'_>,
        buffer: &mut String,
    ) -> Result<(), SetError> {
        match self {
            Self::Constant(constant) => event.set_constant(parent, constant),
            Self::Filled(pieces) => {
                buffer.clear();
                for (text, template) in pieces {
                    buffer.push_str(text);
                    if let Some(template) = template {
                        template.render_json(event, buffer);
                    }
                }
                event.set_json(parent, buffer)
            }
        }
    }
}

impl Assignment {
    fn new(key: &str, field: &str, value: &Literal) -> Result<Self, KeyError> {
        let value = match value {
            Literal::Bool(truth) => constant(&truth.to_string()),
            Literal::Float(number) if !number.is_finite() => {
                return Err(KeyError::new(
                    key,
                    "JSON has no infinite numbers and no NaN",
                ));
            }
            Literal::Float(number) => constant(&format!("{number:?}")),
            Literal::Integer(number) => constant(&number.to_string()),
            Literal::Text(text) if text.contains("%{") => Assigned::Template(
                Template::parse(text).map_err(|error| KeyError::new(key, error))?,
            ),
            Literal::Text(text) => {
                let mut json = String::from('"');
                escape_into(text, &mut json);
                json.push('"');
                constant(&json)
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
    fn apply(&self, event: &mut Event<'_>) {
        if self.set(event).is_err() {
            event.remove_top(&self.field);
            let _ = self.set(event);
        }
    }

    #[inline]
    fn set(&self, event: &mut Event<'_>) -> Result<(), SetError> {
        match &self.value {
            Assigned::Constant(constant) => event.set_constant(&self.field, constant),
            Assigned::Template(template) => template.set(event, &self.field),
        }
    }
}

fn constant(json: &str) -> Assigned {
    Assigned::Constant(Constant::new(json))
}
