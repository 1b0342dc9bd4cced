//! What is wrong, where, and what to do.

use thiserror::Error;

/// A setting that cannot be used, most often for its file or what is in it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem}: {advice}")]
pub struct CredentialError {
    /// The setting's name, as the caller has it.
    pub setting: String,
    /// What is wrong. If it is with one object of a file: the file, the object's line and its number.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

impl CredentialError {
    /// All three may be anything.
    pub fn new(
        setting: impl Into<String>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.into(),
            problem: problem.into(),
            advice: advice.into(),
        }
    }
}
