//! The image and compose.yaml with a real Docker engine. `tests/run image` makes what this needs and runs it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what helps a test may be as blunt as the test"
)]

mod bad_input;
mod compose;
mod docker;
mod expected;
mod image;
mod stack;
