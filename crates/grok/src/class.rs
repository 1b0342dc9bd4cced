//! Ruby's character classes: `[a-z]`, `[[:alpha:]]`, `[a[^b]&&c]`, `\h`, `\p{…}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use crate::node::{complement, every, set_of};
use crate::parse::{Parser, Problem};

/// The set of `\d`, `\w`, `\s`, `\h` and their opposites: ASCII only, unless asked for otherwise.
pub(crate) fn shorthand(letter: char) -> Option<ClassUnicode> {
    let set = match letter.to_ascii_lowercase() {
        'd' => set_of([('0', '9')]),
        'w' => set_of([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        's' => set_of([('\t', '\r'), (' ', ' ')]),
        'h' => set_of([('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() {
        complement(&set)
    } else {
        set
    })
}

/// The set of `[:name:]`. Unlike `\w`, these know all of Unicode.
fn posix(name: &str) -> Option<ClassUnicode> {
    let properties = match name {
        "alnum" => r"[\p{L}\p{M}\p{Nd}]",
        "alpha" => r"[\p{L}\p{M}]",
        "ascii" => r"[\x00-\x7F]",
        "blank" => r"[\p{Zs}\t]",
        "cntrl" => r"[\p{Cc}\p{Cf}\p{Cn}\p{Co}]",
        "digit" => r"\p{Nd}",
        "graph" => r"[^\p{White_Space}\p{Cc}\p{Cn}]",
        "lower" => r"\p{Lowercase}",
        "print" => r"[[^\p{Cc}\p{Cn}\p{White_Space}]\p{Zs}]",
        "punct" => r"[\p{P}$+<=>^`|~]",
        "space" => r"\p{White_Space}",
        "upper" => r"\p{Uppercase}",
        "word" => r"[\p{L}\p{M}\p{Nd}\p{Pc}]",
        "xdigit" => "[0-9A-Fa-f]",
        _ => return None,
    };
    unicode(properties)
}

/// The set of `\p{name}`.
fn property(name: &str) -> Option<ClassUnicode> {
    let (wanted, name) = name
        .strip_prefix('^')
        .map_or((true, name), |name| (false, name));
    let set = posix(&name.to_lowercase()).or_else(|| unicode(&format!(r"\p{{{name}}}")))?;
    Some(if wanted { set } else { complement(&set) })
}

/// The set that Rust's dialect writes as `class`.
pub(crate) fn unicode(class: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(class).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Some(set),
        _ => None,
    }
}

impl Parser<'_> {
    /// Reads what follows `\p` or `\P`.
    pub(crate) fn property(&mut self, letter: char) -> Result<ClassUnicode, Problem> {
        if !self.eat("{") {
            return Err(self.problem("`\\p` needs a name in braces"));
        }
        let name = self.until("}")?;
        let set = property(name).ok_or_else(|| self.problem("unknown character property"))?;
        Ok(if letter == 'P' { complement(&set) } else { set })
    }

    /// Reads a class whose `[` has been taken.
    pub(crate) fn class(&mut self) -> Result<ClassUnicode, Problem> {
        self.descend()?;
        let negated = self.eat("^");
        let mut all = every();
        let mut set = ClassUnicode::empty();
        // A `]` in the first place stands for itself.
        if self.peek() == Some(']') && self.rest()[1..].contains(']') {
            self.next();
            self.class_range(&mut set, ']')?;
        }
        loop {
            if self.eat("]") {
                break;
            }
            if self.eat("&&") {
                all.intersect(&set);
                set = ClassUnicode::empty();
                continue;
            }
            self.class_item(&mut set)?;
        }
        all.intersect(&set);
        self.ascend();
        Ok(if negated { complement(&all) } else { all })
    }

    fn class_item(&mut self, set: &mut ClassUnicode) -> Result<(), Problem> {
        let c = self
            .next()
            .ok_or_else(|| self.problem("character class without its `]`"))?;
        match c {
            '[' if self.eat(":") => set.union(&self.posix_class()?),
            '[' => set.union(&self.class()?),
            '\\' => match self.peek() {
                Some(letter) if shorthand(letter).is_some() => {
                    self.next();
                    set.union(&shorthand(letter).unwrap_or_else(ClassUnicode::empty));
                }
                Some(letter @ ('p' | 'P')) => {
                    self.next();
                    set.union(&self.property(letter)?);
                }
                _ => {
                    let from = self.escaped_char_in_class()?;
                    self.class_range(set, from)?;
                }
            },
            from => self.class_range(set, from)?,
        }
        Ok(())
    }

    fn posix_class(&mut self) -> Result<ClassUnicode, Problem> {
        let negated = self.eat("^");
        let name = self.until(":]")?;
        let set = posix(name).ok_or_else(|| self.problem("unknown class name"))?;
        Ok(if negated { complement(&set) } else { set })
    }

    /// Adds `from`, or `from-to` if a range follows. A `-` before a class or at the end stands for itself.
    fn class_range(&mut self, set: &mut ClassUnicode, from: char) -> Result<(), Problem> {
        let mut ahead = self.rest().chars();
        let range = ahead.next() == Some('-')
            && match ahead.next() {
                None | Some(']' | '[') => false,
                Some('\\') => ahead
                    .next()
                    .is_some_and(|c| shorthand(c).is_none() && c != 'p'),
                Some(_) => true,
            };
        let to = if range {
            self.next();
            match self.next() {
                Some('\\') => self.escaped_char_in_class()?,
                Some(to) => to,
                None => from,
            }
        } else {
            from
        };
        if to < from {
            return Err(self.problem("empty range in a character class"));
        }
        set.push(ClassUnicodeRange::new(from, to));
        Ok(())
    }

    fn escaped_char_in_class(&mut self) -> Result<char, Problem> {
        if self.eat("b") {
            Ok('\u{8}')
        } else {
            self.escaped_char()
        }
    }
}
