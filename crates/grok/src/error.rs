//! What can go wrong when patterns are loaded, compiled or matched.

use std::io;
use std::path::PathBuf;

/// Why a pattern file could not be read or a pattern could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrokError {
    /// An engine refused the translated expression, e.g. because it is too large.
    #[error("grok pattern `{pattern}`: {problem}")]
    Engine {
        /// The pattern as written in the configuration.
        pattern: String,
        /// The engine's own words.
        problem: String,
    },
    /// A pattern file or directory could not be read.
    #[error("cannot read grok patterns from {}: {source}", path.display())]
    File {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The expression is not valid in Ruby's dialect, or uses what is not supported.
    #[error("grok pattern `{pattern}`{}: {problem} at `{near}`", inside(definition.as_deref()))]
    Syntax {
        /// The pattern as written in the configuration.
        pattern: String,
        /// The library definition that is at fault, if it is not the pattern itself.
        definition: Option<String>,
        /// What is wrong.
        problem: String,
        /// The text where it is wrong.
        near: String,
    },
    /// The references of a pattern nest or multiply without end.
    #[error("grok pattern `{pattern}`: `%{{{name}}}` refers to itself or expands too far")]
    TooDeep {
        /// The pattern as written in the configuration.
        pattern: String,
        /// The reference at which the limit was reached.
        name: String,
    },
    /// A reference names no known pattern.
    #[error("grok pattern `{pattern}`: pattern `%{{{name}}}` not defined{}", hint(nearest.as_deref()))]
    Undefined {
        /// The pattern as written in the configuration.
        pattern: String,
        /// The unknown name.
        name: String,
        /// A defined name that looks like it.
        nearest: Option<String>,
    },
}

fn inside(definition: Option<&str>) -> String {
    definition.map_or_else(String::new, |name| {
        format!(", in the definition of `{name}`")
    })
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `%{{{name}}}`?"))
}

/// A pattern was given up because it took more than the allowed number of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("grok pattern number {pattern} took more than {steps_max} steps")]
pub struct Timeout {
    /// Position of the pattern in the list given to `Grok::compile`.
    pub pattern: usize,
    /// The limit that was reached.
    pub steps_max: usize,
}
