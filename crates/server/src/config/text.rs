//! The TOML text: its values, and the line on which each of them stands.

use figment::value::{Dict, Value};
use toml_edit::{Document, Item, Table, TableLike};

use super::error::{ConfigError, Place};
use super::placeholder::fill_in;

/// A parsed file that still knows its lines.
#[derive(Debug)]
pub(super) struct TomlText {
    name: String,
    document: Document<String>,
}

impl TomlText {
    /// Parses a text; `name` is what errors call it.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        match Document::parse(text.to_owned()) {
            Ok(document) => Ok(Self {
                name: name.to_owned(),
                document,
            }),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let what = error.message().replace('\n', ", ");
                Err(ConfigError {
                    place: Place::File { name: name.to_owned(), line: Some(line(text, at)) },
                    problem: format!("not valid TOML in column {}: {what}", column(text, at)),
                    advice: "texts need quotes, and a key may be given once; the format is described at https://toml.io"
                        .to_owned(),
                })
            }
        }
    }

    /// Where the value with this path stands, or the table nearest to it: `filter.2.patterns.0`.
    pub(super) fn place(&self, path: &str) -> Place {
        let line = self.offset(path).map(|at| line(self.document.raw(), at));
        Place::File {
            name: self.name.clone(),
            line,
        }
    }

    /// All values, with placeholders filled in.
    ///
    /// # Errors
    /// If a placeholder names an undefined variable and has no default.
    pub(super) fn values(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Dict, ConfigError> {
        let fill = |path: &str, text: &str| {
            fill_in(text, &variable).map_err(|name| ConfigError {
                place: self.place(path),
                problem: format!("`{path}` asks for the variable `{name}`, which is not set"),
                advice: format!("set it, or give a default: `${{{name}:default}}`"),
            })
        };
        dict("", self.document.as_table(), &fill)
    }

    fn offset(&self, path: &str) -> Option<usize> {
        let (mut at, mut item, mut rest) = (None, Node::Item(self.document.as_item()), path);
        while let Some((found_at, next, left)) = item.step(rest) {
            at = found_at.or(at);
            (item, rest) = (next, left);
        }
        at
    }
}

/// What a path can lead to.
#[derive(Clone, Copy)]
enum Node<'a> {
    Item(&'a Item),
    Table(&'a dyn TableLike),
    Value(&'a toml_edit::Value),
}

impl<'a> Node<'a> {
    /// One step along a path: where it leads in the text, what is there, and the rest of the path.
    fn step(self, path: &str) -> Option<(Option<usize>, Self, &str)> {
        if let Some(table) = self.table() {
            // Keys may hold dots themselves, so the longest that fits is taken.
            let ends = path
                .match_indices('.')
                .map(|(at, _)| at)
                .chain([path.len()]);
            return ends.rev().find_map(|end| {
                let (key, item) = table.get_key_value(&path[..end])?;
                Some((
                    key.span().map(|span| span.start),
                    Node::Item(item),
                    after(path, end),
                ))
            });
        }
        let end = path.find('.').unwrap_or(path.len());
        let index: usize = path[..end].parse().ok()?;
        let (span, next) = match self {
            Node::Item(Item::ArrayOfTables(tables)) => {
                let table = tables.get(index)?;
                (table.span(), Node::Table(table))
            }
            Node::Item(Item::Value(value)) | Node::Value(value) => {
                let value = value.as_array()?.get(index)?;
                (value.span(), Node::Value(value))
            }
            Node::Item(Item::None | Item::Table(_)) | Node::Table(_) => return None,
        };
        Some((span.map(|span| span.start), next, after(path, end)))
    }

    fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Node::Item(item) => item.as_table_like(),
            Node::Table(table) => Some(table),
            Node::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
        }
    }
}

