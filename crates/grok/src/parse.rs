//! Reads a regular expression in Ruby's dialect (Onigmo, as grok uses it).
//!
//! Where it differs from Rust's: `.` takes a line break (grok always sets Ruby's `m`), `^` and `$` are at lines,
//! `\d \w \s` are ASCII, a named group makes plain groups stop capturing, names may repeat, and `(?i)` in the
//! middle reaches over the `|` that follow.

use crate::class::shorthand;
use crate::node::{Around, Assert, Greed, Node, Repeat, Side, Wants, complement, every, set_of};

/// How deep groups may nest; protects the stack of everything that walks the tree.
const DEPTH_MAX: usize = 100;
/// How many repetitions may be stacked (`a?*+`); protects the stack as well.
const STACKED_MAX: usize = 4;
/// The largest number in `{n,m}`; Onigmo's own limit.
const REPEAT_MAX: u32 = 100_000;

/// What is wrong, and the byte of the expression where.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) at: usize,
    pub(crate) what: String,
}

/// An expression and the names of its groups, in group order.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    pub(crate) groups: Vec<String>,
}

/// Reads `text`.
pub(crate) fn parse(text: &str) -> Result<Parsed, Problem> {
    let named = has_named_group(text);
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        flags: Flags::default(),
        named,
        groups: vec![],
    };
    let node = parser.alternatives()?;
    if parser.at < text.len() {
        return Err(parser.problem("unmatched `)`"));
    }
    Ok(Parsed {
        node,
        groups: parser.groups,
    })
}

/// Whether any group has a name; then the others do not capture.
fn has_named_group(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '(']) {
        let tail = &rest[at..];
        let named = tail.starts_with("(?'")
            || tail.starts_with("(?<") && !tail.starts_with("(?<=") && !tail.starts_with("(?<!");
        if named {
            return true;
        }
        let skipped = if tail.starts_with('\\') {
            tail.chars().take(2).map(char::len_utf8).sum()
        } else {
            1
        };
        rest = &tail[skipped..];
    }
    false
}

#[derive(Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    extended: bool,
    /// `(?-m)`: `.` stops at a line break.
    dot_stops: bool,
}

pub(crate) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    flags: Flags,
    named: bool,
    groups: Vec<String>,
}

