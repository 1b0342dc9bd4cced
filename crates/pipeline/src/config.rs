//! What a user writes under `[[filter]]`. The doc comments are the manual's text.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// One `[[filter]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FilterConfig {
    /// Sets fields by the first rule that a field's text meets.
    Categorize(CategorizeConfig),
    /// Reads a time from a field into `@timestamp`.
    Date(DateConfig),
    /// Puts the first element of a list in the list's place.
    First(FirstConfig),
    /// Lets events pass that meet its condition; the others are acknowledged and dropped.
    Gate(GateConfig),
    /// Takes a text apart by patterns.
    Grok(GrokConfig),
    /// Sets fields to texts, numbers or templates.
    Set(SetConfig),
}

/// `type = "categorize"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategorizeConfig {
    /// Condition under which the filter runs.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// The field that the rules look at.
    pub field: String,
    /// Rules in order; the first that is met wins. Any number costs the same.
    pub rules: Vec<RuleConfig>,
    /// What is set when no rule is met, or the field is missing.
    #[serde(default)]
    pub otherwise: BTreeMap<String, Literal>,
}

/// One rule of `categorize`: exactly one of `equals`, `matches`, `prefix`, `suffix`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// The whole text.
    pub equals: Option<String>,
    /// A regular expression, searched anywhere in the text.
    pub matches: Option<String>,
    /// The text's beginning.
    pub prefix: Option<String>,
    /// The text's end.
    pub suffix: Option<String>,
    /// Fields to set.
    pub set: BTreeMap<String, Literal>,
}

/// `type = "date"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateConfig {
    /// Condition under which the filter runs.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// The field that holds the time. When it is missing nothing happens.
    pub field: String,
    /// `ISO8601`, `UNIX`, `UNIX_MS` or Joda patterns, tried in order.
    pub formats: Vec<String>,
    /// A field with the digits of the second's fraction, for formats that keep them apart.
    pub milliseconds: Option<String>,
    /// Tags for a text that no format fits.
    #[serde(default = "date_failure")]
    pub tag_on_failure: Vec<String>,
    /// The field to set.
    #[serde(default = "timestamp")]
    pub target: String,
    /// Zone of times that name none: an IANA name such as `Europe/Amsterdam`, or `UTC`.
    #[serde(default = "utc")]
    pub timezone: String,
}

/// `type = "first"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstConfig {
    /// Condition under which the filter runs.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// The field. What is no list stays as it is; an empty list is removed.
    pub field: String,
}

/// `type = "gate"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// The condition that lets an event pass.
    #[serde(rename = "if")]
    pub condition: String,
}

/// `type = "grok"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrokConfig {
    /// Condition under which the filter runs.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// The field to take apart.
    #[serde(default = "message")]
    pub field: String,
    /// Patterns in order; the first that matches wins.
    pub patterns: Vec<String>,
    /// Own patterns by name.
    #[serde(default)]
    pub definitions: BTreeMap<String, String>,
    /// Folders or files with own patterns, one `NAME pattern` a line.
    #[serde(default)]
    pub patterns_dir: Vec<PathBuf>,
    /// Which pattern library: the names of the Elastic Common Schema, or those from before it.
    #[serde(default)]
    pub library: LibraryConfig,
    /// Fields that a capture replaces. In any other field that is there already the capture is
    /// added, which makes a list of it.
    #[serde(default)]
    pub overwrite: Vec<String>,
    /// Tags for a text that no pattern matches.
    #[serde(default = "grok_failure")]
    pub tag_on_failure: Vec<String>,
    /// Tags for a text on which a backtracking pattern ran into its limit of steps.
    #[serde(default = "grok_timeout")]
    pub tag_on_timeout: Vec<String>,
}

/// The flavour of the pattern library.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryConfig {
    /// Names of the Elastic Common Schema, Logstash's default since 8.0.
    #[default]
    EcsV1,
    /// The names from before.
    Legacy,
}

/// `type = "set"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetConfig {
    /// Condition under which the filter runs.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// Fields and their new values.
    pub fields: BTreeMap<String, Literal>,
}

/// A value to set: a text may hold `%{field}` and `%{+date pattern}`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text or template.
    Text(String),
}

fn date_failure() -> Vec<String> {
    vec!["_dateparsefailure".to_owned()]
}

fn grok_failure() -> Vec<String> {
    vec!["_grokparsefailure".to_owned()]
}

fn grok_timeout() -> Vec<String> {
    vec!["_groktimeout".to_owned()]
}

fn message() -> String {
    "message".to_owned()
}

fn timestamp() -> String {
    "@timestamp".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}
