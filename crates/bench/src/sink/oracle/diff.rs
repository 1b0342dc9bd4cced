//! What is not the same in two trees, in words.

use serde_json::Value;

/// As much of a value as is shown.
const SHOWN_CHARS_MAX: usize = 160;

/// One sentence for each difference; none if the trees are equal.
pub(crate) fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", expected, got, &mut found);
    found
}

fn walk(path: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    let (Value::Object(wanted), Value::Object(there)) = (expected, got) else {
        if expected != got {
            let place = if path.is_empty() {
                "the document"
            } else {
                path
            };
            found.push(format!(
                "{place}: expected {}, got {}",
                shown(expected),
                shown(got)
            ));
        }
        return;
    };
    for (key, value) in wanted {
        let path = format!("{path}[{key}]");
        match there.get(key) {
            Some(other) => walk(&path, value, other, found),
            None => found.push(format!("{path}: missing, expected {}", shown(value))),
        }
    }
    for (key, value) in there {
        if !wanted.contains_key(key) {
            found.push(format!(
                "{path}[{key}]: expected nothing, got {}",
                shown(value)
            ));
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_difference_is_named_with_its_place() {
        let expected = json!({"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": true});
        let got = json!({"a": 2, "b": {"c": "x", "d": [1], "z": null}});
        assert_eq!(
            differences(&expected, &got),
            [
                "[a]: expected 1, got 2",
                "[b][d]: expected [1,2], got [1]",
                "[b][z]: expected nothing, got null",
                "[e]: missing, expected true",
            ]
        );
        assert!(differences(&expected, &expected).is_empty());
        assert_eq!(
            differences(&json!(1), &json!("1")),
            ["the document: expected 1, got \"1\""]
        );
    }
}
