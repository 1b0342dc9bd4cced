//! Grok patterns, compiled: from `%{NAME:field}` to the captures of a line of text.
//!
//! A pattern is expanded with the definitions of a [`Library`], read in Ruby's dialect, and given to the fastest
//! engine that can run it: a matcher for fields between delimiters, a linear-time regex engine, or, where look-around
//! cannot be taken out, a backtracking engine with a limit on its steps. All of them give the captures that Logstash
//! gives. Nothing here knows events or JSON, and nothing is read but the pattern files that are named.
//!
//! ```
//! use sawmill_grok::{Flavor, Grok, Library, Options};
//!
//! let library = Library::new(Flavor::EcsV1);
//! let grok = Grok::compile(&library, &["%{LOGLEVEL:level}: %{GREEDYDATA:text}"], &Options::default())?;
//! let mut scratch = grok.scratch();
//! let line = "ERROR: no paper";
//! let found = grok.find(line, &mut scratch)?.expect("matches");
//! let fields: Vec<_> = found
//!     .captures()
//!     .map(|(index, range)| (grok.captures()[index].name.as_str(), &line[range.unwrap()]))
//!     .collect();
//! assert_eq!(fields, [("level", "ERROR"), ("text", "no paper")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod backtrack;
mod builtin;
mod class;
mod edge;
mod error;
mod expand;
mod explain;
mod fields;
mod fold;
mod grok;
mod library;
mod linear;
mod node;
mod parse;
mod pattern;

pub use error::{GrokError, Timeout};
pub use expand::CaptureMode;
pub use explain::{Explanation, explain};
pub use grok::{Capture, Coerce, Engine, EngineChoice, Grok, Match, Options, STEPS_MAX, Scratch};
pub use library::{Flavor, Library};
