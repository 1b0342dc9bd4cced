//! What Logstash 9.3.8 did with these patterns and lines, recorded in `fixtures/logstash.json`.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use sawmill_grok::{CaptureMode, Coerce, Flavor, Grok, Library, Match, Options};
use serde_json::{Map, Value};

#[test]
fn captures_are_those_of_logstash() {
    let recorded = include_str!("fixtures/logstash.json");
    let recorded: Vec<Value> = serde_json::from_str(recorded).unwrap();
    assert!(recorded.len() > 40);
    for record in &recorded {
        let compiled = compile(record);
        if let Some(error) = record["error"].as_str() {
            let got = compiled.unwrap_err();
            let name = error
                .trim_start_matches("pattern ")
                .trim_end_matches(" not defined");
            assert!(
                got.contains(name) && got.contains("not defined"),
                "{got} / {error}"
            );
            continue;
        }
        let grok = compiled.unwrap_or_else(|error| panic!("{}: {error}", record["name"]));
        for case in record["cases"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            let got = if record["every_pattern"] == true {
                Some(every_pattern(&grok, text))
            } else {
                first_pattern(&grok, text)
            };
            let got = got.map_or(Value::Null, Value::Object);
            assert_eq!(got, case["fields"], "{} with {text:?}", record["name"]);
        }
    }
}

fn compile(record: &Value) -> Result<Grok, String> {
    let flavor = if record["flavor"] == "legacy" {
        Flavor::Legacy
    } else {
        Flavor::EcsV1
    };
    let mut library = Library::new(flavor);
    for (name, definition) in record["definitions"].as_object().into_iter().flatten() {
        library.define(name, definition.as_str().unwrap());
    }
    let patterns = record["patterns"].as_array().unwrap();
    let patterns: Vec<&str> = patterns
        .iter()
        .map(|pattern| pattern.as_str().unwrap())
        .collect();
    let all = record["all_captures"] == true;
    let captures = if all {
        CaptureMode::All
    } else {
        CaptureMode::Named
    };
    let options = Options {
        captures,
        ..Options::default()
    };
    Grok::compile(&library, &patterns, &options).map_err(|error| error.to_string())
}

fn first_pattern(grok: &Grok, text: &str) -> Option<Map<String, Value>> {
    let mut event = Map::from_iter([("message".to_owned(), text.into())]);
    let mut scratch = grok.scratch();
    let found = grok.find(text, &mut scratch).unwrap()?;
    set_all(&mut event, grok, &found, text);
    Some(without_input(event, text))
}

fn every_pattern(grok: &Grok, text: &str) -> Map<String, Value> {
    let mut event = Map::from_iter([("message".to_owned(), text.into())]);
    let mut scratch = grok.scratch();
    let mut next = 0;
    while let Some(found) = grok.find_from(next, text, &mut scratch).unwrap() {
        next = found.pattern() + 1;
        set_all(&mut event, grok, &found, text);
    }
    without_input(event, text)
}

/// Sets the captures as the grok filter does.
fn set_all(event: &mut Map<String, Value>, grok: &Grok, found: &Match<'_>, text: &str) {
    for (index, range) in found.captures() {
        let capture = &grok.captures()[index];
        let value = range.map_or("", |range| &text[range]);
        if !value.is_empty() && !capture.name.contains("@metadata") {
            let value = match capture.coerce {
                Some(Coerce::Int) => value.parse::<i64>().unwrap().into(),
                Some(Coerce::Float) => value.parse::<f64>().unwrap().into(),
                None => value.into(),
            };
            set(event, &capture.name, value);
        }
    }
}

fn set(event: &mut Map<String, Value>, field: &str, value: Value) {
    let path = field.trim_matches(['[', ']']).split("][");
    let (mut at, path) = (event, path.collect::<Vec<_>>());
    for name in &path[..path.len() - 1] {
        let child = at.entry(*name).or_insert_with(|| Map::new().into());
        at = child.as_object_mut().unwrap();
    }
    match at.get_mut(path[path.len() - 1]) {
        None => _ = at.insert(path[path.len() - 1].to_owned(), value),
        Some(Value::Array(values)) => values.push(value),
        Some(old @ Value::String(_)) => *old = vec![old.clone(), value].into(),
        // Logstash drops it.
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {}
    }
}

fn without_input(mut event: Map<String, Value>, text: &str) -> Map<String, Value> {
    event.retain(|name, value| name != "message" || value != text);
    event
}