impl<'t> Parser<'t> {
    pub(crate) fn problem(&self, what: &str) -> Problem {
        Problem {
            at: self.at,
            what: what.to_owned(),
        }
    }

    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Takes the text up to `end`, and `end`.
    pub(crate) fn until(&mut self, end: &str) -> Result<&'t str, Problem> {
        let rest = self.rest();
        let length = rest
            .find(end)
            .ok_or_else(|| self.problem(&format!("`{end}` is missing")))?;
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    pub(crate) fn descend(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            Err(self.problem("groups nest too deep"))
        } else {
            Ok(())
        }
    }

    pub(crate) fn ascend(&mut self) {
        self.depth -= 1;
    }

    fn alternatives(&mut self) -> Result<Node, Problem> {
        self.descend()?;
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.ascend();
        Ok(Node::alt(branches))
    }

    fn sequence(&mut self) -> Result<Node, Problem> {
        let mut nodes = vec![];
        while let Some(c) = self.peek() {
            match c {
                '|' | ')' => break,
                _ if self.flags.extended && c.is_ascii_whitespace() => {
                    self.next();
                }
                '#' if self.flags.extended => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => {
                    let atom = self.atom()?;
                    nodes.push(self.repeated(atom)?);
                }
            }
        }
        Ok(Node::concat(nodes))
    }

    fn atom(&mut self) -> Result<Node, Problem> {
        let start = self.at;
        let Some(c) = self.next() else {
            return Ok(Node::Empty);
        };
        Ok(match c {
            '(' => self.group()?,
            '[' => {
                let set = self.class()?;
                self.set(set)
            }
            '\\' => self.escape()?,
            '.' if self.flags.dot_stops => Node::Set(complement(&set_of([('\n', '\n')]))),
            '.' => Node::Set(every()),
            '^' => Node::Assert(Assert::LineStart),
            '$' => Node::Assert(Assert::LineEnd),
            '*' | '+' | '?' => {
                self.at = start;
                return Err(self.problem("nothing to repeat"));
            }
            c => self.set(set_of([(c, c)])),
        })
    }

    /// A set, in both cases if case is ignored.
    fn set(&self, mut set: regex_syntax::hir::ClassUnicode) -> Node {
        if self.flags.ignore_case {
            set.case_fold_simple();
        }
        Node::Set(set)
    }

    /// Reads the repetitions that follow an atom; they may be stacked (`a?*`).
    fn repeated(&mut self, mut node: Node) -> Result<Node, Problem> {
        for _ in 0..STACKED_MAX {
            let (min, max, interval) = if self.eat("*") {
                (0, None, false)
            } else if self.eat("+") {
                (1, None, false)
            } else if self.eat("?") {
                (0, Some(1), false)
            } else if let Some((min, max)) = self.interval()? {
                (min, max, true)
            } else {
                return Ok(node);
            };
            // In Ruby `a{2}?` is an optional `a{2}`, and `a{1,2}+` a repeated `a{1,2}`.
            let exact = interval && max == Some(min);
            let lazy = !exact && self.eat("?");
            let possessive = !interval && !lazy && self.eat("+");
            let greed = if lazy { Greed::Lazy } else { Greed::Greedy };
            node = Node::Repeat(Repeat {
                node: Box::new(node),
                min,
                max,
                greed,
            });
            if possessive {
                node = Node::Atomic(Box::new(node));
            }
        }
        Err(self.problem("too many repetitions of a repetition"))
    }

    /// Reads `{n}`, `{n,}`, `{,m}` or `{n,m}`; any other `{` stands for itself.
    fn interval(&mut self) -> Result<Option<(u32, Option<u32>)>, Problem> {
        let Some(body) = self
            .rest()
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next())
        else {
            return Ok(None);
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (low, high) = body.split_once(',').unwrap_or((body, body));
        let closed = self.rest()[1 + body.len()..].starts_with('}');
        if !closed || !digits(low) || !digits(high) || low.len() + high.len() == 0 {
            return Ok(None);
        }
        let number = |text: &str| match text.parse::<u32>() {
            Ok(number) if number <= REPEAT_MAX => Ok(number),
            _ => Err(self.problem("too large a number of repetitions")),
        };
        let min = if low.is_empty() { 0 } else { number(low)? };
        let max = if high.is_empty() {
            None
        } else {
            Some(number(high)?)
        };
        if max.is_some_and(|max| max < min) {
            return Err(self.problem("the smaller number of repetitions comes first"));
        }
        self.at += body.len() + 2;
        Ok(Some((min, max)))
    }

    fn group(&mut self) -> Result<Node, Problem> {
        let flags = self.flags;
        let node = self.group_body()?;
        self.flags = flags;
        Ok(node)
    }

    fn group_body(&mut self) -> Result<Node, Problem> {
        if !self.eat("?") {
            if self.named {
                return self.closed();
            }
            return self.capture(String::new());
        }
        for (token, side, wants) in [
            ("=", Side::Ahead, Wants::Match),
            ("!", Side::Ahead, Wants::NoMatch),
            ("<=", Side::Behind, Wants::Match),
            ("<!", Side::Behind, Wants::NoMatch),
        ] {
            if self.eat(token) {
                let node = Box::new(self.closed()?);
                return Ok(Node::Around(Around { side, wants, node }));
            }
        }
        if self.eat(":") {
            self.closed()
        } else if self.eat(">") {
            Ok(Node::Atomic(Box::new(self.closed()?)))
        } else if self.eat("#") {
            self.until(")")?;
            Ok(Node::Empty)
        } else if self.eat("<") {
            let name = self.until(">")?.to_owned();
            self.capture(name)
        } else if self.eat("'") {
            let name = self.until("'")?.to_owned();
            self.capture(name)
        } else if self.eat("(") {
            self.if_group()
        } else {
            self.options()
        }
    }

    fn capture(&mut self, name: String) -> Result<Node, Problem> {
        let index = self.groups.len();
        self.groups.push(name);
        Ok(Node::Group(index, Box::new(self.closed()?)))
    }

    /// Reads `(?(<name>)yes|no)` after its second parenthesis.
    fn if_group(&mut self) -> Result<Node, Problem> {
        let name = self.until(")")?.trim_matches(['<', '>', '\'']);
        let number = name
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let group = number.or_else(|| self.groups.iter().position(|group| group == name));
        let group = group.filter(|group| *group < self.groups.len());
        let group = group.ok_or_else(|| self.problem("condition on an unknown group"))?;
        match self.closed()? {
            Node::Alt(nodes) => match <[Node; 2]>::try_from(nodes) {
                Ok(branches) => Ok(Node::IfGroup(group, Box::new(branches))),
                Err(_) => Err(self.problem("a condition has two branches at most")),
            },
            yes => Ok(Node::IfGroup(group, Box::new([yes, Node::Empty]))),
        }
    }

    /// Reads alternatives and the `)` after them.
    fn closed(&mut self) -> Result<Node, Problem> {
        let node = self.alternatives()?;
        if self.eat(")") {
            Ok(node)
        } else {
            Err(self.problem("`)` is missing"))
        }
    }

    /// Reads `(?i)`, `(?i-mx:…)`. Without a `:` the options reach to the end of the enclosing group.
    fn options(&mut self) -> Result<Node, Problem> {
        let mut on = true;
        loop {
            match self.next() {
                Some('-') => on = false,
                Some('i') => self.flags.ignore_case = on,
                Some('m') => self.flags.dot_stops = !on,
                Some('x') => self.flags.extended = on,
                Some('a' | 'd') if on => {}
                Some(':') => return self.closed(),
                Some(')') => return self.alternatives(),
                _ => return Err(self.problem("this kind of group is not supported")),
            }
        }
    }

    fn escape(&mut self) -> Result<Node, Problem> {
        let Some(c) = self.peek() else {
            return Err(self.problem("`\\` at the end"));
        };
        let assert = match c {
            'A' => Assert::TextStart,
            'z' => Assert::TextEnd,
            'Z' => Assert::LastLineEnd,
            'b' => Assert::WordBoundary,
            'B' => Assert::NotWordBoundary,
            _ => return self.escaped_set(c),
        };
        self.next();
        Ok(Node::Assert(assert))
    }

    fn escaped_set(&mut self, c: char) -> Result<Node, Problem> {
        if let Some(set) = shorthand(c) {
            self.next();
            return Ok(Node::Set(set));
        }
        match c {
            'p' | 'P' => {
                self.next();
                let set = self.property(c)?;
                Ok(self.set(set))
            }
            'R' => {
                self.next();
                Ok(any_line_break())
            }
            'k' => {
                self.next();
                self.named_backref()
            }
            '1'..='9' => self.numbered_backref(),
            'G' | 'K' | 'X' | 'g' => Err(self.problem("this escape is not supported")),
            _ => {
                let c = self.escaped_char()?;
                Ok(self.set(set_of([(c, c)])))
            }
        }
    }

    fn named_backref(&mut self) -> Result<Node, Problem> {
        let name = if self.eat("<") {
            self.until(">")?
        } else if self.eat("'") {
            self.until("'")?
        } else {
            return Err(self.problem("`\\k` needs a group name"));
        };
        let named = |(index, group): (usize, &String)| (group == name).then_some(index);
        let groups: Vec<usize> = self.groups.iter().enumerate().filter_map(named).collect();
        match name.parse::<usize>() {
            Ok(number @ 1..) if number <= self.groups.len() => Ok(Node::Backref(vec![number - 1])),
            _ if groups.is_empty() => Err(self.problem("back-reference to an unknown group")),
            _ => Ok(Node::Backref(groups)),
        }
    }

    fn numbered_backref(&mut self) -> Result<Node, Problem> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = self.rest()[..digits].parse().unwrap_or(usize::MAX);
        if self.named {
            return Err(self.problem("numbered back-reference beside named groups"));
        }
        if number > self.groups.len() {
            return Err(self.problem("back-reference to an unknown group"));
        }
        self.at += digits;
        Ok(Node::Backref(vec![number - 1]))
    }

    /// Reads the character that an escape stands for; the `\` has been taken.
    pub(crate) fn escaped_char(&mut self) -> Result<char, Problem> {
        let Some(c) = self.next() else {
            return Err(self.problem("`\\` at the end"));
        };
        Ok(match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'x' if self.eat("{") => {
                let digits = self.until("}")?;
                self.code_point(digits)?
            }
            'x' => self.hexadecimal(1..=2)?,
            'u' => self.hexadecimal(4..=4)?,
            '0'..='7' => self.octal(c)?,
            c => c,
        })
    }

    fn hexadecimal(&mut self, length: std::ops::RangeInclusive<usize>) -> Result<char, Problem> {
        let digits = self
            .rest()
            .bytes()
            .take(*length.end())
            .take_while(u8::is_ascii_hexdigit)
            .count();
        if digits < *length.start() {
            return Err(self.problem("too few hexadecimal digits"));
        }
        let text = &self.rest()[..digits];
        self.at += digits;
        self.code_point(text)
    }

    fn code_point(&self, digits: &str) -> Result<char, Problem> {
        let code = u32::from_str_radix(digits.trim(), 16).ok();
        code.and_then(char::from_u32)
            .ok_or_else(|| self.problem("not a character"))
    }

    fn octal(&mut self, first: char) -> Result<char, Problem> {
        let mut code = first.to_digit(8).unwrap_or(0);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8))
            && code * 8 + digit < 256
        {
            self.next();
            code = code * 8 + digit;
        }
        char::from_u32(code).ok_or_else(|| self.problem("not a character"))
    }
}

/// `\R`: `\r\n` is one line break, and is not taken apart again.
fn any_line_break() -> Node {
    let single = set_of([('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]);
    let pair = Node::concat(vec![Node::char('\r'), Node::char('\n')]);
    Node::Atomic(Box::new(Node::Alt(vec![pair, Node::Set(single)])))
}
