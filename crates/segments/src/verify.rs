//! Whether a segment still is what was written.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use thiserror::Error;

use crate::checks::{Check, Checks};
use crate::error::SegmentError;
use crate::files::SegmentFile;

/// A stretch of a segment that is not what was written there, or is missing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{}: bytes {} to {} are not what was written there (checksum)",
    path.display(),
    range.start,
    range.end
)]
pub struct Rot {
    /// The segment.
    pub path: PathBuf,
    /// From the first byte of the first line in doubt to one past the last. The bad ones lie somewhere in it.
    pub range: Range<u64>,
}

/// How much is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

impl SegmentFile {
    /// Reads all of the segment and returns what is rotten. What no checksum covers, and a segment without any, is
    /// believed; so is one that was removed since it was listed.
    pub fn verify(&self) -> Result<Vec<Rot>, SegmentError> {
        let mut checks = Checks::open(&self.path);
        let verified =
            File::open(&self.path).and_then(|mut file| verify(&self.path, &mut file, &mut checks));
        match verified {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            verified => verified.map_err(SegmentError::at(&self.path)),
        }
    }
}

/// Reads a segment from its beginning, as far as there are checksums.
pub(crate) fn verify(
    path: &Path,
    file: &mut impl Read,
    checks: &mut Checks,
) -> io::Result<Vec<Rot>> {
    let mut rotten: Vec<Rot> = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut before = Check::default();
    for check in checks {
        // From the checksum of all before on, so that each stretch is judged by itself.
        let mut hasher = Hasher::new_with_initial(before.crc);
        if !hash(file, check.bytes - before.bytes, &mut hasher, &mut chunk)?
            || hasher.finalize() != check.crc
        {
            match rotten.last_mut() {
                Some(rot) if rot.range.end == before.bytes => rot.range.end = check.bytes,
                _ => rotten.push(Rot {
                    path: path.to_owned(),
                    range: before.bytes..check.bytes,
                }),
            }
        }
        before = check;
    }
    Ok(rotten)
}

