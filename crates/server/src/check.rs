//! `sawmill check`: what holds, where each setting came from, and how each grok pattern is matched.

use std::fmt::Write;

use figment::value::Value;
use sawmill_grok::{Engine, Grok};
use sawmill_pipeline::config::FilterConfig;
use serde::Serialize;

use crate::config::{Config, Layers, Output, Setting};

/// What `check` has to say about valid settings.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The file that was read.
    file: String,
    /// Which output is used.
    output: &'static str,
    settings: Vec<SettingLine>,
    filters: Vec<FilterLine>,
}

#[derive(Serialize)]
struct SettingLine {
    key: String,
    value: Value,
    /// Where it was written.
    from: String,
}

#[derive(Serialize)]
struct FilterLine {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Where it was written.
    from: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<PatternLine>,
}

#[derive(Serialize)]
struct PatternLine {
    pattern: String,
    engine: &'static str,
    /// What the pattern has that only a backtracking engine can match.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Steps after which a match is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_max: Option<usize>,
    /// All of it in words.
    #[serde(skip)]
    how: String,
}

impl Report {
    /// Gathers what there is to say.
    pub(crate) fn new(layers: &Layers, config: &Config) -> Self {
        let mut groks = config.chain.groks();
        let line = |(index, filter): (usize, &FilterConfig)| {
            let patterns = match filter {
                FilterConfig::Grok(grok) => {
                    let engines = groks.next().into_iter().flat_map(Grok::engines);
                    grok.patterns
                        .iter()
                        .zip(engines)
                        .map(PatternLine::new)
                        .collect()
                }
                FilterConfig::Categorize(_)
                | FilterConfig::Date(_)
                | FilterConfig::First(_)
                | FilterConfig::Gate(_)
                | FilterConfig::Set(_) => Vec::new(),
            };
            let from = layers.place(&format!("filter.{index}")).to_string();
            FilterLine {
                kind: kind(filter),
                from,
                patterns,
            }
        };
        Self {
            file: layers.name.clone(),
            output: match config.output {
                Output::Elasticsearch(_) => "elasticsearch",
                Output::Local(_) => "local",
            },
            filters: config.filters.iter().enumerate().map(line).collect(),
            settings: layers
                .settings()
                .into_iter()
                .map(SettingLine::new)
                .collect(),
        }
    }

    /// For scripts.
    pub(crate) fn json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{} is valid; events go to output.{}\n\nSettings\n",
            self.file, self.output
        );
        let rows: Vec<[String; 3]> = self.settings.iter().map(SettingLine::row).collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let (keys, values) = (width(0), width(1));
        for [key, value, from] in &rows {
            let _ = writeln!(text, "  {key:keys$}  {value:values$}  {from}");
        }
        text.push_str("\nFilters\n");
        for (number, filter) in (1..).zip(&self.filters) {
            let _ = writeln!(text, "  {number}. {}  {}", filter.kind, filter.from);
            for pattern in &filter.patterns {
                let _ = writeln!(
                    text,
                    "     {}\n       matched {}",
                    pattern.pattern, pattern.how
                );
            }
        }
        text
    }
}

impl SettingLine {
    fn new(setting: Setting) -> Self {
        Self {
            key: setting.key,
            value: setting.value,
            from: setting.place.to_string(),
        }
    }

    /// As it would be written in TOML; what is not set has no value there.
    fn row(&self) -> [String; 3] {
        let value = match &self.value {
            Value::Empty(..) => "-".to_owned(),
            value => serde_json::to_string(value).unwrap_or_default(),
        };
        [self.key.clone(), value, self.from.clone()]
    }
}

impl PatternLine {
    fn new((pattern, engine): (&String, Engine)) -> Self {
        let (engine, reason, steps_max, how) = match engine {
            Engine::Fields => (
                "fields",
                None,
                None,
                "as fields between delimiters, without a regex".to_owned(),
            ),
            Engine::Linear => ("linear", None, None, "in linear time".to_owned()),
            Engine::Backtracking { steps_max, reason } => {
                let how = format!(
                    "by backtracking, because of its {reason}; given up after {steps_max} steps"
                );
                ("backtracking", Some(reason), Some(steps_max), how)
            }
        };
        Self {
            pattern: pattern.clone(),
            engine,
            reason,
            steps_max,
            how,
        }
    }
}

fn kind(filter: &FilterConfig) -> &'static str {
    match filter {
        FilterConfig::Categorize(_) => "categorize",
        FilterConfig::Date(_) => "date",
        FilterConfig::First(_) => "first",
        FilterConfig::Gate(_) => "gate",
        FilterConfig::Grok(_) => "grok",
        FilterConfig::Set(_) => "set",
    }
}
