//! Events from files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use thiserror::Error;

use super::generator::Generator;

/// The lines of files, as events.
///
/// A line that starts with `{` and is a JSON object is an event, and is sent as it is. Every other line becomes the
/// message of a generated event, as if Filebeat had read it. Empty lines are left out, as Filebeat leaves them out.
#[derive(Clone, Debug)]
pub struct FileEvents {
    generator: Generator,
    lines: Vec<EventLine>,
}

#[derive(Clone, Debug)]
enum EventLine {
    Event(String),
    Message(String),
}

/// A file whose lines cannot be sent.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is nothing to send.
    #[error("{} has no lines\nname a file of log lines, or of JSON events, one a line", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is no text.
    #[error("{}, line {line}: this is no text: {reason}\nname a file of log lines, or of JSON events, one a line; \
         unpack it first if it is compressed", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What stands there instead.
        reason: &'static str,
    },
    /// The line is longer than Filebeat would send.
    #[error("{}, line {line}: more than {limit_bytes} bytes, which Filebeat would cut\nname a file of log lines", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Filebeat's limit.
        limit_bytes: u64,
    },
    /// The system does not let us.
    #[error("{} cannot be read: {reason}\nname files that are there and readable", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// Filebeat's `message_max_bytes`.
const LINE_BYTES_MAX: u64 = 10 * 1024 * 1024;

impl FileEvents {
    /// Reads lines of these files, in this order, until there are `events_max`; what lies beyond is not looked at.
    ///
    /// # Errors
    /// If a file cannot be read, is empty, or is no text.
    pub fn read(
        paths: &[PathBuf],
        events_max: u64,
        generator: Generator,
    ) -> Result<Self, FileError> {
        let mut lines = Vec::new();
        for path in paths {
            let file = File::open(path).map_err(|reason| FileError::Unreadable {
                path: path.clone(),
                reason,
            })?;
            read_lines(path, BufReader::new(file), events_max, &mut lines)?;
        }
        Ok(Self { generator, lines })
    }

    /// Appends the event with this number to `out`; after the last comes the first again.
    pub fn event(&self, number: u64, out: &mut Vec<u8>) {
        match &self.lines[(number % self.len()) as usize] {
            EventLine::Event(json) => out.extend_from_slice(json.as_bytes()),
            EventLine::Message(line) => self.generator.event_of_line(number, line, out),
        }
    }

    /// Events there are.
    #[expect(
        clippy::len_without_is_empty,
        reason = "files without lines are refused"
    )]
    pub fn len(&self) -> u64 {
        self.lines.len() as u64
    }
}

fn read_lines(
    path: &Path,
    mut file: impl BufRead,
    events_max: u64,
    lines: &mut Vec<EventLine>,
) -> Result<(), FileError> {
    let (mut line, mut bytes, before) = (0, Vec::new(), lines.len());
    while (lines.len() as u64) < events_max {
        bytes.clear();
        line += 1;
        let read = file
            .by_ref()
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut bytes);
        let read = read.map_err(|reason| FileError::Unreadable {
            path: path.to_owned(),
            reason,
        })?;
        if read == 0 {
            break;
        }
        if read as u64 > LINE_BYTES_MAX {
            return Err(FileError::TooLong {
                path: path.to_owned(),
                line,
                limit_bytes: LINE_BYTES_MAX,
            });
        }
        let no_text = |reason| FileError::NoText {
            path: path.to_owned(),
            line,
            reason,
        };
        let text = str::from_utf8(&bytes).map_err(|_| no_text("it is not UTF-8"))?;
        if text.contains('\0') {
            return Err(no_text("it has zero bytes"));
        }
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.is_empty() {
            lines.push(event_line(text));
        }
    }
    if lines.len() == before && (before as u64) < events_max {
        return Err(FileError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn event_line(text: &str) -> EventLine {
    let object = text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok();
    if object {
        EventLine::Event(text.trim_end().to_owned())
    } else {
        EventLine::Message(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Shape;

    fn read(text: &[u8], events_max: u64) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, text).unwrap();
        let generator = Generator::new(1, Shape::default());
        let events = FileEvents::read(&[path], events_max, generator)
            .map_err(|error| error.to_string().lines().next().unwrap().to_owned())?;
        Ok((0..events.len())
            .map(|number| {
                let mut out = Vec::new();
                events.event(number, &mut out);
                String::from_utf8(out).unwrap()
            })
            .collect())
    }

    #[test]
    fn an_object_is_an_event_and_all_else_a_message() {
        let events = read(
            b"{\"message\": \"as it is\"}\r\nINFO|a|b\n\n{no json\n[1]\n{\"a\":1} x",
            99,
        )
        .unwrap();
        assert_eq!(events[0], "{\"message\": \"as it is\"}");
        let messages = [r"INFO|a|b", "{no json", "[1]", r#"{\"a\":1} x"#];
        assert_eq!(events.len(), 1 + messages.len());
        for (event, message) in events[1..].iter().zip(messages) {
            assert!(
                event.contains(&format!(r#""message":"{message}""#)),
                "{event}"
            );
            assert!(
                event.contains(r#""@metadata":{"beat":"filebeat""#),
                "{event}"
            );
        }
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        assert_eq!(read(b"a\nb\n\xff", 2).unwrap().len(), 2);
    }

    #[test]
    fn files_that_are_no_logs_are_refused() {
        for (text, want) in [
            (&b""[..], "has no lines"),
            (b"\n\r\n", "has no lines"),
            (
                b"a\n\x1f\x8b\x08",
                "line 2: this is no text: it is not UTF-8",
            ),
            (b"PK\0\0", "line 1: this is no text: it has zero bytes"),
            (
                &vec![b'a'; LINE_BYTES_MAX as usize + 1],
                "line 1: more than 10485760 bytes",
            ),
        ] {
            let said = read(text, 99).unwrap_err();
            assert!(said.contains(want), "{said}");
        }
        let missing = FileEvents::read(
            &[PathBuf::from("/nowhere/app.log")],
            1,
            Generator::new(1, Shape::default()),
        );
        assert!(matches!(missing, Err(FileError::Unreadable { .. })));
    }
}