fn after(path: &str, end: usize) -> &str {
    path.get(end + 1..).unwrap_or_default()
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(at)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn column(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.chars().rev().take_while(|c| *c != '\n').count() + 1
}

type Fill<'f> = &'f dyn Fn(&str, &str) -> Result<String, ConfigError>;

fn dict(path: &str, table: &dyn TableLike, fill: Fill<'_>) -> Result<Dict, ConfigError> {
    let member = |(key, item): (&str, &Item)| {
        Ok((key.to_owned(), item_value(&join(path, key), item, fill)?))
    };
    table.iter().map(member).collect()
}

fn item_value(path: &str, item: &Item, fill: Fill<'_>) -> Result<Value, ConfigError> {
    match item {
        Item::None => Ok(Value::from(Dict::new())),
        Item::Value(value) => scalar_or_list(path, value, fill),
        Item::Table(table) => dict(path, table, fill).map(Value::from),
        Item::ArrayOfTables(tables) => {
            let one = |(index, table): (usize, &Table)| {
                dict(&join(path, index), table, fill).map(Value::from)
            };
            tables
                .iter()
                .enumerate()
                .map(one)
                .collect::<Result<Vec<_>, _>>()
                .map(Value::from)
        }
    }
}

fn scalar_or_list(
    path: &str,
    value: &toml_edit::Value,
    fill: Fill<'_>,
) -> Result<Value, ConfigError> {
    use toml_edit::Value as Toml;
    Ok(match value {
        Toml::String(text) => Value::from(fill(path, text.value())?),
        Toml::Integer(number) => Value::from(*number.value()),
        Toml::Float(number) => Value::from(*number.value()),
        Toml::Boolean(truth) => Value::from(*truth.value()),
        Toml::Datetime(time) => Value::from(time.value().to_string()),
        Toml::Array(values) => {
            let one = |(index, value)| scalar_or_list(&join(path, index), value, fill);
            Value::from(
                values
                    .iter()
                    .enumerate()
                    .map(one)
                    .collect::<Result<Vec<_>, _>>()?,
            )
        }
        Toml::InlineTable(table) => Value::from(dict(path, table, fill)?),
    })
}

fn join(path: &str, step: impl std::fmt::Display) -> String {
    if path.is_empty() {
        step.to_string()
    } else {
        format!("{path}.{step}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
memory.budget = '1MiB'
[input.beats]
listen = 'x'

[[filter]]
type = 'first'
[[filter]]
type = 'set'
[filter.fields]
'[a.b]' = 1
plain = 2
[[filter]]
type = 'categorize'
rules = [
  { prefix = 'a' },
  { prefix = 'b',
    set = { 'c.d' = 'e' } },
]
";

    #[test]
    fn every_path_has_its_line_or_that_of_what_is_nearest() {
        let text = TomlText::parse("f", TEXT).unwrap();
        for (path, want) in [
            ("memory.budget", Some(2)),
            ("input.beats", Some(3)),
            ("input.beats.listen", Some(4)),
            ("input.beats.nothing", Some(3)),
            ("filter.0", Some(6)),
            ("filter.0.nothing", Some(6)),
            ("filter.1.type", Some(9)),
            ("filter.1.fields", Some(10)),
            ("filter.1.fields.[a.b]", Some(11)),
            ("filter.1.fields.plain", Some(12)),
            ("filter.2.rules.0.prefix", Some(16)),
            ("filter.2.rules.1", Some(17)),
            ("filter.2.rules.1.set.c.d", Some(18)),
            ("filter.3", Some(6)),
            ("nothing", None),
            ("", None),
        ] {
            assert_eq!(
                text.place(path),
                Place::File {
                    name: "f".to_owned(),
                    line: want
                },
                "{path}"
            );
        }
    }

    #[test]
    fn a_syntax_error_has_a_line_and_a_column() {
        let error = TomlText::parse("f", "a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(
            error.place,
            Place::File {
                name: "f".to_owned(),
                line: Some(2)
            }
        );
        assert!(
            error.problem.starts_with("not valid TOML in column 5: "),
            "{}",
            error.problem
        );
    }
}
