//! From grok's `%{NAME:field:type}` to one regular expression in Ruby's dialect.
//!
//! The expansion is textual, as it is in jls-grok: a reference becomes `(?:…)`, or a group whose *name* is
//! everything before the `=` of the reference (`(?<NAME:field:type>…)`), which is taken apart again afterwards.

use std::collections::HashMap;

use crate::error::GrokError;
use crate::library::Library;

/// References followed in one pattern before it counts as endless; the number is Logstash's.
const EXPANSIONS_MAX: usize = 10_000;
/// How deep references may nest; the built-in ones stay below ten.
const DEPTH_MAX: usize = 100;
/// Bytes the expanded expression may have.
const EXPANDED_BYTES_MAX: usize = 1 << 20;

/// Which references become captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// Only those with a field name (`named_captures_only => true`).
    #[default]
    Named,
    /// Those without one as well, under the name of their pattern.
    All,
}

/// A `%{…}` found in a pattern.
pub(crate) struct Reference<'t> {
    /// Where it begins in the text.
    pub(crate) start: usize,
    /// Where it ends in the text.
    pub(crate) end: usize,
    /// `NAME:field:type`, which would be the name of its group.
    pub(crate) label: &'t str,
    /// `NAME`.
    pub(crate) name: &'t str,
    /// What follows an `=`.
    pub(crate) definition: Option<&'t str>,
}

/// The first reference in `text` at or after `from`.
pub(crate) fn next_reference(text: &str, from: usize) -> Option<Reference<'_>> {
    let mut at = from;
    loop {
        let start = at + text[at..].find("%{")?;
        if let Some(reference) = reference_at(text, start) {
            return Some(reference);
        }
        at = start + 2;
    }
}

/// Reads a reference as jls-grok's `PATTERN_RE` does; anything may stand between the field name and the brace.
fn reference_at(text: &str, start: usize) -> Option<Reference<'_>> {
    let inner = &text[start + 2..];
    let name_end = run(inner, is_name);
    if name_end == 0 {
        return None;
    }
    let mut label_end = name_end;
    if let Some(rest) = inner[name_end..].strip_prefix(':') {
        let field = run(rest, is_field);
        label_end += if field == 0 { 0 } else { field + 1 };
    }
    let definition = inner[label_end..].strip_prefix('=').and_then(balanced);
    let tail = label_end + definition.map_or(0, |definition| definition.len() + 1);
    let end = tail + inner[tail..].find('}')? + 1;
    Some(Reference {
        start,
        end: start + 2 + end,
        label: &inner[..label_end],
        name: &inner[..name_end],
        definition,
    })
}

/// Ruby's `[A-z0-9]`: the range takes in the six characters between `Z` and `a`.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'A'..=b'z').contains(&byte)
}

fn is_field(byte: u8) -> bool {
    is_name(byte) || b"@[]:.-_".contains(&byte)
}

fn run(text: &str, accept: fn(u8) -> bool) -> usize {
    text.bytes()
        .position(|byte| !accept(byte))
        .unwrap_or(text.len())
}

/// The longest prefix whose braces are balanced; a backslash takes the next character along.
fn balanced(text: &str) -> Option<&str> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'{' => depth += 1,
            b'}' if depth == 0 => return (at > 0).then(|| &text[..at]),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Expands all references of `pattern`; `rewrite` may give another spelling of a library definition.
pub(crate) fn expand(
    library: &Library,
    pattern: &str,
    mode: CaptureMode,
    rewrite: fn(&str) -> Option<&'static str>,
) -> Result<String, GrokError> {
    let mut expansion = Expansion {
        library,
        inline: HashMap::new(),
        pattern,
        mode,
        rewrite,
        count: 0,
        text: String::new(),
    };
    expansion.push(pattern, 0)?;
    Ok(expansion.text)
}

