//! Reads a pipeline's file into steps, and refuses what the oracle does not follow.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::date::Date;
use super::field::Field;
use super::grok::Grok;
use super::{Categorize, Rule, Step, Term, Test, assignments};

/// What the oracle cannot follow.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OracleError {
    /// A condition of another form.
    #[error(
        "the checking sink cannot follow the condition `{text}`: it knows `[field]` and `[field] == \"text\"`, joined by `and`"
    )]
    Condition {
        /// As it is written.
        text: String,
    },
    /// A date format or zone.
    #[error(
        "the checking sink cannot follow the date filter's `{text}`: it knows ISO8601 and yyyy-MM-dd'T'HH:mm:ss in UTC"
    )]
    Date {
        /// As it is written.
        text: String,
    },
    /// A reference of another form.
    #[error(
        "the checking sink cannot follow the field `{text}`: it knows `name` and `[outer][inner]`"
    )]
    Field {
        /// As it is written.
        text: String,
    },
    /// A filter or a key of one, or no TOML at all.
    #[error("the checking sink cannot follow this pipeline: {0}")]
    File(#[from] toml_edit::de::Error),
    /// No filters at all.
    #[error("there is no [[filter]] in it, so there is nothing to check")]
    NoFilters,
    /// A grok pattern with other names or forms.
    #[error(
        "the checking sink cannot follow the pattern `{pattern}`: it knows literal text and DATA, GREEDYDATA, INT, TIMESTAMP_ISO8601 and WORD, each with a field"
    )]
    Pattern {
        /// As it is written.
        pattern: String,
    },
    /// A rule with no test or several.
    #[error(
        "rule {place} of categorize has {tests} tests, where it must have one of equals, prefix and suffix"
    )]
    Rule {
        /// From 1.
        place: usize,
        /// How many it has.
        tests: usize,
    },
    /// A text with a date in it.
    #[error("the checking sink cannot follow the text `{text}`: it knows `%{{field}}` only")]
    Template {
        /// As it is written.
        text: String,
    },
}

/// Everything else in the file says where events come from and go to.
#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "filter")]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Filter {
    Categorize(CategorizeKeys),
    Date(DateKeys),
    First(FirstKeys),
    Gate(GateKeys),
    Grok(GrokKeys),
    Set(SetKeys),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategorizeKeys {
    field: String,
    rules: Vec<RuleKeys>,
    #[serde(default)]
    otherwise: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleKeys {
    equals: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    set: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateKeys {
    field: String,
    milliseconds: Option<String>,
    formats: Vec<String>,
    timezone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstKeys {
    field: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateKeys {
    #[serde(rename = "if")]
    condition: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrokKeys {
    field: String,
    patterns: Vec<String>,
    tag_on_failure: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetKeys {
    fields: BTreeMap<String, String>,
}

/// The steps of a pipeline's file.
pub(super) fn steps(toml: &str) -> Result<Vec<Step>, OracleError> {
    let file: File = toml_edit::de::from_str(toml)?;
    if file.filters.is_empty() {
        return Err(OracleError::NoFilters);
    }
    file.filters.into_iter().map(step).collect()
}

fn step(filter: Filter) -> Result<Step, OracleError> {
    Ok(match filter {
        Filter::Categorize(keys) => Step::Categorize(categorize(keys)?),
        Filter::Date(keys) => Step::Date(date(keys)?),
        Filter::First(keys) => Step::First(Field::parse(&keys.field)?),
        Filter::Gate(keys) => Step::Gate(terms(&keys.condition)?),
        Filter::Grok(keys) => {
            Step::Grok(Grok::new(&keys.field, &keys.patterns, keys.tag_on_failure)?)
        }
        Filter::Set(keys) => Step::Set(assignments(&keys.fields)?),
    })
}

fn categorize(keys: CategorizeKeys) -> Result<Categorize, OracleError> {
    let rules = keys.rules.into_iter().enumerate().map(|(at, rule)| {
        let tests = [
            rule.equals.map(Test::Equals),
            rule.prefix.map(Test::Prefix),
            rule.suffix.map(Test::Suffix),
        ];
        let mut tests: Vec<Test> = tests.into_iter().flatten().collect();
        let count = tests.len();
        match tests.pop() {
            Some(test) if count == 1 => Ok(Rule {
                test,
                set: assignments(&rule.set)?,
            }),
            _ => Err(OracleError::Rule {
                place: at + 1,
                tests: count,
            }),
        }
    });
    Ok(Categorize {
        field: Field::parse(&keys.field)?,
        rules: rules.collect::<Result<_, _>>()?,
        otherwise: assignments(&keys.otherwise)?,
    })
}

fn date(keys: DateKeys) -> Result<Date, OracleError> {
    const FORMATS: [&str; 2] = ["ISO8601", "yyyy-MM-dd'T'HH:mm:ss"];
    let unknown = keys
        .formats
        .iter()
        .find(|format| !FORMATS.contains(&format.as_str()));
    let zone = keys.timezone.filter(|zone| zone != "UTC");
    if let Some(text) = unknown.cloned().or(zone) {
        return Err(OracleError::Date { text });
    }
    // The other format is a case of this one, which alone decides.
    if !keys.formats.iter().any(|format| format == "ISO8601") {
        return Err(OracleError::Date {
            text: keys.formats.join(", "),
        });
    }
    let milliseconds = keys.milliseconds.as_deref().map(Field::parse).transpose()?;
    Date::new(Field::parse(&keys.field)?, milliseconds)
}

fn terms(condition: &str) -> Result<Vec<Term>, OracleError> {
    let refused = || OracleError::Condition {
        text: condition.to_owned(),
    };
    let term = |term: &str| {
        let term = term.trim();
        match term.split_once("==") {
            None if term.starts_with('[') => {
                Ok(Term::There(Field::parse(term).map_err(|_| refused())?))
            }
            Some((field, text)) if field.starts_with('[') => {
                let text = text
                    .trim()
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                let text = text
                    .filter(|text| !text.contains(['"', '\\']))
                    .ok_or_else(refused)?;
                let field = Field::parse(field.trim()).map_err(|_| refused())?;
                Ok(Term::Equals(field, text.to_owned()))
            }
            None | Some(_) => Err(refused()),
        }
    };
    condition.split(" and ").map(term).collect()
}
