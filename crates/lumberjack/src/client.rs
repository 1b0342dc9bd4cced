//! The client's half: windows out, acknowledgements in. What go-lumber's client does, without its socket.

mod acks;
mod window_writer;

pub use acks::{Acknowledged, Acks};
pub use window_writer::{Compression, WindowWriter};
