//! Lines kept on disk: append-only segment files, bounded, and recovered after a torn write.
//!
//! A folder holds `00000000000000000001.ndjson`, `…2.ndjson` and so on; the order of the names is the order of the
//! lines. [`Segments`] writes, one process at a time; [`read`] and [`list`] read, at any time; [`purge`] removes whole
//! segments, at any time but the one that is written to. Knows lines and nothing of what is in them; does blocking I/O
//! and starts no threads.
//!
//! Segments are for people and other programs, so their checksums stand beside them, in `00000000000000000001.crc`; see
//! [`Rot`] and [`SegmentFile::verify`].
//!
//! What never happens here: that lines which a successful [`Segments::sync`] covered are changed, or removed without
//! being asked for; that a failed write or sync counts as done. Lines appended after the last sync may be there or not after a crash, so whoever sent
//! them must be able to send them again.
//!
//! ```
//! use sawmill_segments::{Segments, Settings};
//!
//! let folder = tempfile::tempdir()?;
//! let mut segments = Segments::open(folder.path(), Settings::default())?;
//! segments.append(b"{\"n\":1}\n{\"n\":2}\n")?;
//! segments.sync()?;
//! let lines: Result<Vec<Vec<u8>>, _> = sawmill_segments::read(folder.path())?.collect();
//! assert_eq!(lines?, [b"{\"n\":1}", b"{\"n\":2}"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod checks;
mod error;
mod files;
mod lock;
mod purge;
mod read;
mod segment;
mod segments;
mod verify;

pub use error::SegmentError;
pub use files::{SegmentFile, list};
pub use purge::purge;
pub use read::{Lines, read};
pub use segments::{Removed, Segments, Settings};
pub use verify::Rot;
