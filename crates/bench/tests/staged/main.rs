//! The load generator against servers that do what no real one does on request.

mod acks;
mod faults;
mod honest;
mod support;
