//! Templates: text with `%{field}`, `%{[nested][field]}` and `%{+date pattern}` in it.

use jiff::Timestamp;

use crate::error::{SetError, TemplateError};
use crate::event::Event;
use crate::field::FieldRef;
use crate::joda::Pattern;
use crate::text::{escape_into, unescape_into};
use crate::value::Value;

/// A parsed template.
///
/// As in Logstash a list is joined with commas, an object becomes its JSON text, and a missing
/// field leaves the placeholder as it is written, which users test for.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Box<[Part]>,
    timestamp: FieldRef,
}

#[derive(Clone, Debug)]
enum Part {
    Date {
        pattern: DatePattern,
        written: Box<str>,
    },
    Field {
        field: FieldRef,
        written: Box<str>,
    },
    Text(Box<str>),
}

#[derive(Clone, Debug)]
enum DatePattern {
    /// `%{+%s}`: seconds since 1970.
    EpochSeconds,
    Joda(Pattern),
}

impl Template {
    /// Parses a template. A `%{` that is not closed is text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, inner, after)) = next_placeholder(rest) {
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            let written = format!("%{{{inner}}}").into();
            parts.push(match inner.strip_prefix('+') {
                Some(pattern) => Part::Date {
                    pattern: DatePattern::parse(pattern)?,
                    written,
                },
                None => Part::Field {
                    field: FieldRef::parse(inner)?,
                    written,
                },
            });
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self {
            parts: parts.into(),
            timestamp: FieldRef::parse("@timestamp")?,
        })
    }

    /// Sets `field` to what the template gives for this event.
    #[inline]
    pub fn set(&self, event: &mut Event<'_>, field: &FieldRef) -> Result<(), SetError> {
        match &*self.parts {
            [Part::Text(text)] => event.set_string(field, text),
            [Part::Field { field: from, .. }] if let Some(span) = event.string_span(from) => {
                event.set_span(field, span)
            }
            _ => {
                let mut out = String::new();
                self.render(event, &mut out);
                event.set_string(field, &out)
            }
        }
    }

    /// Appends what the template gives for this event to `out`, as a JSON string.
    pub fn render_json(&self, event: &Event<'_>, out: &mut String) {
        out.push('"');
        match &*self.parts {
            [Part::Text(text)] => escape_into(text, out),
            [Part::Field { field: from, .. }] if let Some(span) = event.string_span(from) => {
                out.push_str(event.str(span).escaped());
            }
            _ => {
                let mut plain = String::new();
                self.render(event, &mut plain);
                escape_into(&plain, out);
            }
        }
        out.push('"');
    }

    /// Whether what the template gives depends on something within the member that `field` leads through.
    pub fn depends_on(&self, field: &FieldRef) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Date { .. } => self.timestamp.slot == field.slot,
            Part::Field { field: from, .. } => from.slot == field.slot,
            Part::Text(_) => false,
        })
    }

    /// Appends what the template gives for this event to `out`.
    pub fn render(&self, event: &Event<'_>, out: &mut String) {
        for part in &self.parts {
            let written = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Date { written, .. } | Part::Field { written, .. } => written,
            };
            let found = match part {
                Part::Date { pattern, .. } => self.render_date(pattern, event, out),
                Part::Field { field, .. } => render_field(field, event, out),
                Part::Text(_) => Some(()),
            };
            if found.is_none() {
                out.push_str(written);
            }
        }
    }

    fn render_date(
        &self,
        pattern: &DatePattern,
        event: &Event<'_>,
        out: &mut String,
    ) -> Option<()> {
        let Value::String(text) = event.get(&self.timestamp)? else {
            return None;
        };
        let time: Timestamp = text.plain()?.parse().ok()?;
        match pattern {
            DatePattern::EpochSeconds => out.push_str(&time.as_second().to_string()),
            DatePattern::Joda(pattern) => pattern.format(time, out),
        }
        Some(())
    }
}

impl DatePattern {
    fn parse(pattern: &str) -> Result<Self, TemplateError> {
        if pattern == "%s" {
            return Ok(Self::EpochSeconds);
        }
        Pattern::new(pattern)
            .map(Self::Joda)
            .map_err(|reason| TemplateError::DatePattern {
                pattern: pattern.to_owned(),
                reason,
            })
    }
}

/// The text before the next `%{…}`, what stands inside, and the text after it. It closes at the
/// first `}`: there is no nesting.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("%{")?;
    let (inner, after) = rest.split_once('}')?;
    Some((before, inner, after))
}

fn render_field(field: &FieldRef, event: &Event<'_>, out: &mut String) -> Option<()> {
    match event.get(field)? {
        Value::Null => return None,
        Value::Object(None) => {
            let mut json = Vec::new();
            event.write_json(field, &mut json);
            out.push_str(&String::from_utf8_lossy(&json));
        }
        other => render_value(other, out),
    }
    Some(())
}

fn render_value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Array(_) => {
            let mut first = true;
            value.for_each_element(|element| {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                render_value(Value::of(element), out);
            });
        }
        Value::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
        Value::Null | Value::Object(None) => {}
        Value::Number(text) | Value::Object(Some(text)) => out.push_str(text),
        Value::String(text) => unescape_into(text.escaped(), out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{Limits, Tables};

    const EVENT: &str = r#"{"@timestamp":"2025-02-02T12:34:56.789Z","service":"dj\u00e4ngo",
        "n":1.50,"l":["a",["b",2],null],"o":{"x":1},"e":"","null":null,"t":true}"#;

    fn render(template: &str) -> String {
        let mut bytes = EVENT.as_bytes().to_vec();
        let mut tables = Tables::default();
        let mut event = Event::parse(&mut bytes, &mut tables, &Limits::default()).unwrap();
        let mut out = String::new();
        let template = Template::parse(template).unwrap();
        template.render(&event, &mut out);
        // Setting gives the same as rendering.
        let field = FieldRef::parse("set").unwrap();
        template.set(&mut event, &field).unwrap();
        let Some(Value::String(set)) = event.get(&field) else {
            panic!("set")
        };
        assert_eq!(set.text(&mut String::new()), out);
        out
    }

    #[test]
    fn placeholders_are_filled_as_logstash_fills_them() {
        for (template, want) in [
            ("", ""),
            ("logs", "logs"),
            ("%{service}", "djängo"),
            ("%{[service]}-%{n}!", "djängo-1.50!"),
            ("%{l}", "a,b,2,"),
            ("%{o} %{[o][x]}", r#"{"x":1} 1"#),
            ("%{t}%{e}", "true"),
            ("%{missing} %{null}", "%{missing} %{null}"),
            ("%{+yyyy.MM.dd}", "2025.02.02"),
            ("%{+%s}", "1738499696"),
            ("100% %{", "100% %{"),
        ] {
            assert_eq!(render(template), want, "{template}");
        }
    }

    #[test]
    fn bad_placeholders_are_refused() {
        for (template, want) in [
            ("%{a[b]}", "in `%{…}`: `a[b]` is not a field reference"),
            ("%{}", "in `%{…}`: `` is not a field reference"),
            (
                "%{+yyyy-QQ}",
                "`%{+yyyy-QQ}`: the pattern letter `Q` is not supported",
            ),
        ] {
            let error = Template::parse(template).unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
        }
    }
}