/// Takes in so many bytes; false if there are not as many.
fn hash(
    file: &mut impl Read,
    mut bytes: u64,
    hasher: &mut Hasher,
    chunk: &mut [u8],
) -> io::Result<bool> {
    while bytes > 0 {
        let most = chunk
            .len()
            .min(usize::try_from(bytes).unwrap_or(usize::MAX));
        let read = match file.read(&mut chunk[..most]) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&chunk[..read]);
        bytes -= read as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::segments::{Segments, Settings};
    use crate::{checks, files, read};

    /// Appended one after the other, and synced each time.
    const WRITTEN: [&str; 3] = ["one\ntwo\n", "three\n", "four\nfive\n"];
    const ALL: &str = "one\ntwo\nthree\nfour\nfive\n";

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            let mut segments = folder.open();
            for lines in WRITTEN {
                segments.append(lines.as_bytes()).unwrap();
                segments.sync().unwrap();
            }
            folder
        }

        fn open(&self) -> Segments {
            Segments::open(self.0.path(), Settings::default()).unwrap()
        }

        fn segment(&self) -> PathBuf {
            files::path(self.0.path(), 1)
        }

        fn checks(&self) -> PathBuf {
            checks::path(&self.segment())
        }

        /// Where each stretch begins and ends.
        fn rotten(&self) -> Vec<(u64, u64)> {
            let files = files::list(self.0.path()).unwrap();
            let rotten = files.iter().flat_map(|file| file.verify().unwrap());
            rotten.map(|rot| (rot.range.start, rot.range.end)).collect()
        }

        fn lines(&self) -> Vec<String> {
            let lines = read(self.0.path()).unwrap();
            lines
                .map(|line| String::from_utf8(line.unwrap()).unwrap())
                .collect()
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.0.path()).unwrap();
            let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
            let mut names: Vec<_> = { entries }
                .map(|entry| name(entry).into_string().unwrap())
                .collect();
            names.sort_unstable();
            names
        }
    }

    #[test]
    fn whatever_byte_changes_is_found_and_nothing_is_deleted() {
        for (at, byte) in ALL.bytes().enumerate() {
            let folder = Folder::new();
            assert_eq!(folder.rotten(), []);
            let mut text = ALL.as_bytes().to_vec();
            text[at] = byte ^ 4;
            fs::write(folder.segment(), &text).unwrap();
            let want = match at {
                0..8 => 0..8,
                8..14 => 8..14,
                _ => 14..24,
            };
            assert_eq!(folder.rotten(), [(want.start, want.end)]);

            let mut segments = folder.open();
            let rot = Rot {
                path: folder.segment(),
                range: want,
            };
            assert_eq!(segments.rotten(), [rot]);
            assert_eq!(segments.bytes(), 24);
            segments.append(b"new\n").unwrap();
            segments.sync().unwrap();
            assert_eq!(fs::read(folder.segment()).unwrap(), text);
            let new = fs::read(files::path(folder.0.path(), 2)).unwrap();
            assert_eq!(new, b"new\n", "a new segment is begun");
        }
    }

    #[test]
    fn stretches_side_by_side_are_one_and_what_is_missing_is_rotten() {
        for (text, want) in [
            ("One\ntwo\nThree\nfour\nfive\n", &[(0, 14)][..]),
            ("One\ntwo\nthree\nfour\nFive\n", &[(0, 8), (14, 24)]),
            ("one\ntwo\nthree\nfour\n", &[(14, 24)]),
            ("one\n", &[(0, 24)]),
            ("", &[(0, 24)]),
        ] {
            let folder = Folder::new();
            fs::write(folder.segment(), text).unwrap();
            assert_eq!(folder.rotten(), want, "{text}");
            assert_eq!(folder.open().rotten().len(), want.len());
            assert_eq!(fs::read_to_string(folder.segment()).unwrap(), text);
        }
    }

    #[test]
    fn what_no_checksum_covers_is_kept_if_it_is_whole_lines_and_covered_from_then_on() {
        let covered = "8 ";
        for (tail, kept) in [
            ("three\nfour\n", "three\nfour\n"),
            ("three\nfo", "three\n"),
            ("three\n\0\0\0\0", "three\n"),
            ("three\n\0\0\0\0\n", "three\n"),
            ("three\nfo\0\0\nfive\n\0\0", "three\nfo\0\0\nfive\n"),
            ("\0\0", ""),
            ("fo", ""),
            ("", ""),
        ] {
            for torn in ["", "14 0123", "\0\0\0\0"] {
                let folder = Folder::new();
                let checks = fs::read_to_string(folder.checks()).unwrap();
                let first = checks.split_inclusive('\n').next().unwrap();
                assert!(first.starts_with(covered));
                fs::write(folder.checks(), format!("{first}{torn}")).unwrap();
                fs::write(folder.segment(), format!("{}{tail}", WRITTEN[0])).unwrap();
                assert_eq!(folder.rotten(), []);
                let mut segments = folder.open();
                assert_eq!(segments.torn_bytes() as usize, tail.len() - kept.len());
                segments.append(b"new\n").unwrap();
                segments.sync().unwrap();
                let want = format!("{}{kept}new\n", WRITTEN[0]);
                assert_eq!(fs::read_to_string(folder.segment()).unwrap(), want);
                assert_eq!(folder.rotten(), []);

                fs::write(folder.segment(), want.to_uppercase()).unwrap();
                assert_eq!(folder.rotten(), [(0, want.len() as u64)]);
            }
        }
    }

    #[test]
    fn a_segment_from_before_there_were_checksums_is_opened_and_gets_some() {
        let folder = Folder::new();
        fs::remove_file(folder.checks()).unwrap();
        assert_eq!(folder.rotten(), []);
        assert_eq!(folder.open().rotten(), []);
        assert_eq!(folder.lines().len(), 5);
        assert!(
            fs::read_to_string(folder.checks())
                .unwrap()
                .starts_with("24 ")
        );
    }

    #[test]
    fn checksums_that_cannot_be_written_or_read_cost_no_line() {
        let folder = Folder::new();
        fs::remove_file(folder.checks()).unwrap();
        fs::create_dir(folder.checks()).unwrap();
        let mut segments = folder.open();
        segments.append(b"six\n").unwrap();
        segments.sync().unwrap();
        assert_eq!(folder.rotten(), []);
        assert_eq!(folder.lines().len(), 6);
    }

    #[test]
    fn checksums_go_with_their_segment_and_are_never_those_of_an_earlier_one() {
        let folder = Folder::new();
        let stale = fs::read(folder.checks()).unwrap();
        crate::purge(folder.0.path(), |_| true).unwrap();
        assert_eq!(folder.names(), ["lock"]);
        fs::write(folder.checks(), stale).unwrap();
        let mut segments = folder.open();
        segments.append(b"new\n").unwrap();
        segments.sync().unwrap();
        assert_eq!(folder.rotten(), []);
        let checks = fs::read_to_string(folder.checks()).unwrap();
        assert!(checks.starts_with("4 ") && checks.lines().count() == 1);
    }
}
