//! One fault: set up, broken, and looked at when it is over.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sawmill_tests::{
    Django, Elasticsearch, Filebeat, Lines, Pace, Sawmill, Settings, Toxiproxy, dead_messages,
    message_of, until,
};
use serde_json::json;

use crate::folder;
use crate::report::Row;

/// Where the lines go.
pub(crate) const STREAM: &str = "logs-django-pt";
/// Where dead letters go if not to files.
pub(crate) const LETTERS: &str = "logs-sawmill.dead_letters-pt";
const RECORDS: u32 = 8_000;
/// They take four seconds to write, and a fault comes after the first.
const PER_SECOND: u32 = 2_000;
/// Longer than anything here takes once it works again: Filebeat waits up to a minute between tries.
const PATIENCE: Duration = Duration::from_mins(4);
/// What comes twice comes within this time.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Whether events have ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    Auto,
    Origin,
}

/// Where a toxiproxy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxied {
    Nothing,
    /// Between Filebeat and Sawmill.
    Input,
    /// Between Sawmill and Elasticsearch.
    Output,
}

/// Everything that a fault can break.
pub(crate) struct Stage<'e> {
    pub(crate) elasticsearch: &'e mut Elasticsearch,
    pub(crate) sawmill: Sawmill,
    pub(crate) filebeat: Filebeat,
    pub(crate) proxy: Option<Toxiproxy>,
    dir: PathBuf,
}

/// How a stage is set up.
pub(crate) struct Setting<'s> {
    pub(crate) what: &'s str,
    pub(crate) ids: Ids,
    pub(crate) proxied: Proxied,
    pub(crate) settings: Settings,
    pub(crate) records: u32,
    pub(crate) per_second: u32,
}

impl<'s> Setting<'s> {
    pub(crate) fn new(what: &'s str) -> Self {
        Self {
            what,
            ids: Ids::Origin,
            proxied: Proxied::Nothing,
            settings: Settings::default(),
            records: RECORDS,
            per_second: PER_SECOND,
        }
    }
}

impl Stage<'_> {
    /// Waits until so many more events are acknowledged than were when this Filebeat started.
    pub(crate) fn until_acknowledged(&self, events: usize) {
        until("the next lines are acknowledged", PATIENCE, || {
            self.filebeat.acknowledged() >= events
        });
    }

    /// The lines of all dead letters.
    pub(crate) fn dead_letters(&self) -> Lines {
        self.letters_in_files().and(self.letters_in_stream())
    }

    pub(crate) fn letters_in_files(&self) -> Lines {
        dead_messages(&self.dir.join("dead-letters"))
    }

    pub(crate) fn letters_in_stream(&self) -> Lines {
        if self.elasticsearch.count(LETTERS) == 0 {
            return Lines::default();
        }
        let events = self
            .elasticsearch
            .messages(LETTERS, &json!({ "match_all": {} }));
        events.map(|event| message_of(event).expect("every event here has a message"))
    }
}

/// Lets Django write, breaks something, and sees what became of the lines: none is lost, and with ids none is stored twice.
pub(crate) fn survive(
    elasticsearch: &mut Elasticsearch,
    setting: Setting<'_>,
    break_it: impl FnOnce(&mut Stage<'_>),
) {
    survive_in(folder().path(), elasticsearch, setting, break_it);
}

/// The same in a folder that is there already.
pub(crate) fn survive_in(
    dir: &Path,
    elasticsearch: &mut Elasticsearch,
    setting: Setting<'_>,
    break_it: impl FnOnce(&mut Stage<'_>),
) {
    let began = Instant::now();
    for stream in [STREAM, LETTERS] {
        elasticsearch.request("DELETE", &format!("/_data_stream/{stream}"), None);
    }
    let Setting {
        what,
        ids,
        proxied,
        settings,
        records,
        per_second,
    } = setting;
    let mut stage = set_up(dir, elasticsearch, ids, proxied, settings);
    let django = Django::write(dir, records, Pace::PerSecond(per_second));
    stage.until_acknowledged(1_000);
    break_it(&mut stage);
    let written = django.finish().lines();
    until("every line is stored or a dead letter", PATIENCE, || {
        let stored = stage.elasticsearch.count(STREAM) as usize;
        stored + stage.dead_letters().count() >= written.count()
    });
    // Counts can be reached by what is there twice, so all is waited for line by line.
    until("no line is missing", PATIENCE, || {
        written.compare(&stage.found()).missing == 0
    });
    sleep(AFTERWARDS);
    let comparison = written.compare(&stage.found());
    let row = Row {
        engine: stage.elasticsearch.engine(),
        what: what.to_owned(),
        ids,
        written: written.count(),
        stored: stage.elasticsearch.count(STREAM) as usize,
        dead: stage.dead_letters().count(),
        lost: comparison.missing,
        doubled: comparison.extra,
        took: began.elapsed(),
    };
    row.keep();
    assert_eq!(comparison.missing, 0, "{comparison:?}");
    if ids == Ids::Origin {
        assert_eq!(comparison.extra, 0, "{comparison:?}");
    }
}

impl Stage<'_> {
    /// Lines that are stored, and those that are dead letters.
    fn found(&self) -> Lines {
        let stored = self
            .elasticsearch
            .messages(STREAM, &json!({ "match_all": {} }));
        stored.and(self.dead_letters())
    }
}

fn set_up<'e>(
    dir: &Path,
    elasticsearch: &'e mut Elasticsearch,
    ids: Ids,
    proxied: Proxied,
    settings: Settings,
) -> Stage<'e> {
    let id = match ids {
        Ids::Auto => "auto",
        Ids::Origin => "origin",
    };
    let mut settings = settings
        .and(Settings::elasticsearch(elasticsearch))
        .with("OUTPUT__ELASTICSEARCH__DOCUMENT_ID", id)
        // An answer that never comes is noticed within the test.
        .with("OUTPUT__ELASTICSEARCH__REQUEST_TIMEOUT", "10s");
    let mut proxy = None;
    if proxied == Proxied::Output {
        let way = Toxiproxy::start(dir, &elasticsearch.address());
        settings = settings.with(
            "OUTPUT__ELASTICSEARCH__HOSTS",
            format!("http://{}", way.address()),
        );
        proxy = Some(way);
    }
    let sawmill = Sawmill::start(dir, settings);
    let mut to = sawmill.beats_address();
    if proxied == Proxied::Input {
        let way = Toxiproxy::start(dir, &to);
        way.address().clone_into(&mut to);
        proxy = Some(way);
    }
    let filebeat = Filebeat::start_to(dir, &to);
    Stage {
        elasticsearch,
        sawmill,
        filebeat,
        proxy,
        dir: dir.to_owned(),
    }
}
