//! What a stranger can do to the port, and what it costs: each attack runs beside an honest client, and what the server takes
//! before, during and after is measured.
//!
//! Names say where an attack comes from: `p01` to `p15` are the defects of Logstash's beats input, `ack` the ways to answer a
//! client wrongly, all others the usual threats to whoever listens on an open network. With `SAWMILL_ATTACKS` set, each leaves
//! a row for `docs/attacks.md` in the folder of that name, and must cost an honest client no more than a fifth of its rate.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests may be blunt"
)]

mod acks;
mod connections;
mod events;
mod frames;
#[path = "../wire/pki.rs"]
#[allow(dead_code, reason = "of use to others")]
mod pki;
mod scene;
#[path = "../wire/support.rs"]
#[allow(dead_code, reason = "of use to others")]
mod support;
mod tls;