struct Expansion<'a> {
    library: &'a Library,
    /// `%{NAME=definition}` defines a name for the rest of the pattern.
    inline: HashMap<String, String>,
    pattern: &'a str,
    mode: CaptureMode,
    rewrite: fn(&str) -> Option<&'static str>,
    count: usize,
    text: String,
}

impl Expansion<'_> {
    fn push(&mut self, text: &str, depth: usize) -> Result<(), GrokError> {
        let mut at = 0;
        while let Some(reference) = next_reference(text, at) {
            self.text.push_str(&text[at..reference.start]);
            self.push_reference(&reference, depth)?;
            at = reference.end;
        }
        self.text.push_str(&text[at..]);
        Ok(())
    }

    fn push_reference(&mut self, reference: &Reference<'_>, depth: usize) -> Result<(), GrokError> {
        self.count += 1;
        let endless = self.count > EXPANSIONS_MAX || self.text.len() > EXPANDED_BYTES_MAX;
        if endless || depth > DEPTH_MAX {
            let (pattern, name) = (self.pattern.to_owned(), reference.name.to_owned());
            return Err(GrokError::TooDeep { pattern, name });
        }
        if let Some(definition) = reference.definition {
            self.inline
                .insert(reference.name.to_owned(), definition.to_owned());
        }
        let definition = self.definition(reference.name)?;
        if self.mode == CaptureMode::Named && !reference.label.contains(':') {
            self.text.push_str("(?:");
        } else {
            self.text.push_str("(?<");
            self.text.push_str(reference.label);
            self.text.push('>');
        }
        self.push(&definition, depth + 1)?;
        self.text.push(')');
        Ok(())
    }

    fn definition(&self, name: &str) -> Result<String, GrokError> {
        let own = self.inline.get(name).map(String::as_str);
        let definition = own.or_else(|| self.library.get(name));
        let definition = definition.map(|text| (self.rewrite)(text).unwrap_or(text));
        definition
            .map(str::to_owned)
            .ok_or_else(|| GrokError::Undefined {
                pattern: self.pattern.to_owned(),
                name: name.to_owned(),
                nearest: self.library.nearest(name),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> Library {
        let mut library = Library::empty();
        library.load("D \\d\nNUM %{D}+\nME x%{ME}\nTWO %{D:a}%{D:b}");
        library
    }

    #[test]
    fn references_become_groups() {
        for (pattern, want) in [
            ("a%{D}b", r"a(?:\d)b"),
            ("%{NUM:n:int}", r"(?<NUM:n:int>(?:\d)+)"),
            ("%{D:[a][b-c].@d}", r"(?<D:[a][b-c].@d>\d)"),
            ("%{D:x y z}", r"(?<D:x>\d)"),
            ("%{D:}", r"(?:\d)"),
            ("%{ D} %{} %{-", "%{ D} %{} %{-"),
            ("%{X=\\w{2}}-%{X:x}", r"(?:\w{2})-(?<X:x>\w{2})"),
            ("%{X:f=a}", "(?<X:f>a)"),
            ("%{TWO}", r"(?:(?<D:a>\d)(?<D:b>\d))"),
        ] {
            let got = expand(&library(), pattern, CaptureMode::Named, |_| None).unwrap();
            assert_eq!(got, want, "{pattern}");
        }
        assert_eq!(
            expand(&library(), "%{D}", CaptureMode::All, |_| None).unwrap(),
            r"(?<D>\d)"
        );
    }

    #[test]
    fn unknown_and_endless_references_are_named() {
        let error = expand(&library(), "a %{NUN:x}", CaptureMode::Named, |_| None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`a %{NUN:x}`") && error.contains("`%{NUN}` not defined"),
            "{error}"
        );
        assert!(error.contains("did you mean `%{NUM}`?"), "{error}");
        let error = expand(&library(), "%{ME}", CaptureMode::Named, |_| None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`%{ME}` refers to itself"), "{error}");
    }
}
