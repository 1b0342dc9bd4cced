//! `grok`: a text taken apart by patterns. Follows Logstash's grok filter.
//!
//! A list is matched element by element, a number or boolean by its text, a missing field as an
//! empty text. Empty captures set nothing. A capture whose field is there already is added to
//! it, which makes a list, unless the field is named in `overwrite`.

use std::sync::Arc;

use sawmill_event::{Event, FieldRef, SetError, Span, Value, unescape_into};
use sawmill_grok::{Coerce, Flavor, Library, Options, Timeout};

use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict, parse_field, tag};
use crate::config::{GrokConfig, LibraryConfig};

pub(crate) struct Grok {
    field: FieldRef,
    patterns: Arc<sawmill_grok::Grok>,
    /// What to do with each capture of the patterns.
    captures: Vec<Capture>,
    slot: usize,
    tags_on_failure: Vec<String>,
    tags_on_timeout: Vec<String>,
    tags_field: FieldRef,
}

struct Capture {
    field: FieldRef,
    coerce: Option<Coerce>,
    when_there: WhenThere,
}

/// What happens to a capture whose field is there already.
#[derive(Clone, Copy)]
enum WhenThere {
    Add,
    Replace,
}

impl Grok {
    /// Builds the filter; `slot` is its place among the grok filters of the chain.
    pub(crate) fn build(config: &GrokConfig, slot: usize) -> Result<Self, KeyError> {
        if config.patterns.is_empty() {
            return Err(KeyError::new("patterns", "name at least one pattern"));
        }
        let library = library(config)?;
        for (at, pattern) in config.patterns.iter().enumerate() {
            sawmill_grok::Grok::compile(&library, &[pattern], &Options::default())
                .map_err(|error| KeyError::new(format!("patterns.{at}"), error))?;
        }
        let patterns = sawmill_grok::Grok::compile(&library, &config.patterns, &Options::default())
            .map_err(|error| KeyError::new("patterns", error))?;
        let captures = patterns
            .captures()
            .iter()
            .map(|capture| {
                Ok(Capture {
                    field: parse_field("patterns", &capture.name)?,
                    coerce: capture.coerce,
                    when_there: if config.overwrite.contains(&capture.name) {
                        WhenThere::Replace
                    } else {
                        WhenThere::Add
                    },
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            field: parse_field("field", &config.field)?,
            patterns: Arc::new(patterns),
            captures,
            slot,
            tags_on_failure: config.tag_on_failure.clone(),
            tags_on_timeout: config.tag_on_timeout.clone(),
            tags_field: parse_field("tags", "tags")?,
        })
    }

    pub(crate) fn patterns(&self) -> Arc<sawmill_grok::Grok> {
        Arc::clone(&self.patterns)
    }

    /// Matches the string whose content stands at `span`, and sets what it captures.
    #[inline]
    fn match_string(
        &self,
        span: Span,
        event: &mut Event<'_>,
        buffer: &mut String,
        matcher: &mut sawmill_grok::Scratch,
    ) -> Result<bool, Timeout> {
        let text = event.str(span);
        let found = match text.plain() {
            Some(text) => match self.patterns.find(text, matcher)? {
                Some(found) => found,
                None => return Ok(false),
            },
            None => {
                let (escaped, plain_bytes) = (text.escaped(), text.plain_bytes());
                match self.patterns.find_escaped(escaped, plain_bytes, matcher) {
                    Some(found) => found,
                    None => {
                        buffer.clear();
                        unescape_into(escaped, buffer);
                        return self.match_text(buffer, event, matcher);
                    }
                }
            }
        };
        for (capture, range) in found.captures() {
            if let Some(range) = range.filter(|range| !range.is_empty()) {
                self.captures[capture].set(event, span.part(range.start, range.end));
            }
        }
        Ok(true)
    }

    /// Matches a text that is no part of the event's own.
    fn match_text(
        &self,
        text: &str,
        event: &mut Event<'_>,
        matcher: &mut sawmill_grok::Scratch,
    ) -> Result<bool, Timeout> {
        let Some(found) = self.patterns.find(text, matcher)? else {
            return Ok(false);
        };
        for (capture, range) in found.captures() {
            if let Some(range) = range.filter(|range| !range.is_empty()) {
                let span = event.keep(&text[range]);
                self.captures[capture].set(event, span);
            }
        }
        Ok(true)
    }

    /// Matches the elements of a list, and sets what they capture together: one by one, each
    /// capture would write the list of all before it again.
    fn match_elements(
        &self,
        elements: &[String],
        event: &mut Event<'_>,
        matcher: &mut sawmill_grok::Scratch,
    ) -> Result<bool, Timeout> {
        if let [element] = elements {
            return self.match_text(element, event, matcher);
        }
        let mut any = false;
        let mut captured = vec![Vec::new(); self.captures.len()];
        for element in elements {
            let Some(found) = self.patterns.find(element, matcher)? else {
                continue;
            };
            any = true;
            for (capture, range) in found.captures() {
                if let Some(range) = range.filter(|range| !range.is_empty()) {
                    captured[capture].push(event.keep(&element[range]));
                }
            }
        }
        for (capture, spans) in self.captures.iter().zip(captured) {
            match spans[..] {
                [] => {}
                [span] => capture.set(event, span),
                [.., last] if matches!(capture.when_there, WhenThere::Replace) => {
                    capture.set(event, last);
                }
                _ => capture.add_all(event, &spans),
            }
        }
        Ok(any)
    }
}

impl Filter for Grok {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        let Scratch {
            text: buffer, grok, ..
        } = scratch;
        let matcher = &mut grok[self.slot];
        let outcome = match event.string_span(&self.field) {
            Some(span) => self.match_string(span, event, buffer, matcher),
            None => self.match_elements(&texts_of(event, &self.field), event, matcher),
        };
        let tags = match outcome {
            Ok(true) => return Verdict::Keep,
            Ok(false) => &self.tags_on_failure,
            Err(_) => &self.tags_on_timeout,
        };
        tag(event, &self.tags_field, tags);
        Verdict::Keep
    }
}

impl Capture {
    #[inline]
    fn set(&self, event: &mut Event<'_>, span: Span) {
        if self.try_set(event, span).is_err() {
            // A text stands where the path needs an object. Grok in Logstash fails the event
            // there; the capture is worth more than that.
            event.remove_top(&self.field);
            let _ = self.try_set(event, span);
        }
    }

