//! JSON laid out for reading.

use serde_json::Value;

/// Lays JSON out over lines, two blanks a level. What it says stays as it is written: order, numbers, and names that are
/// given twice, which may be the reason why it could not be stored. None if it is no JSON, or nested so deep that the
/// blanks would be most of it.
pub(super) fn indented(text: &str) -> Option<String> {
    serde_json::from_str::<Value>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut opened) = (0_usize, false);
    let mut characters = text.chars().filter(|c| *c != '\r');
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' => continue,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !opened {
                    begin_line(&mut out, depth);
                }
            }
            _ if opened => begin_line(&mut out, depth),
            _ => {}
        }
        opened = matches!(c, '{' | '[');
        depth += usize::from(opened);
        out.push(c);
        match c {
            '"' => copy_string(&mut characters, &mut out),
            ',' => begin_line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    Some(out)
}

fn begin_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The rest of a string, its end included.
fn copy_string(characters: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(c) = characters.next() {
        out.push(c);
        match c {
            '"' => return,
            '\\' => out.extend(characters.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_says_what_it_said() {
        for (text, want) in [
            ("{}", "{}"),
            (" [ ] ", "[]"),
            (
                r#"{"b":1.0,"a":[1,{}],"b":"}\",["}"#,
                "{\n  \"b\": 1.0,\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"}\\\",[\"\n}",
            ),
            ("{\r\n\"a\" : true}", "{\n  \"a\": true\n}"),
        ] {
            assert_eq!(indented(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_or_very_deep_is_left_alone() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "hello", "{} {}", &deep] {
            assert_eq!(indented(text), None, "{text}");
        }
    }
}
