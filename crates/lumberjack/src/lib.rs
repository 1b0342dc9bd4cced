//! The Lumberjack protocol, versions 1 and 2, as Filebeat and its relatives speak it.
//!
//! Bytes go in, frames come out, and the other way round: [`decode`] and the `encode_*` functions. [`Inflater`] opens a
//! compressed frame piece by piece. [`WindowWriter`] and [`Acks`] are the client's half of the conversation.
//!
//! The crate never does I/O, never waits, never looks into JSON, and never allocates from a size that a peer announces:
//! what a frame costs is paid for by bytes that have arrived.
//!
//! ```
//! use sawmill_lumberjack::{Frame, Limits, Step, Version, decode};
//!
//! let received = b"2J\0\0\0\x01\0\0\0\x02{}2J";
//! let Step::Frame(Version::V2, Frame::Json { payload, .. }, used) = decode(received, &Limits::default())? else {
//!     panic!("a whole frame is there");
//! };
//! assert_eq!((payload, used), (&b"{}"[..], 12));
//! assert_eq!(decode(&received[used..], &Limits::default())?, Step::Need(4));
//! # Ok::<(), sawmill_lumberjack::FrameError>(())
//! ```

#![forbid(unsafe_code)]

mod client;
mod decode;
mod encode;
mod error;
mod first_bytes;
mod frame;
mod inflate;
mod limits;
mod proxy;

pub use crate::client::{Acknowledged, Acks, Compression, WindowWriter};
pub use crate::decode::{Step, decode};
pub use crate::encode::{encode_ack, encode_compressed, encode_data, encode_json, encode_window};
pub use crate::error::FrameError;
pub use crate::first_bytes::FirstBytes;
pub use crate::frame::{Frame, FrameType, KEEPALIVE, Pairs, Sequence, Version, WindowSize};
pub use crate::inflate::{Inflated, Inflater};
pub use crate::limits::Limits;
pub use crate::proxy::{ProxyError, ProxyStep, proxied};
