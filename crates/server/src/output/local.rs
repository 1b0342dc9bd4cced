//! Events to files: one folder a data stream, flushed to disk before their window is acknowledged.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use sawmill_elasticsearch_out::BulkBody;
use sawmill_segments::{SegmentError, Segments};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::info;

use crate::config::SegmentFiles;
use crate::delivery::Delivery;
use crate::disk::{keep, open, until_kept};
use crate::health::{DiskState, Health};
use crate::memory::Memory;
use crate::metrics::EventEnd;
use crate::start_error::StartError;

/// The folder of each data stream; that of a new one is made when its first event comes.
struct Local {
    files: SegmentFiles,
    streams: HashMap<String, Segments>,
    disk: DiskState,
}

pub(super) fn start(
    files: SegmentFiles,
    health: &Health,
    memory: Memory,
    deliveries: UnboundedReceiver<Delivery>,
) -> Result<(), StartError> {
    let local = Local::open(files, health.watch_disk("output"))?;
    info!(
        "events go to files below {}, one folder a data stream",
        local.files.path.display()
    );
    thread::spawn(move || local.write_all(deliveries, &memory));
    Ok(())
}

impl Local {
    /// Opens the folders that are there, which repairs what a crash left of their last lines.
    fn open(files: SegmentFiles, disk: DiskState) -> Result<Self, StartError> {
        let explain = |reason: io::Error| StartError::OutputFolder {
            path: files.path.clone(),
            reason,
        };
        fs::create_dir_all(&files.path).map_err(explain)?;
        let mut streams = HashMap::new();
        for entry in fs::read_dir(&files.path).map_err(explain)? {
            let entry = entry.map_err(explain)?;
            if let (true, Ok(stream)) = (entry.path().is_dir(), entry.file_name().into_string()) {
                let segments = open(&entry.path(), files.settings);
                streams.insert(stream, segments.map_err(StartError::events)?);
            }
        }
        Ok(Self {
            files,
            streams,
            disk,
        })
    }

    /// Writes what there is, flushes once for all of it, and settles it.
    fn write_all(mut self, mut deliveries: UnboundedReceiver<Delivery>, memory: &Memory) {
        let mut batch = Vec::new();
        while let Some(first) = deliveries.blocking_recv() {
            batch.push(first);
            while let Ok(next) = deliveries.try_recv() {
                batch.push(next);
            }
            let mut lines: HashMap<&str, Vec<u8>> = HashMap::new();
            for Delivery { body, .. } in &batch {
                sort_by_stream(body, &mut lines);
            }
            for (stream, lines) in lines {
                self.write(stream, &lines);
            }
            for Delivery { body, ticket } in batch.drain(..) {
                ticket.settle(body.items().len() as u32, EventEnd::Stored);
                ticket.end_body();
                drop(ticket);
                memory.give_back(body);
            }
        }
    }

    fn write(&mut self, stream: &str, lines: &[u8]) {
        let disk = self.disk.clone();
        until_kept(&format!("events of {stream}"), &disk, || {
            self.check_room(lines.len() as u64)?;
            keep(self.stream(stream)?, lines)
        });
    }

    /// The limit is one over all streams. Before it is declared reached, the files are counted
    /// anew: some may have been removed to make room.
    fn check_room(&self, bytes: u64) -> Result<(), SegmentError> {
        let limit_bytes = self.files.settings.total_bytes_max;
        let known: u64 = self.streams.values().map(Segments::bytes).sum();
        if known + bytes <= limit_bytes || bytes_on_disk(&self.files.path) + bytes <= limit_bytes {
            return Ok(());
        }
        let dir = self.files.path.clone();
        Err(SegmentError::Full { dir, limit_bytes })
    }

    fn stream(&mut self, stream: &str) -> Result<&mut Segments, SegmentError> {
        if !self.streams.contains_key(stream) {
            let dir: PathBuf = self.files.path.join(stream);
            self.streams
                .insert(stream.to_owned(), open(&dir, self.files.settings)?);
        }
        match self.streams.get_mut(stream) {
            Some(segments) => Ok(segments),
            None => unreachable!("it was just put there"),
        }
    }
}

/// Length of all files in the folders below `path`; what cannot be looked at counts nothing.
fn bytes_on_disk(path: &Path) -> u64 {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    entries(path)
        .flat_map(|folder| entries(&folder.path()))
        .filter_map(|file| file.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

fn sort_by_stream<'b>(body: &'b BulkBody, lines: &mut HashMap<&'b str, Vec<u8>>) {
    for item in body.items() {
        let stream = lines.entry(body.stream_name(item)).or_default();
        stream.extend_from_slice(body.document(item));
        stream.push(b'\n');
    }
}
