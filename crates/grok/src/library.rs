//! Named pattern definitions: the built-in ones, pattern files, and a user's own.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::builtin;
use crate::error::GrokError;

/// Which of Logstash's two sets of definitions a library starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Captures named as before Logstash 8 (`clientip`, `response`).
    Legacy,
    /// Captures named after the Elastic Common Schema (`[source][address]`).
    #[default]
    EcsV1,
}

/// Pattern definitions by name; a later definition replaces an earlier one.
#[derive(Clone, Debug)]
pub struct Library {
    definitions: HashMap<String, String>,
}

impl Library {
    /// The definitions that come with Logstash.
    pub fn new(flavor: Flavor) -> Self {
        let files = match flavor {
            Flavor::Legacy => builtin::LEGACY,
            Flavor::EcsV1 => builtin::ECS_V1,
        };
        let mut library = Self::empty();
        for file in files {
            library.load(file);
        }
        library
    }

    /// No definitions at all.
    pub fn empty() -> Self {
        Self {
            definitions: HashMap::new(),
        }
    }

    /// Adds or replaces one definition.
    pub fn define(&mut self, name: impl Into<String>, definition: impl Into<String>) {
        self.definitions.insert(name.into(), definition.into());
    }

    /// Adds the definitions of one pattern file.
    pub fn load_file(&mut self, path: &Path) -> Result<(), GrokError> {
        let bytes = fs::read(path).map_err(|source| unreadable(path, source))?;
        self.load(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    /// Adds the pattern files of a directory whose names match `glob`, in the order of their names.
    ///
    /// Subdirectories are skipped; a `path` that is a file is loaded as it is, as Logstash does with `patterns_dir`.
    pub fn load_dir(&mut self, path: &Path, glob: &str) -> Result<(), GrokError> {
        if path.is_file() {
            return self.load_file(path);
        }
        let mut files: Vec<PathBuf> = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(|source| unreadable(path, source))?;
        files.retain(|file| {
            let name = file.file_name().and_then(|name| name.to_str());
            file.is_file() && name.is_some_and(|name| glob_matches(glob, name))
        });
        files.sort();
        files.iter().try_for_each(|file| self.load_file(file))
    }

    /// The definition of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.definitions.get(name).map(String::as_str)
    }

    /// All names, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// Adds the definitions of a pattern file's text; lines that define nothing are skipped.
    pub fn load(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim_start();
            // As jls-grok does: a name, blanks, and the rest of the line is the definition, trailing blanks and all.
            if let Some((name, rest)) = line.split_once(|c: char| c.is_ascii_whitespace())
                && !line.starts_with('#')
            {
                self.define(name, rest.trim_start());
            }
        }
    }

    /// The defined name that looks most like `name`, if one does.
    pub(crate) fn nearest(&self, name: &str) -> Option<String> {
        let upper = name.to_uppercase();
        self.names()
            .map(|known| (distance(&upper, known), known))
            .filter(|(distance, _)| *distance <= 2)
            .min()
            .map(|(_, known)| known.to_owned())
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> GrokError {
    GrokError::File {
        path: path.to_owned(),
        source,
    }
}

/// Whether a file name matches a shell glob of `*` and `?`; as in a shell, neither takes a leading dot.
fn glob_matches(glob: &str, name: &str) -> bool {
    fn rest(glob: &[char], name: &[char]) -> bool {
        match glob.split_first() {
            None => name.is_empty(),
            Some(('*', glob)) => (0..=name.len()).any(|taken| rest(glob, &name[taken..])),
            Some(('?', glob)) => !name.is_empty() && rest(glob, &name[1..]),
            Some((c, glob)) => name.first() == Some(c) && rest(glob, &name[1..]),
        }
    }
    let hidden = name.starts_with('.') && !glob.starts_with('.');
    !hidden
        && rest(
            &glob.chars().collect::<Vec<_>>(),
            &name.chars().collect::<Vec<_>>(),
        )
}

/// Edits (insert, delete, replace) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_flavours_are_complete() {
        assert_eq!(Library::new(Flavor::Legacy).names().count(), 317);
        assert_eq!(Library::new(Flavor::EcsV1).names().count(), 361);
    }

    #[test]
    fn pattern_files_follow_the_format_of_logstash() {
        let mut library = Library::empty();
        library.load("# comment\n  A  \\d+ x \n  # B 1\nlonely\n\nC\tc d\nA a\n");
        assert_eq!(library.get("A"), Some("a"));
        assert_eq!(library.get("C"), Some("c d"));
        assert_eq!(library.names().count(), 2);
    }

    #[test]
    fn a_directory_is_filtered_by_its_glob_and_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("10.pat"), "A one").unwrap();
        fs::write(dir.path().join("20.pat"), "A two").unwrap();
        fs::write(dir.path().join("99.txt"), "A three").unwrap();
        fs::create_dir(dir.path().join("30.pat")).unwrap();
        let mut library = Library::empty();
        library.load_dir(dir.path(), "*.pat").unwrap();
        assert_eq!(library.get("A"), Some("two"));
        let missing = library
            .load_dir(&dir.path().join("nowhere"), "*")
            .unwrap_err();
        assert!(missing.to_string().contains("nowhere"), "{missing}");
    }

    #[test]
    fn globs_are_those_of_a_shell() {
        for (glob, name, want) in [
            ("*", "a", true),
            ("*", ".a", false),
            ("*.pat", "a.pat", true),
            ("*.pat", "a.path", false),
            ("?a*", "xab", true),
            ("a", "b", false),
        ] {
            assert_eq!(glob_matches(glob, name), want, "{glob} {name}");
        }
    }
}
