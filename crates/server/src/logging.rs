//! Sawmill's own log, on stderr: text for people or JSON lines for machines.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{Log, LogFormat};

/// Starts logging; a second call changes nothing.
pub(crate) fn start(log: Log) {
    let lines = layer().with_writer(io::stderr);
    let lines = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines
            .compact()
            .with_target(false)
            .with_ansi(is_coloured())
            .boxed(),
    };
    // Ours all begin with `sawmill`; what libraries say below `info` is for their own authors.
    let levels = Targets::new()
        .with_default(log.level.min(LevelFilter::INFO))
        .with_target("sawmill", log.level);
    let _ = Registry::default().with(lines).with(levels).try_init();
}

/// Colours are for people at a terminal who have not asked for none: <https://no-color.org>.
fn is_coloured() -> bool {
    let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !asked_for_none
}
