//! String contents: to JSON's escaped form and back.

use crate::scan::plain_bytes;

/// Appends `text` to `out` as the content of a JSON string (without quotes): quotes, backslashes
/// and bytes below 0x20 are escaped, all else stays as it is.
pub fn escape_into(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let plain = plain_bytes(rest.as_bytes());
        let (head, tail) = rest.split_at(plain);
        out.push_str(head);
        let mut characters = tail.chars();
        match characters.next() {
            None => return,
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let code = control as usize;
                out.push_str("\\u00");
                out.push(char::from(HEX[code >> 4 & 0xf]));
                out.push(char::from(HEX[code & 0xf]));
            }
        }
        rest = characters.as_str();
    }
}

/// Appends what the content of a JSON string (without quotes) stands for to `out`.
///
/// The content has been checked by the scanner. A surrogate without its other half has no
/// meaning in UTF-8 and becomes U+FFFD.
pub fn unescape_into(content: &str, out: &mut String) {
    let mut rest = content;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (character, used) = escape_at(&rest[at + 1..]);
        out.push(character);
        rest = &rest[at + 1 + used..];
    }
    out.push_str(rest);
}

/// Reads one escape behind its backslash: the character and the bytes used.
fn escape_at(text: &str) -> (char, usize) {
    match text.as_bytes().first() {
        Some(b'n') => ('\n', 1),
        Some(b't') => ('\t', 1),
        Some(b'r') => ('\r', 1),
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'u') => unicode_escape(text),
        Some(&byte) => (char::from(byte), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        text.get(at..at + 5)
            .and_then(|escape| escape.strip_prefix('u'))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    let Some(first) = unit(0) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    if let Some(character) = char::from_u32(first) {
        return (character, 5);
    }
    let low = unit(6).filter(|_| text.as_bytes().get(5) == Some(&b'\\'));
    match (first, low) {
        (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                11,
            )
        }
        _ => (char::REPLACEMENT_CHARACTER, 5),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_stand_for_their_characters() {
        for (content, want) in [
            ("", ""),
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"a\u00e9b", "aéb"),
            (r"\ud83d\ude00!", "😀!"),
            (r"a\ud800b", "a\u{fffd}b"),
            (r"\ud800\u0041", "\u{fffd}A"),
            (r"\udc00", "\u{fffd}"),
        ] {
            let mut out = String::new();
            unescape_into(content, &mut out);
            assert_eq!(out, want, "{content}");
        }
    }

    proptest! {
        #[test]
        fn escaping_is_what_serde_json_does(text in any::<String>()) {
            let mut out = String::from("\"");
            escape_into(&text, &mut out);
            out.push('"');
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text.clone());
            let mut back = String::new();
            unescape_into(&out[1..out.len() - 1], &mut back);
            prop_assert_eq!(back, text);
        }
    }
}
