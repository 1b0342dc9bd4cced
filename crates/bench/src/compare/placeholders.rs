//! `{listen}` and the like in commands and variables.

use std::path::Path;

/// What a contender is told, under the names that its command and its variables may use.
#[derive(Clone, Debug)]
pub(super) struct Values(Vec<(&'static str, String)>);

/// Every name, and what it stands for.
const NAMES: [&str; 9] = [
    "cpus", "dir", "files", "host", "listen", "pipeline", "port", "self", "sink",
];

impl Values {
    /// `listen` is a port of this machine; `sink` is `HOST:PORT`, and empty for a contender that stores nothing.
    pub(super) fn new(
        listen: u16,
        sink: String,
        cpus: usize,
        [dir, files, pipeline, program]: [&Path; 4],
    ) -> Self {
        let path = |path: &Path| path.display().to_string();
        Self(vec![
            ("cpus", cpus.to_string()),
            ("dir", path(dir)),
            ("files", path(files)),
            ("host", "127.0.0.1".to_owned()),
            ("listen", format!("127.0.0.1:{listen}")),
            ("pipeline", path(pipeline)),
            ("port", listen.to_string()),
            ("self", path(program)),
            ("sink", sink),
        ])
    }

    /// The text with all placeholders replaced. Those that it does not know stay: [`check`] has refused them.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// Finds a placeholder that nobody fills in: a word in braces that is none of ours.
pub(super) fn check(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('{') {
        // `${VARIABLE}` is for a shell.
        let for_shell = text[..at].ends_with('$');
        let rest = &text[at + 1..];
        let word = rest.split('}').next().unwrap_or_default();
        let is_word = word.len() < rest.len()
            && !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_word && !for_shell && !NAMES.contains(&word) {
            return Err(format!(
                "`{{{word}}}` stands for nothing; there are {}",
                NAMES.map(|name| format!("{{{name}}}")).join(", ")
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::new(
            5044,
            "127.0.0.1:9200".to_owned(),
            2,
            ["/dir", "/files", "/pipeline", "/self"].map(Path::new),
        )
    }

    #[test]
    fn every_name_is_filled_in() {
        for name in NAMES {
            let text = format!("{{{name}}}");
            assert_ne!(values().fill(&text), text);
            assert_eq!(check(&text), Ok(()));
        }
        assert_eq!(
            values().fill("http://{sink} {listen} {host}:{port} {cpus} {unknown}"),
            "http://127.0.0.1:9200 127.0.0.1:5044 127.0.0.1:5044 2 {unknown}"
        );
    }

    #[test]
    fn a_placeholder_that_does_not_exist_is_refused_and_other_braces_are_not() {
        for text in ["{sinks}", "x{lissten}y", "{listen} {no}"] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in [
            "{",
            "{}",
            "{listen",
            r#"{"a": 1}"#,
            "${home}",
            "{A B}",
            "%{[a][b]}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
