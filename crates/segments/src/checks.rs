//! The checksums beside a segment: `…1.crc` next to `…1.ndjson`.
//!
//! A line says `LENGTH CHECKSUM`: the segment's first LENGTH bytes have this CRC-32 (IEEE, in eight hexadecimal digits). One
//! is added after each sync and not synced itself, so the last ones may be missing after a crash: what no line covers is
//! unverified, which is no reason to doubt it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

const EXTENSION: &str = "crc";

/// Longer than any good line.
const LINE_BYTES_MAX: usize = 64;

/// Where the checksums of a segment are.
pub(crate) fn path(segment: &Path) -> PathBuf {
    segment.with_extension(EXTENSION)
}

/// What a line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

impl Check {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let (bytes, crc) = line.strip_suffix('\n')?.split_once(' ')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if crc.len() != 8 || !digits(crc) || !digits(bytes) {
            return None;
        }
        Some(Self {
            bytes: bytes.parse().ok()?,
            crc: u32::from_str_radix(crc, 16).ok()?,
        })
    }
}

/// Adds checksums while a segment is written.
#[derive(Debug)]
pub(crate) struct CheckWriter {
    /// None after a write that failed: half a line may stand there, and nothing after it would be read.
    file: Option<File>,
    hasher: Hasher,
}

impl CheckWriter {
    /// Begins with an empty segment. Without a file there are no checksums, which is no reason not to keep lines.
    pub(crate) fn create(segment: &Path) -> Self {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path(segment));
        Self {
            file: file.ok(),
            hasher: Hasher::new(),
        }
    }

    /// Goes on after `last`, the last good line, which ends at `end`.
    pub(crate) fn resume(segment: &Path, last: Check, end: u64) -> Self {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path(segment));
        let file = file.and_then(|file| file.set_len(end).map(|()| file));
        Self {
            file: file.ok(),
            hasher: Hasher::new_with_initial_len(last.crc, last.bytes),
        }
    }

    /// Takes in what was appended to the segment.
    pub(crate) fn add(&mut self, lines: &[u8]) {
        self.hasher.update(lines);
    }

    /// Writes a line for a segment of so many bytes, which are synced.
    pub(crate) fn write(&mut self, bytes: u64) {
        let crc = self.hasher.clone().finalize();
        let written = self.file.as_mut().map(|file| {
            // In one write: a reader in another process sees all of it or nothing.
            file.write_all(format!("{bytes} {crc:08x}\n").as_bytes())
        });
        if !matches!(written, Some(Ok(()))) {
            self.file = None;
        }
    }
}

/// Reads checksums, as far as they are good.
#[derive(Debug)]
pub(crate) struct Checks {
    file: Option<BufReader<File>>,
    last: Check,
    /// Where the next line begins.
    end: u64,
}

impl Checks {
    /// Those beside a segment. There need not be any, and any that cannot be read tell nothing.
    pub(crate) fn open(segment: &Path) -> Self {
        Self {
            file: File::open(path(segment)).ok().map(BufReader::new),
            last: Check::default(),
            end: 0,
        }
    }

    /// The last good line that was read, and where it ends.
    pub(crate) fn so_far(&self) -> (Check, u64) {
        (self.last, self.end)
    }
}

impl Iterator for Checks {
    type Item = Check;

    /// The next line. A crash may leave anything after the last good one.
    fn next(&mut self) -> Option<Check> {
        let mut line = Vec::new();
        let mut file = self.file.as_mut()?.take(LINE_BYTES_MAX as u64);
        let read = file.read_until(b'\n', &mut line);
        let check = read.ok().and_then(|_| Check::parse(&line));
        match check.filter(|check| check.bytes > self.last.bytes) {
            Some(check) => {
                self.last = check;
                self.end += line.len() as u64;
                Some(check)
            }
            None => {
                self.file = None;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &[u8]) -> Vec<u64> {
        let dir = tempfile::tempdir().unwrap();
        let segment = dir.path().join("1.ndjson");
        fs::write(path(&segment), text).unwrap();
        Checks::open(&segment).map(|check| check.bytes).collect()
    }

    #[test]
    fn checksums_are_read_as_far_as_they_are_good() {
        for (text, want) in [
            (&b"7 0123abcd\n9 00000000\n"[..], &[7, 9][..]),
            (b"", &[]),
            (b"7 0123abcd\n9 000", &[7]),
            (b"7 0123abcd\n9 00000000", &[7]),
            (b"7 0123abcd\n\0\0\0\0\0\0\0\0\0\0\0\n", &[7]),
            (b"7 0123abcd\n7 0123abcd\n", &[7]),
            (b"7 0123abcd\n+9 00000000\n", &[7]),
            (b"7 +123abcd\n", &[]),
            (b"99999999999999999999 00000000\n", &[]),
            (b"\xff\xff 00000000\n", &[]),
            (&[b'1'; 1000], &[]),
        ] {
            assert_eq!(read(text), want, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_checksum_is_the_one_that_other_programs_make() {
        let dir = tempfile::tempdir().unwrap();
        let segment = dir.path().join("1.ndjson");
        let mut writer = CheckWriter::create(&segment);
        writer.add(b"12345");
        writer.add(b"6789");
        writer.write(9);
        // The check value of CRC-32, as python's zlib.crc32(b"123456789") has it.
        assert_eq!(fs::read(path(&segment)).unwrap(), b"9 cbf43926\n");
    }
}
