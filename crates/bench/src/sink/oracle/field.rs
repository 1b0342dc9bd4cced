//! Fields by name, and texts with fields in them.

use serde_json::{Map, Value};

use super::read::OracleError;

/// The way to a field: `message` or `[data_stream][type]`.
#[derive(Clone, Debug)]
pub(super) struct Field {
    steps: Vec<String>,
}

impl Field {
    pub(super) fn parse(text: &str) -> Result<Self, OracleError> {
        let inner = match text.strip_prefix('[') {
            None => text,
            Some(rest) => rest.strip_suffix(']').unwrap_or(""),
        };
        let steps: Vec<String> = inner.split("][").map(str::to_owned).collect();
        let plain = |step: &String| {
            let digits = step.trim_start_matches('-');
            !step.is_empty()
                && !step.contains(['[', ']', ',', '%', '{'])
                && !digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if steps.iter().all(plain) && (text.starts_with('[') || steps.len() == 1) {
            Ok(Self { steps })
        } else {
            Err(OracleError::Field { text: text.into() })
        }
    }

    pub(super) fn get<'e>(&self, event: &'e Map<String, Value>) -> Option<&'e Value> {
        let (first, rest) = self.steps.split_first()?;
        rest.iter().try_fold(event.get(first)?, |value, step| {
            value.as_object()?.get(step)
        })
    }

    /// Sets the field. What stands in the way and is no object gives way to one, from the top.
    pub(super) fn set(&self, event: &mut Map<String, Value>, value: Value) {
        let Some((last, way)) = self.steps.split_last() else {
            return;
        };
        let mut place = event;
        for step in way {
            let below = place.entry(step.clone()).or_insert(Value::Null);
            if !below.is_object() {
                *below = Value::Object(Map::new());
            }
            let Value::Object(below) = below else { return };
            place = below;
        }
        place.insert(last.clone(), value);
    }

    pub(super) fn remove(&self, event: &mut Map<String, Value>) {
        let Some((last, way)) = self.steps.split_last() else {
            return;
        };
        let mut place = event;
        for step in way {
            let Some(Value::Object(below)) = place.get_mut(step) else {
                return;
            };
            place = below;
        }
        place.remove(last);
    }
}

/// A text with `%{field}`s in it.
#[derive(Clone, Debug)]
pub(super) struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Field { field: Field, written: String },
    Plain(String),
}

impl Text {
    pub(super) fn parse(text: &str) -> Result<Self, OracleError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            let end = start + length + 1;
            let written = &rest[start..end];
            parts.push(Part::Plain(rest[..start].to_owned()));
            let name = &written[2..written.len() - 1];
            if name.starts_with('+') {
                return Err(OracleError::Template { text: text.into() });
            }
            parts.push(Part::Field {
                field: Field::parse(name)?,
                written: written.to_owned(),
            });
            rest = &rest[end..];
        }
        parts.push(Part::Plain(rest.to_owned()));
        Ok(Self { parts })
    }

    /// A field that is not there leaves what is written.
    pub(super) fn render(&self, event: &Map<String, Value>) -> String {
        let part = |part: &Part| match part {
            Part::Plain(text) => text.clone(),
            Part::Field { field, written } => match field.get(event) {
                None | Some(Value::Null) => written.clone(),
                Some(value) => text_of(value),
            },
        };
        self.parts.iter().map(part).collect()
    }
}

/// A text as it is, a list joined with commas, all else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(json: &Value) -> Map<String, Value> {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn a_field_is_found_and_set_at_its_place() {
        let mut event = event(&json!({"a": {"b": 1}, "c": "text"}));
        let field = |text| Field::parse(text).unwrap();
        assert_eq!(field("[a][b]").get(&event), Some(&json!(1)));
        assert_eq!(field("a").get(&event), Some(&json!({"b": 1})));
        assert_eq!(field("[c][d]").get(&event), None);
        field("[a][x][y]").set(&mut event, json!(2));
        field("[c][d]").set(&mut event, json!(3));
        field("[a][b]").remove(&mut event);
        assert_eq!(
            Value::Object(event),
            json!({"a": {"x": {"y": 2}}, "c": {"d": 3}})
        );
    }

    #[test]
    fn forms_of_a_field_that_are_not_followed_are_refused() {
        for bad in ["", "[a", "a][b", "[a]b", "[a][0]", "[]", "[a][]", "%{x}"] {
            assert!(Field::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_takes_in_fields_and_keeps_what_it_does_not_find() {
        let event = event(&json!({"s": "x", "n": 5, "l": ["a", 1]}));
        for (text, want) in [
            ("plain", "plain"),
            ("<%{s}-%{[n]}-%{l}>", "<x-5-a,1>"),
            ("%{[no][such]}", "%{[no][such]}"),
            ("%{open", "%{open"),
        ] {
            assert_eq!(Text::parse(text).unwrap().render(&event), want);
        }
        assert!(Text::parse("%{+yyyy}").is_err());
    }
}
