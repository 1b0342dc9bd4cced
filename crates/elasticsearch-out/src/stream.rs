//! Names of data streams, checked before anything is sent.
//!
//! Elasticsearch refuses a bad name item by item (`invalid_index_name_exception`); checked here, such an event
//! goes to the dead letters without a round trip, and a name can be written into an action line as it stands:
//! nothing that JSON would escape passes the check.

use std::fmt;

use thiserror::Error;

/// Longest type, dataset or namespace, in bytes: the limit Logstash's elasticsearch output sets.
const PART_BYTES_MAX: usize = 100;
/// Longest name, in bytes: Elasticsearch's limit (`MetadataCreateIndexService`).
const NAME_BYTES_MAX: usize = 255;
/// Characters Elasticsearch forbids anywhere in a name.
const FORBIDDEN: &[u8] = br#"\/*?"<>| ,#:"#;
/// Characters Elasticsearch forbids as the first of a name; a leading dot is for its own hidden streams.
const FORBIDDEN_FIRST: [char; 4] = ['-', '_', '+', '.'];
/// As much of a bad name as an error repeats.
const SHOWN_CHARS_MAX: usize = 100;

/// The three parts of a data stream's name, unchecked, as they stand in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamParts<'a> {
    /// `data_stream.type`, for example `logs`.
    pub kind: &'a str,
    /// `data_stream.dataset`, for example `django`.
    pub dataset: &'a str,
    /// `data_stream.namespace`, for example `pt`.
    pub namespace: &'a str,
}

/// A name `type-dataset-namespace` that Elasticsearch accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamName(String);

impl StreamName {
    /// Checks the parts and joins them.
    pub fn new(parts: &StreamParts<'_>) -> Result<Self, StreamNameError> {
        let StreamParts {
            kind,
            dataset,
            namespace,
        } = *parts;
        check(NamePart::Type, kind)?;
        check(NamePart::Dataset, dataset)?;
        check(NamePart::Namespace, namespace)?;
        if kind.starts_with(FORBIDDEN_FIRST) {
            return Err(StreamNameError::First { name: shown(kind) });
        }
        let name = format!("{kind}-{dataset}-{namespace}");
        if name.len() > NAME_BYTES_MAX {
            return Err(StreamNameError::NameTooLong { bytes: name.len() });
        }
        Ok(Self(name))
    }

    /// Reads a whole name: what stands before its first dash is the type, and behind its last the namespace.
    pub fn parse(name: &str) -> Result<Self, StreamNameError> {
        Self::new(&parts(name))
    }

    /// Three parts that make this name.
    pub fn parts(&self) -> StreamParts<'_> {
        parts(&self.0)
    }

    /// The whole name, as Elasticsearch knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these parts make this name; costs a comparison, no check and no allocation.
    pub fn is(&self, parts: &StreamParts<'_>) -> bool {
        let after = |text: &'_ str, part: &str| -> Option<usize> {
            text.strip_prefix(part)?.strip_prefix('-').map(str::len)
        };
        let name = self.as_str();
        // Parts may hold dashes, so `a-b`+`c` and `a`+`b-c` make the same name; they are the same stream, too.
        after(name, parts.kind)
            .and_then(|left| after(&name[name.len() - left..], parts.dataset))
            .is_some_and(|left| &name[name.len() - left..] == parts.namespace)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(part: NamePart, text: &str) -> Result<(), StreamNameError> {
    if text.is_empty() {
        return Err(StreamNameError::Empty { part });
    }
    if text.len() > PART_BYTES_MAX {
        return Err(StreamNameError::PartTooLong {
            part,
            bytes: text.len(),
        });
    }
    // `%{` passes Elasticsearch's rules, but it is what a template leaves of a field that the event lacks.
    if text.contains("%{") {
        return Err(StreamNameError::Unresolved {
            part,
            text: shown(text),
        });
    }
    for character in text.chars() {
        if character.is_control() || character.is_ascii() && FORBIDDEN.contains(&(character as u8))
        {
            return Err(StreamNameError::Character {
                part,
                character,
                text: shown(text),
            });
        }
        if !character.to_lowercase().eq([character]) {
            return Err(StreamNameError::UpperCase {
                part,
                text: shown(text),
            });
        }
    }
    Ok(())
}

fn parts(name: &str) -> StreamParts<'_> {
    let (kind, rest) = name.split_once('-').unwrap_or((name, ""));
    let (dataset, namespace) = rest.rsplit_once('-').unwrap_or((rest, ""));
    StreamParts {
        kind,
        dataset,
        namespace,
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

/// Which part of a name an error speaks of; displayed as the event's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePart {
    /// `data_stream.type`
    Type,
    /// `data_stream.dataset`
    Dataset,
    /// `data_stream.namespace`
    Namespace,
}

impl fmt::Display for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "data_stream.type",
            Self::Dataset => "data_stream.dataset",
            Self::Namespace => "data_stream.namespace",
        })
    }
}

