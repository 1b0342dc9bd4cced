//! Lines of files, with the offsets at which they begin.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::SendError;
use super::events::FileFacts;

/// Filebeat's `message_max_bytes`: what a line has beyond it is left out.
const LINE_BYTES_MAX: u64 = 10 << 20;

/// An open file.
pub(super) struct Source {
    /// What events say of it.
    pub(super) file: FileFacts,
    /// Its size; stdin has none.
    pub(super) bytes: Option<u64>,
    reader: Box<dyn BufRead>,
    offset: u64,
}

impl Source {
    /// Opens a file, or stdin under the name `-`.
    pub(super) fn open(path: &Path) -> Result<Self, SendError> {
        if path.as_os_str() == "-" {
            let file = FileFacts {
                path: "/dev/stdin".to_owned(),
                identity: None,
            };
            return Ok(Self {
                file,
                bytes: None,
                reader: Box::new(io::stdin().lock()),
                offset: 0,
            });
        }
        let cannot = |reason| SendError::File {
            path: path.display().to_string(),
            reason,
        };
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(cannot(io::ErrorKind::IsADirectory.into()));
        }
        let full = std::path::absolute(path).map_err(cannot)?;
        let identity = Some((metadata.dev(), metadata.ino()));
        Ok(Self {
            file: FileFacts {
                path: full.to_string_lossy().into_owned(),
                identity,
            },
            bytes: Some(metadata.len()),
            reader: Box::new(BufReader::new(file)),
            offset: 0,
        })
    }
}

/// Reads the next line without its line end, and returns the offset of its beginning; none at the end.
pub(super) fn read_line(source: &mut Source, line: &mut Vec<u8>) -> Result<Option<u64>, SendError> {
    let begin = source.offset;
    let count = next_line(&mut *source.reader, line).map_err(|error| SendError::File {
        path: source.file.path.clone(),
        reason: error,
    })?;
    source.offset += count;
    Ok((count > 0).then_some(begin))
}

/// Returns how many bytes the line had, its line end and what was left out included.
fn next_line(mut reader: impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut count = reader
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', line)? as u64;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if count == LINE_BYTES_MAX {
        count += reader.skip_until(b'\n')? as u64;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut all = Vec::new();
        let mut line = Vec::new();
        loop {
            match next_line(&mut text, &mut line).unwrap() {
                0 => return all,
                count => all.push((count, line.clone())),
            }
        }
    }

    #[test]
    fn lines_end_with_a_newline_or_with_the_file() {
        assert_eq!(lines(b""), []);
        assert_eq!(
            lines(b"one\n\ntwo\r\n\r\nthr\ree\nlast"),
            [
                (4, b"one".to_vec()),
                (1, Vec::new()),
                (5, b"two".to_vec()),
                (2, Vec::new()),
                (7, b"thr\ree".to_vec()),
                (4, b"last".to_vec()),
            ]
        );
    }

    #[test]
    fn what_a_line_has_too_much_is_left_out_and_counted() {
        let long = vec![b'x'; LINE_BYTES_MAX as usize + 5];
        let found = lines(&[&long[..], b"\nnext\n"].concat());
        assert_eq!(found[0].0, LINE_BYTES_MAX + 6);
        assert_eq!(found[0].1.len() as u64, LINE_BYTES_MAX);
        assert_eq!(found[1], (5, b"next".to_vec()));
    }
}
