//! Settings from outside the file: `SAWMILL_*` variables and `--set` flags.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use super::error::{ConfigError, Place, nearest};
use super::file::{ConfigFile, not_yet};
use super::logstash_names::instead_of;

const PREFIX: &str = "SAWMILL_";

/// The settings among the environment's variables. Values stay texts: a password of digits is still a password.
///
/// Every setting has a table, so its variable has two underscores in a row. What begins with `SAWMILL_` and has none is
/// not ours: Kubernetes tells each container of a service named `sawmill` by `SAWMILL_SERVICE_HOST`, `SAWMILL_PORT` and
/// the like.
pub(super) fn variables(variables: &BTreeMap<String, String>) -> Result<Dict, ConfigError> {
    let mut values = Dict::new();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let place = || Place::Variable { name: name.clone() };
        if rest.contains("__") {
            let key = rest.to_ascii_lowercase().replace("__", ".");
            refuse_unknown(&key, place, variable_of)?;
            insert(&mut values, &key, value);
        } else if let Some(key) = with_more_underscores(name) {
            return Err(ConfigError {
                place: place(),
                problem: format!("not the variable of `{key}`"),
                advice: format!(
                    "write {}: between a table and its key stand two underscores",
                    variable_of(&key)
                ),
            });
        }
    }
    Ok(values)
}

/// The setting that a variable would be of, but for the number of its underscores.
fn with_more_underscores(name: &str) -> Option<String> {
    let single = |key: &String| variable_of(key).replace("__", "_") == name;
    known_keys().into_iter().find(single)
}

/// The settings among the `--set` flags.
pub(super) fn flags(flags: &[(String, String)]) -> Result<Dict, ConfigError> {
    let mut values = Dict::new();
    for (key, value) in flags {
        refuse_unknown(key, || Place::Flag { key: key.clone() }, str::to_owned)?;
        insert(&mut values, key, value);
    }
    Ok(values)
}

/// Filters are among what is refused: they are written in the file.
fn refuse_unknown(
    key: &str,
    place: impl Fn() -> Place,
    spell: impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    let known = known_keys();
    if known.iter().any(|known| known == key) {
        return Ok(());
    }
    let error = |problem: String, advice: String| {
        Err(ConfigError {
            place: place(),
            problem,
            advice,
        })
    };
    if let Some((table, advice)) = not_yet(key) {
        return error(format!("`{table}` is not supported yet"), advice.to_owned());
    }
    let logstash = key
        .rsplit_once('.')
        .and_then(|(table, name)| instead_of(table, name));
    let advice = match (logstash, nearest(key, &known)) {
        (Some(logstash), _) => logstash,
        (None, Some(near)) => format!("did you mean {}?", spell(near)),
        (None, None) => {
            "`sawmill check` lists all that can be set from outside the file".to_owned()
        }
    };
    error(format!("no such setting as `{key}`"), advice)
}

fn insert(values: &mut Dict, key: &str, value: &str) {
    match key.split_once('.') {
        None => {
            values.insert(key.to_owned(), Value::from(value));
        }
        Some((table, rest)) => {
            let entry = values.remove(table).and_then(Value::into_dict);
            let mut inner = entry.unwrap_or_default();
            insert(&mut inner, rest, value);
            values.insert(table.to_owned(), Value::from(inner));
        }
    }
}

pub(super) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn known_keys() -> Vec<String> {
    let mut all = Vec::new();
    let values = Value::serialize(ConfigFile::default())
        .ok()
        .and_then(Value::into_dict);
    leaves("", &values.unwrap_or_default(), &mut all);
    all.into_iter().map(|(key, _)| key).collect()
}

/// All values that are no tables, with their paths.
pub(super) fn leaves(path: &str, values: &Dict, all: &mut Vec<(String, Value)>) {
    for (key, value) in values {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match value {
            Value::Dict(_, inner) => leaves(&path, inner, all),
            Value::Array(..)
            | Value::Bool(..)
            | Value::Char(..)
            | Value::Empty(..)
            | Value::Num(..)
            | Value::String(..) => all.push((path, value.clone())),
        }
    }
}
