//! Keeps threads to the cores they were given.

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::error::BenchError;

/// Keeps this thread, and all that it starts, to these cores.
///
/// # Errors
/// If there is no such core, or this process may not use it.
pub fn pin_to(cores: &[u32]) -> Result<(), BenchError> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core as usize);
    }
    sched_setaffinity(None, &set).map_err(|reason| BenchError::Pin {
        cores: cores.to_vec(),
        reason: reason.into(),
    })
}

/// Keeps the thread at this place, from 0, to its one of these cores; they take turns. There must be one.
pub(crate) fn pin_one_of(cores: &[u32], place: u32) -> Result<(), BenchError> {
    pin_to(&[cores[place as usize % cores.len()]])
}
