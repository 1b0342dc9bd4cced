//! Conditions in Logstash's own language: `[group] == "pt" and [service]`.
//!
//! | expression | holds when |
//! |---|---|
//! | `[f]` | the field is there and is neither null, `false`, `""` nor `"false"` |
//! | `[f] == v`, `!=` | equal values of the same kind; `!=` is the exact negation |
//! | `<` `<=` `>` `>=` | both are numbers, or both are texts (compared by their bytes) |
//! | `[f] =~ /re/`, `!~` | a text in which the expression is found; `!~` is the negation |
//! | `v in [f]` | an element of the list, or a part of the text; `not in` is the negation |
//! | `[f] in ["a", 5]` | the field's text is one of the list's |
//! | `!`, `and`, `or`, `nand`, `xor`, `( … )` | `and` binds tighter than the others |
//!
//! One deliberate difference from Logstash: a comparison of unlike kinds is false here; there it
//! drops the event.

mod parse;

use std::cmp::Ordering;

use regex::Regex;
use sawmill_event::{Event, FieldRef, Value};

pub use parse::ConditionError;

use crate::chain::Scratch;

/// A parsed condition.
#[derive(Clone, Debug)]
pub struct Condition(Expression);

#[derive(Clone, Debug)]
enum Expression {
    /// Joined by `and`.
    All(Vec<Expression>),
    Compare {
        left: Operand,
        comparison: Comparison,
        right: Operand,
    },
    In {
        needle: Operand,
        haystack: Operand,
    },
    /// Joined from left to right. A list, for a tree as deep as it is long would be too deep for the stack.
    Joined {
        first: Box<Expression>,
        rest: Vec<(Junction, Expression)>,
    },
    Matches {
        subject: Operand,
        regex: Regex,
    },
    Not(Box<Expression>),
    Truth(Operand),
}

/// What stands between expressions that are not joined by `and`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Junction {
    Nand,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

#[derive(Clone, Debug)]
enum Operand {
    Field(FieldRef),
    List(Vec<Constant>),
    Single(Constant),
}

#[derive(Clone, Debug)]
enum Constant {
    /// As it is written.
    Number(Box<str>),
    /// The text, and the same as the content of a JSON string.
    Text { plain: Box<str>, json: Box<str> },
}

impl Condition {
    /// Parses a condition. The error shows the place.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parse::condition(text).map(Self)
    }

    /// Whether the event meets the condition.
    #[inline]
    pub fn holds(&self, event: &Event<'_>, scratch: &mut Scratch) -> bool {
        self.0.holds(event, &mut scratch.text)
    }
}

impl Expression {
    fn holds(&self, event: &Event<'_>, buffer: &mut String) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(event, buffer)),
            Self::Joined { first, rest } => {
                let first = first.holds(event, buffer);
                rest.iter()
                    .fold(first, |left, (junction, right)| match junction {
                        Junction::Nand => !(left && right.holds(event, buffer)),
                        Junction::Or => left || right.holds(event, buffer),
                        Junction::Xor => left != right.holds(event, buffer),
                    })
            }
            Self::Not(inner) => !inner.holds(event, buffer),
            Self::Truth(operand) => is_true(operand.value(event), buffer),
            Self::Compare {
                left,
                comparison: Comparison::Equal,
                right,
            } => equal(left.value(event), right.value(event)),
            Self::Compare {
                left,
                comparison,
                right,
            } => match (left.value(event), right.value(event)) {
                (Some(left), Some(right)) => {
                    order(left, right).is_some_and(|order| comparison.accepts(order))
                }
                _ => false,
            },
            Self::Matches { subject, regex } => match subject.value(event) {
                Some(Value::String(text)) => regex.is_match(text.text(buffer)),
                _ => false,
            },
            Self::In { needle, haystack } => is_in(needle, haystack, event, buffer),
        }
    }
}

impl Operand {
    /// The value of a field or constant; a list of constants has none.
    fn value<'e>(&'e self, event: &'e Event<'_>) -> Option<Value<'e>> {
        match self {
            Self::Field(field) => event.get(field),
            Self::Single(constant) => Some(constant.value()),
            Self::List(_) => None,
        }
    }
}

impl Constant {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Number(number) => Value::Number(number),
            Self::Text { json, .. } => Value::of(json),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Number(number) => number,
            Self::Text { plain, .. } => plain,
        }
    }
}

impl Comparison {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::More => order.is_gt(),
            Self::MoreOrEqual => order.is_ge(),
        }
    }
}

fn is_true(value: Option<Value<'_>>, buffer: &mut String) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !matches!(text.text(buffer), "" | "false"),
        Some(Value::Array(_) | Value::Bool(true) | Value::Number(_) | Value::Object(_)) => true,
    }
}

fn equal(left: Option<Value<'_>>, right: Option<Value<'_>>) -> bool {
    match (left, right) {
        (None | Some(Value::Null), None) | (None, Some(Value::Null)) => true,
        (Some(left), Some(right)) => same(left, right),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn same(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => {
            left == right || order(left, right) == Some(Ordering::Equal)
        }
        (left, right) => left == right,
    }
}

fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            match (left.parse::<i128>(), right.parse::<i128>()) {
                (Ok(left), Ok(right)) => Some(left.cmp(&right)),
                _ => left.parse::<f64>().ok()?.partial_cmp(&right.parse().ok()?),
            }
        }
        (Value::String(left), Value::String(right)) => match (left.plain(), right.plain()) {
            (Some(left), Some(right)) => Some(left.cmp(right)),
            _ => {
                let (mut a, mut b) = (String::new(), String::new());
                Some(left.text(&mut a).cmp(right.text(&mut b)))
            }
        },
        _ => None,
    }
}

/// Logstash's `in`, row by row of its table.
fn is_in(needle: &Operand, haystack: &Operand, event: &Event<'_>, buffer: &mut String) -> bool {
    if let Operand::List(constants) = haystack {
        let Some(value) = needle.value(event) else {
            return false;
        };
        let text = match value {
            Value::String(text) => text.text(buffer),
            Value::Number(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Array(_) | Value::Null | Value::Object(_) => return false,
        };
        return constants.iter().any(|constant| constant.text() == text);
    }
    match (needle.value(event), haystack.value(event)) {
        (Some(Value::String(part)), Some(Value::String(whole))) => {
            let part = part.text(buffer);
            let mut other = String::new();
            whole.text(&mut other).contains(part)
        }
        (Some(element), Some(list @ Value::Array(_))) => {
            let mut found = false;
            list.for_each_element(|other| found |= same(element, Value::of(other)));
            found && !matches!(element, Value::Array(_) | Value::Object(_))
        }
        (Some(left), Some(right)) if matches!(haystack, Operand::Field(_)) => same(left, right),
        _ => false,
    }
}

/// A constant text, ready to be compared with the event's texts.
fn text_constant(plain: &str) -> Constant {
    let mut json = String::from('"');
    sawmill_event::escape_into(plain, &mut json);
    json.push('"');
    Constant::Text {
        plain: plain.into(),
        json: json.into(),
    }
}

/// Undoes `\"`, `\'` and `\\`; any other backslash stays, as Logstash has it.
fn unquote(content: &str) -> String {
    let mut plain = String::new();
    let mut rest = content.chars();
    while let Some(character) = rest.next() {
        let next = rest.as_str().chars().next();
        match (character, next) {
            ('\\', Some(kept @ ('"' | '\'' | '\\'))) => {
                plain.push(kept);
                rest.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
