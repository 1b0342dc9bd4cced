//! From a written config to a checked chain.

use std::fmt::Display;

use thiserror::Error;

/// Why a filter cannot be built, and which key of it is to blame.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[error("filter {}, `{key}`: {reason}", filter + 1)]
pub struct BuildError {
    /// Position among the filters, from 0.
    pub filter: usize,
    /// The key within the filter, with positions in lists: `patterns.0`.
    pub key: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// A [`BuildError`] that does not know its filter yet.
pub(crate) struct KeyError {
    pub(crate) key: String,
    pub(crate) reason: String,
}

impl KeyError {
    pub(crate) fn new(key: impl Into<String>, reason: impl Display) -> Self {
        Self {
            key: key.into(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn of(self, filter: usize) -> BuildError {
        BuildError {
            filter,
            key: self.key,
            reason: self.reason,
        }
    }
}