/// Which rule a name breaks.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamNameError {
    /// One of the characters no index or data stream may have.
    #[error(r#"{part} `{text}` holds {character:?}, and none of \ / * ? " < > | , # : or a space may stand in a name"#)]
    Character {
        /// Where.
        part: NamePart,
        /// The character.
        character: char,
        /// The part's beginning.
        text: String,
    },
    /// Nothing there.
    #[error("{part} is empty")]
    Empty {
        /// Which.
        part: NamePart,
    },
    /// A first character that only Elasticsearch's own indices may have, or none.
    #[error("data_stream.type `{name}` begins with one of - _ + . and a name may not")]
    First {
        /// The type.
        name: String,
    },
    /// Together too long.
    #[error("the data stream's name has {bytes} bytes, limit {NAME_BYTES_MAX}")]
    NameTooLong {
        /// Its length.
        bytes: usize,
    },
    /// One part too long.
    #[error("{part} has {bytes} bytes, limit {PART_BYTES_MAX}")]
    PartTooLong {
        /// Which.
        part: NamePart,
        /// Its length.
        bytes: usize,
    },
    /// A `%{reference}` to a field that the event does not have.
    #[error("{part} `{text}` refers to a field that the event does not have")]
    Unresolved {
        /// Which.
        part: NamePart,
        /// The part's beginning.
        text: String,
    },
    /// Names are lower case.
    #[error("{part} `{text}` has upper case letters, and Elasticsearch takes lower case only")]
    UpperCase {
        /// Which.
        part: NamePart,
        /// The part's beginning.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_has_its_type_before_the_first_dash_and_its_namespace_behind_the_last() {
        let name = StreamName::parse("logs-a-b-pt").unwrap();
        assert_eq!(name.as_str(), "logs-a-b-pt");
        let StreamParts {
            kind,
            dataset,
            namespace,
        } = name.parts();
        assert_eq!((kind, dataset, namespace), ("logs", "a-b", "pt"));
        for text in ["", "logs", "logs-a", "logs--pt", "-a-pt", "logs-A-pt"] {
            assert!(StreamName::parse(text).is_err(), "{text}");
        }
    }

    fn parts<'a>(kind: &'a str, dataset: &'a str, namespace: &'a str) -> StreamParts<'a> {
        StreamParts {
            kind,
            dataset,
            namespace,
        }
    }

    #[test]
    fn a_good_name_is_the_three_parts_joined() {
        for (kind, dataset, namespace, want) in [
            ("logs", "django", "pt", "logs-django-pt"),
            (
                "logs",
                "nginx.access",
                "default",
                "logs-nginx.access-default",
            ),
            ("metrics", "a-b", "é", "metrics-a-b-é"),
            ("logs", "_x", ".y", "logs-_x-.y"),
        ] {
            let name = StreamName::new(&parts(kind, dataset, namespace)).unwrap();
            assert_eq!(name.as_str(), want);
            assert!(name.is(&parts(kind, dataset, namespace)), "{want}");
        }
    }

    #[test]
    fn a_bad_name_says_which_rule_it_breaks() {
        let long = "x".repeat(101);
        let hundred = "x".repeat(100);
        for (kind, dataset, namespace, want) in [
            ("", "django", "pt", "data_stream.type is empty"),
            ("logs", "", "pt", "data_stream.dataset is empty"),
            ("logs", "django", "", "data_stream.namespace is empty"),
            ("logs", "Django", "pt", "`Django` has upper case letters"),
            ("logs", "İ", "pt", "has upper case letters"),
            ("logs", "a b", "pt", "holds ' '"),
            ("logs", "a\"b", "pt", "holds '\"'"),
            ("logs", "a\\b", "pt", "holds '\\\\'"),
            ("logs", "a\nb", "pt", "holds '\\n'"),
            ("logs", "a:b", "pt", "holds ':'"),
            ("logs", "django", "p*", "holds '*'"),
            ("-logs", "django", "pt", "`-logs` begins with"),
            ("_logs", "django", "pt", "begins with"),
            ("+logs", "django", "pt", "begins with"),
            (".logs", "django", "pt", "begins with"),
            (
                "logs",
                &long,
                "pt",
                "data_stream.dataset has 101 bytes, limit 100",
            ),
            (
                &hundred,
                &hundred,
                &hundred,
                "name has 302 bytes, limit 255",
            ),
            (
                "logs",
                "%{[service]}",
                "pt",
                "refers to a field that the event does not have",
            ),
        ] {
            let error = StreamName::new(&parts(kind, dataset, namespace)).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
        }
    }

    #[test]
    fn a_name_is_not_made_by_other_parts() {
        let name = StreamName::new(&parts("logs", "django", "pt")).unwrap();
        for (kind, dataset, namespace) in [
            ("logs", "django", "p"),
            ("logs", "django", "ptx"),
            ("logs", "djang", "pt"),
            ("log", "django", "pt"),
            ("logs", "", "pt"),
            ("", "", ""),
            ("logs-django-pt", "", ""),
            ("metrics", "django", "pt"),
        ] {
            assert!(
                !name.is(&parts(kind, dataset, namespace)),
                "{kind} {dataset} {namespace}"
            );
        }
    }
}
