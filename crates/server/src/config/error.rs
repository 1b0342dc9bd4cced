//! Errors that say where, what, and what to do.

use std::fmt;

use figment::error::{Actual, Kind};
use thiserror::Error;

use super::logstash_names::instead_of;

/// What is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place}: {problem}\n{advice}")]
pub(crate) struct ConfigError {
    /// Where it was written.
    pub(crate) place: Place,
    /// What is wrong.
    pub(crate) problem: String,
    /// What to do.
    pub(crate) advice: String,
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Default,
    /// In a file.
    File {
        /// Its name.
        name: String,
        /// The line, if there is one to blame; the first is 1.
        line: Option<usize>,
    },
    /// In a `--set` flag.
    Flag {
        /// The setting.
        key: String,
    },
    /// In an environment variable.
    Variable {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line: None } | Self::Variable { name } => f.write_str(name),
            Self::File {
                name,
                line: Some(line),
            } => write!(f, "{name}:{line}"),
            Self::Flag { key } => write!(f, "--set {key}"),
        }
    }
}

/// From 0, nothing in common, to 1, the same; below this a suggestion would be a guess.
const LIKENESS_MIN: f64 = 0.5;

/// Whether a setting must not be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    ["password", "api_key", "passphrase"]
        .iter()
        .any(|secret| key.ends_with(secret))
}

/// Puts figment's findings about the setting `key` into our words: the problem, and what to do.
pub(super) fn explain(key: &str, kind: &Kind) -> (String, String) {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    match kind {
        Kind::UnknownField(name, known) => (
            format!("unknown key `{name}`{}", of_table(key)),
            key.rsplit_once('.')
                .and_then(|(table, _)| instead_of(table, name))
                .unwrap_or_else(|| suggest(name, known)),
        ),
        Kind::UnknownVariant(name, known) if leaf == "type" || key.starts_with("filter.") => (
            format!("unknown filter type `{name}`"),
            suggest(name, known),
        ),
        Kind::UnknownVariant(name, known) => {
            (format!("`{key}` cannot be `{name}`"), suggest(name, known))
        }
        Kind::MissingField(name) => (
            format!("the key `{name}` is missing"),
            format!("add a line `{name} = …`"),
        ),
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => (
            format!("`{key}` is {}", found_in_words(key, found)),
            format!("give {}", wanted_in_words(wanted)),
        ),
        Kind::Message(text)
            if text.starts_with("data did not match any variant of untagged enum") =>
        {
            (
                format!("`{key}` has a value that is not taken here"),
                "give a text, a number, true or false".to_owned(),
            )
        }
        Kind::Message(_)
        | Kind::InvalidLength(..)
        | Kind::DuplicateField(_)
        | Kind::ISizeOutOfRange(_)
        | Kind::USizeOutOfRange(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..) => (
            format!("`{key}`: {kind}"),
            "see `sawmill check --help`".to_owned(),
        ),
    }
}

fn of_table(key: &str) -> String {
    match key.rsplit_once('.') {
        Some((table, _)) if table.starts_with("filter.") => String::new(),
        Some((table, _)) => format!(" in [{table}]"),
        None => String::new(),
    }
}

/// The nearest of the known names, or all of them.
fn suggest(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The known name that is most like this one, if it is like it at all.
pub(super) fn nearest<'a>(name: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(name, known);
    known
        .iter()
        .map(AsRef::as_ref)
        .filter(|known| likeness(known) >= LIKENESS_MIN)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

fn found_in_words(key: &str, found: &Actual) -> String {
    match found {
        _ if is_secret(key) => "not a text".to_owned(),
        Actual::Str(text) => format!("`{text}`"),
        Actual::Bool(truth) => format!("`{truth}`"),
        Actual::Unsigned(number) => format!("`{number}`"),
        Actual::Signed(number) => format!("`{number}`"),
        Actual::Float(number) => format!("`{number}`"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

fn wanted_in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" | "path string" => "a text, in quotes",
        _ if wanted.starts_with("struct ") => "a table of settings",
        _ => wanted,
    }
}