    #[inline]
    fn try_set(&self, event: &mut Event<'_>, span: Span) -> Result<(), SetError> {
        match (self.coerce, self.when_there) {
            (None, WhenThere::Replace) => event.set_span(&self.field, span),
            (None, WhenThere::Add) => event.append(&self.field, span),
            (Some(coerce), when_there) => self.set_number(event, span, coerce, when_there),
        }
    }

    fn add_all(&self, event: &mut Event<'_>, spans: &[Span]) {
        if event.append_all(&self.field, spans).is_err() {
            event.remove_top(&self.field);
            let _ = event.append_all(&self.field, spans);
        }
    }

    fn set_number(
        &self,
        event: &mut Event<'_>,
        span: Span,
        coerce: Coerce,
        when_there: WhenThere,
    ) -> Result<(), SetError> {
        let there = !matches!(event.get(&self.field), None | Some(Value::Null));
        match (there, when_there) {
            (true, WhenThere::Add) => event.append(&self.field, span),
            (true, WhenThere::Replace) | (false, _) => {
                let number = number(event.str(span).escaped(), coerce);
                event.set_json(&self.field, &number)
            }
        }
    }
}

/// The leading number of a text, 0 when there is none: Ruby's `to_i` and `to_f`.
fn number(text: &str, coerce: Coerce) -> String {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let text = text.trim_start().trim_start_matches('+');
    let sign = usize::from(text.starts_with('-'));
    let whole = sign + digits(&text[sign..]);
    match coerce {
        Coerce::Int => {
            let digits = text[sign..whole].trim_start_matches('0');
            match digits {
                "" => "0".to_owned(),
                digits => format!("{}{digits}", &text[..sign]),
            }
        }
        Coerce::Float => {
            let fraction = text[whole..].strip_prefix('.').map_or(0, digits);
            let end = if fraction > 0 {
                whole + 1 + fraction
            } else {
                whole
            };
            let exponent = text[end..].strip_prefix(['e', 'E']).map_or(0, |exponent| {
                let sign = usize::from(exponent.starts_with(['+', '-']));
                match digits(&exponent[sign..]) {
                    0 => 0,
                    digits => 1 + sign + digits,
                }
            });
            let number: f64 = text[..end + exponent].parse().unwrap_or(0.0);
            if number.is_finite() {
                format!("{number:?}")
            } else {
                "0.0".to_owned()
            }
        }
    }
}

/// The texts to match where the field is no string.
fn texts_of(event: &Event<'_>, field: &FieldRef) -> Vec<String> {
    let mut texts = Vec::new();
    match event.get(field) {
        None | Some(Value::Null) => texts.push(String::new()),
        Some(list @ Value::Array(_)) => list.for_each_element(|element| {
            texts.push(match Value::of(element) {
                Value::String(text) => text.text(&mut String::new()).to_owned(),
                _ => element.to_owned(),
            });
        }),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::String(_)) => {
            let mut json = Vec::new();
            event.write_json(field, &mut json);
            texts.push(String::from_utf8_lossy(&json).into_owned());
        }
    }
    texts
}

fn library(config: &GrokConfig) -> Result<Library, KeyError> {
    let mut library = Library::new(match config.library {
        LibraryConfig::EcsV1 => Flavor::EcsV1,
        LibraryConfig::Legacy => Flavor::Legacy,
    });
    for (at, path) in config.patterns_dir.iter().enumerate() {
        let loaded = if path.is_dir() {
            library.load_dir(path, "*")
        } else {
            library.load_file(path)
        };
        loaded.map_err(|error| KeyError::new(format!("patterns_dir.{at}"), error))?;
    }
    for (name, definition) in &config.definitions {
        library.define(name, definition);
    }
    Ok(library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_numbers_are_read_as_ruby_reads_them() {
        for (text, int, float) in [
            ("12", "12", "12.0"),
            ("-07", "-7", "-7.0"),
            ("+5", "5", "5.0"),
            ("12abc", "12", "12.0"),
            ("abc", "0", "0.0"),
            ("1.50", "1", "1.5"),
            ("1e3", "1", "1000.0"),
            ("0x1A", "0", "0.0"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
                "1.2345678901234568e29",
            ),
        ] {
            assert_eq!(number(text, Coerce::Int), int, "{text}");
            assert_eq!(number(text, Coerce::Float), float, "{text}");
        }
    }
}
