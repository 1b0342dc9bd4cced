//! The layers that settings come from, and which of them each setting came from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use figment::providers::Serialized;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::error::{ConfigError, Place, explain, is_secret};
use super::file::{self, ConfigFile};
use super::overrides::{flags, leaves, variable_of, variables};
use super::text::TomlText;
use super::usual_file::{unreadable, usual_file};

const BUILT_IN: &str = include_str!("../../../../pipeline.toml");
const BUILT_IN_NAME: &str = "built-in pipeline.toml";

/// What [`Layers`] are read from. Not to be shown: there are secrets among the variables.
pub(crate) struct Sources {
    /// The file that was named, by flag or variable.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) variables: BTreeMap<String, String>,
    /// `--set KEY=VALUE`
    pub(crate) flags: Vec<(String, String)>,
}

impl Sources {
    /// The environment of this process, and what was given on the command line.
    pub(crate) fn new(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            file,
            variables: std::env::vars_os().filter_map(text).collect(),
            flags,
        }
    }
}

/// Defaults, file, variables and flags over each other.
pub(crate) struct Layers {
    figment: Figment,
    text: TomlText,
    /// What the file is called.
    pub(crate) name: String,
}

/// One setting as it holds.
pub(crate) struct Setting {
    /// Its path: `input.beats.listen`.
    pub(crate) key: String,
    /// What it is, secrets masked.
    pub(crate) value: Value,
    /// Where it was written.
    pub(crate) place: Place,
}

impl Layers {
    /// Reads all layers.
    pub(crate) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let (name, text) = read_file(sources.file.as_deref())?;
        Self::lay(name, &text, sources)
    }

    fn lay(name: String, text: &str, sources: &Sources) -> Result<Self, ConfigError> {
        let text = TomlText::parse(&name, text)?;
        let values = text.values(|name| sources.variables.get(name).cloned())?;
        let figment = Figment::from(Serialized::defaults(ConfigFile::default()))
            .merge(Layer { name: FILE, values })
            .merge(Layer {
                name: VARIABLES,
                values: variables(&sources.variables)?,
            })
            .merge(Layer {
                name: FLAGS,
                values: flags(&sources.flags)?,
            });
        Ok(Self {
            figment,
            text,
            name,
        })
    }

    /// What they add up to.
    pub(crate) fn add_up(&self) -> Result<ConfigFile, ConfigError> {
        for (key, advice) in file::NOT_YET {
            if self.figment.contains(key) {
                return Err(self.error(key, format!("`{key}` is not supported yet"), advice));
            }
        }
        self.figment
            .extract_lossy()
            .map_err(|error| self.explain("", &error))
    }

    /// Puts figment's error about something below `path` into our words.
    pub(super) fn explain(&self, path: &str, error: &figment::Error) -> ConfigError {
        let steps = error.path.iter().map(String::as_str);
        let steps = Some(path)
            .filter(|path| !path.is_empty())
            .into_iter()
            .chain(steps);
        let key = steps.collect::<Vec<_>>().join(".");
        let (problem, advice) = explain(&key, &error.kind);
        let layer = error
            .metadata
            .as_ref()
            .map_or(FILE, |metadata| metadata.name.as_ref());
        ConfigError {
            place: self.place_in(layer, &key),
            problem,
            advice,
        }
    }

    /// An error about the setting `key`.
    pub(super) fn error(
        &self,
        key: &str,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            place: self.place(key),
            problem: problem.into(),
            advice: advice.into(),
        }
    }

    /// Where a setting was written.
    pub(crate) fn place(&self, key: &str) -> Place {
        // figment does not look into lists; what is in one was written where the list was.
        let mut known = key;
        loop {
            if let Some(metadata) = self.figment.find_metadata(known) {
                let is_in_file = metadata.name == FILE;
                return self.place_in(&metadata.name, if is_in_file { key } else { known });
            }
            match known.rsplit_once('.') {
                Some((list, _)) => known = list,
                None => return Place::Default,
            }
        }
    }

    fn place_in(&self, layer: &str, key: &str) -> Place {
        match layer {
            FILE => self.text.place(key),
            VARIABLES => Place::Variable {
                name: variable_of(key),
            },
            FLAGS => Place::Flag {
                key: key.to_owned(),
            },
            _ => Place::Default,
        }
    }

    /// All settings but the filters, in the order of their keys.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let mut all = Vec::new();
        let values = self
            .figment
            .extract::<Value>()
            .ok()
            .and_then(Value::into_dict);
        leaves("", &values.unwrap_or_default(), &mut all);
        let all = all.into_iter().filter(|(key, _)| key != "filter");
        all.map(|(key, value)| {
            let hidden = is_secret(&key) && value.as_str().is_some_and(|text| !text.is_empty());
            let value = if hidden {
                Value::from("********")
            } else {
                value
            };
            Setting {
                place: self.place(&key),
                key,
                value,
            }
        })
        .collect()
    }
}

const FILE: &str = "file";
const VARIABLES: &str = "variables";
const FLAGS: &str = "flags";

/// Values under the name by which their origin is found again.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn read_file(named: Option<&Path>) -> Result<(String, String), ConfigError> {
    let path = match named {
        Some(path) => Some(path.to_owned()),
        None => usual_file()?,
    };
    let Some(path) = path else {
        return Ok((BUILT_IN_NAME.to_owned(), BUILT_IN.to_owned()));
    };
    let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    Ok((path.display().to_string(), text))
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::super::Config;
    use super::*;

    /// What a mutation puts in: characters that mean something in TOML, grok, conditions or placeholders.
    const CHARACTERS: &[char] = &[
        '[',
        ']',
        '"',
        '\'',
        '\n',
        '=',
        '.',
        '#',
        '{',
        '}',
        '$',
        '%',
        '(',
        '|',
        '\\',
        '0',
        'x',
        ' ',
        '\u{1F600}',
    ];

    fn mutate(text: &str, random: &mut Rng) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..characters.len());
            match random.u8(..3) {
                0 => characters[at] = CHARACTERS[random.usize(..CHARACTERS.len())],
                1 => characters.insert(at, CHARACTERS[random.usize(..CHARACTERS.len())]),
                _ => {
                    let end = (at + random.usize(1..20)).min(characters.len());
                    characters.drain(at..end);
                }
            }
        }
        characters.into_iter().collect()
    }

    #[test]
    fn no_text_makes_it_panic_and_every_mistake_in_it_has_a_line() {
        let sources = Sources {
            file: None,
            variables: BTreeMap::new(),
            flags: Vec::new(),
        };
        let mut random = Rng::with_seed(1);
        let mut mistakes = 0;
        for _ in 0..1000 {
            let text = mutate(BUILT_IN, &mut random);
            let checked = Layers::lay("f".to_owned(), &text, &sources);
            let Err(error) = checked.and_then(|layers| Config::check(&layers)) else {
                continue;
            };
            mistakes += 1;
            assert!(
                matches!(error.place, Place::File { line: Some(_), .. }),
                "{error}\n{text}"
            );
        }
        assert!(mistakes > 200, "{mistakes}");
    }
}
