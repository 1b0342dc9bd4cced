use std::fs::{self, OpenOptions};
use std::process::Command;

use super::*;
use crate::read;

/// Small enough to reach, 20 bytes a segment and 60 in all.
const SMALL: Settings = Settings {
    segment_bytes_max: 20,
    total_bytes_max: 60,
};

fn lines(dir: &Path) -> Vec<String> {
    read(dir)
        .unwrap()
        .map(|line| String::from_utf8(line.unwrap()).unwrap())
        .collect()
}

fn segment_lengths(dir: &Path) -> Vec<u64> {
    files::list(dir)
        .unwrap()
        .iter()
        .map(|file| file.bytes)
        .collect()
}

#[test]
fn lines_are_read_as_they_were_appended_and_over_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b");
    for round in 0..3 {
        let mut segments = Segments::open(&folder, SMALL).unwrap();
        assert_eq!(segments.torn_bytes(), 0);
        segments
            .append(format!("one{round}\ntwo{round}\n").as_bytes())
            .unwrap();
        segments.append(b"").unwrap();
        segments.sync().unwrap();
        assert_eq!(segments.bytes(), 10 * (round + 1));
    }
    assert_eq!(
        lines(&folder),
        ["one0", "two0", "one1", "two1", "one2", "two2"]
    );
    assert_eq!(
        segment_lengths(&folder),
        [20, 10],
        "a segment is filled before the next is begun"
    );
}

#[test]
fn lines_appended_together_stay_together_even_if_too_long_for_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    segments.append(b"short\n").unwrap();
    segments
        .append(b"a line of some 30 bytes, or more\n")
        .unwrap();
    segments.append(b"short\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(segment_lengths(dir.path()), [6, 33, 6]);
}

#[test]
fn a_torn_last_line_is_cut_off_and_the_rest_kept() {
    let long = "x".repeat(200_000);
    for (left, kept, torn) in [
        ("", vec![], 0),
        ("whole\n", vec!["whole"], 0),
        ("whole\nto", vec!["whole"], 2),
        ("torn", vec![], 4),
        ("whole\n\0\0\0\0", vec!["whole"], 4),
        (&format!("whole\n{long}"), vec!["whole"], 200_000),
        (&format!("{long}\n{long}"), vec![long.as_str()], 200_000),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(files::path(dir.path(), 6), "older\n").unwrap();
        fs::write(files::path(dir.path(), 7), left).unwrap();
        let mut segments = Segments::open(dir.path(), Settings::default()).unwrap();
        assert_eq!(segments.torn_bytes(), torn);
        assert_eq!(segments.bytes() as usize, 6 + left.len() - torn as usize);
        segments.append(b"new\n").unwrap();
        segments.sync().unwrap();
        let want = [vec!["older"], kept, vec!["new"]].concat();
        assert_eq!(lines(dir.path()), want);
        assert_eq!(segment_lengths(dir.path()).len(), 2);
    }
}

#[test]
fn an_unfinished_line_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(files::path(dir.path(), 1), "whole\nunfin").unwrap();
    fs::write(files::path(dir.path(), 2), "next\n").unwrap();
    assert_eq!(lines(dir.path()), ["whole", "next"]);
}

#[test]
fn a_folder_is_written_by_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Segments::open(dir.path(), SMALL).unwrap();
    let error = Segments::open(dir.path(), SMALL).unwrap_err();
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    drop(first);
    Segments::open(dir.path(), SMALL).unwrap();
}

#[test]
fn a_full_folder_takes_no_more_until_segments_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    for _ in 0..6 {
        segments.append(b"ten bytes\n").unwrap();
    }
    let error = segments.append(b"x\n").unwrap_err();
    assert!(
        matches!(
            error,
            SegmentError::Full {
                limit_bytes: 60,
                ..
            }
        ),
        "{error}"
    );
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()).len(), 6);
    fs::remove_file(files::path(dir.path(), 1)).unwrap();
    segments.append(b"x\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(segment_lengths(dir.path()), [20, 20, 2]);
    assert_eq!(segments.bytes(), 42);
}

#[test]
fn room_is_made_by_removing_the_oldest_segments() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    for number in 0..6 {
        segments
            .append(format!("line {number} :\n").as_bytes())
            .unwrap();
    }
    segments.sync().unwrap();
    let removed = segments.make_room(10).unwrap();
    assert_eq!((removed.segments, removed.bytes), (1, 18));
    assert_eq!(segments.make_room(10).unwrap(), Removed::default());
    segments.append(b"line 6 :\n").unwrap();
    segments.sync().unwrap();
    let want = ["line 2 :", "line 3 :", "line 4 :", "line 5 :", "line 6 :"];
    assert_eq!(lines(dir.path()), want);
    assert_eq!(segments.bytes(), 45);
    assert_eq!(segment_lengths(dir.path()), [18, 18, 9]);
}

#[test]
fn one_segment_that_is_as_long_as_all_may_be_makes_room_for_its_successor() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        total_bytes_max: 20,
        ..SMALL
    };
    let mut segments = Segments::open(dir.path(), settings).unwrap();
    segments.append(b"first ten\nnext ten.\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(segments.make_room(4).unwrap().segments, 1);
    segments.append(b"new\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()), ["new"]);
}

#[test]
fn lines_longer_than_all_may_be_are_taken_while_there_is_any_room() {
    let long = [&[b'x'; 70][..], b"\n"].concat();
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    segments.append(b"kept\n").unwrap();
    segments.append(&long).unwrap();
    segments.sync().unwrap();
    assert_eq!(segment_lengths(dir.path()), [5, 71]);
    assert!(segments.append(b"x\n").is_err(), "now it is full");
    assert_eq!(segments.make_room(71).unwrap().segments, 2);
    segments.append(&long).unwrap();
    segments.sync().unwrap();
    assert_eq!(segments.bytes(), 71);
}

#[test]
fn all_that_fills_a_folder_can_be_removed_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        segment_bytes_max: 60,
        ..SMALL
    };
    let mut segments = Segments::open(dir.path(), settings).unwrap();
    segments.append(&[b'\n'; 60]).unwrap();
    segments.sync().unwrap();
    for _ in 0..3 {
        assert!(segments.append(b"new\n").is_err());
    }
    assert_eq!(segment_lengths(dir.path()), [60, 0]);
    crate::purge(dir.path(), |_| true).unwrap();
    segments.append(b"new\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()), ["new"]);
}

#[test]
fn the_segment_that_is_written_to_is_never_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    for _ in 0..3 {
        segments.append(b"fifteen bytes..\n").unwrap();
    }
    segments.sync().unwrap();
    let removed = segments.remove_oldest(|_| true).unwrap();
    assert_eq!((removed.segments, removed.bytes), (2, 32));
    segments.append(b"more\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()), ["fifteen bytes..", "more"]);
    assert_eq!(segments.bytes(), 21);
}

#[test]
fn segments_go_in_their_order_and_the_first_that_stays_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    for sequence in 1..=4 {
        fs::write(files::path(dir.path(), sequence), "x\n").unwrap();
    }
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    let removed = segments.remove_oldest(|file| file.sequence != 2).unwrap();
    assert_eq!(removed.segments, 1);
    assert_eq!(lines(dir.path()).len(), 3);
}

#[test]
fn what_comes_while_it_is_read_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    segments.append(b"one\n").unwrap();
    segments.sync().unwrap();
    let mut reading = read(dir.path()).unwrap();
    segments.append(b"two\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(reading.next().unwrap().unwrap(), b"one");
    assert!(reading.next().is_none());
    assert_eq!(lines(dir.path()), ["one", "two"]);
}

#[test]
fn a_segment_that_is_removed_while_it_is_read_costs_no_other() {
    let dir = tempfile::tempdir().unwrap();
    for (sequence, text) in [(1, "one\n"), (2, "two\n")] {
        fs::write(files::path(dir.path(), sequence), text).unwrap();
    }
    let reading = read(dir.path()).unwrap();
    fs::remove_file(files::path(dir.path(), 1)).unwrap();
    let lines: Result<Vec<_>, _> = reading.collect();
    assert_eq!(lines.unwrap(), [b"two"]);
}

#[test]
fn only_whole_lines_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), SMALL).unwrap();
    assert!(matches!(
        segments.append(b"half"),
        Err(SegmentError::Unterminated)
    ));
    assert_eq!(segments.bytes(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Segments::open(file.join("folder"), SMALL).unwrap_err();
    assert!(error.to_string().contains("file/folder"), "{error}");
}

/// `/dev/null` cannot be synced, so it stands for a disk that fails to.
#[test]
fn after_a_failed_sync_nothing_of_it_is_kept_and_a_new_segment_is_begun() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), Settings::default()).unwrap();
    segments.append(b"synced\n").unwrap();
    segments.sync().unwrap();
    segments.append(b"lost\n").unwrap();
    segments.open[0].replace_file(OpenOptions::new().append(true).open("/dev/null").unwrap());
    let error = segments.sync().unwrap_err();
    assert!(
        error.to_string().contains("00000000000000000001.ndjson"),
        "{error}"
    );
    assert_eq!(segments.bytes(), 7);
    segments.append(b"lost\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()), ["synced", "lost"]);
    assert_eq!(segment_lengths(dir.path()), [7, 5]);
}

/// `/dev/full` refuses every write.
#[test]
fn a_failed_write_is_an_error_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(dir.path(), Settings::default()).unwrap();
    segments.append(b"first\n").unwrap();
    let good =
        segments.open[0].replace_file(OpenOptions::new().append(true).open("/dev/full").unwrap());
    let error = segments.append(b"second\n").unwrap_err();
    assert!(matches!(error, SegmentError::NoSpace { .. }), "{error}");
    segments.open[0].replace_file(good);
    segments.append(b"third\n").unwrap();
    segments.sync().unwrap();
    assert_eq!(lines(dir.path()), ["first", "third"]);
}

const SMALL_DISK: &str = "SAWMILL_TEST_SMALL_DISK";

/// Runs itself again in a mount namespace of its own, with a filesystem of 64 KiB.
#[test]
fn a_full_disk_costs_nothing_that_was_kept_before() {
    if let Some(dir) = std::env::var_os(SMALL_DISK) {
        return on_a_small_disk(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-ec"])
        .arg(r#"mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; exec "$@""#)
        .arg("sh")
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "segments::tests::a_full_disk_costs_nothing_that_was_kept_before",
        ])
        .env(SMALL_DISK, dir.path())
        .output();
    match run {
        Ok(run) if run.status.success() => {
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(run) if !String::from_utf8_lossy(&run.stdout).contains("running 1 test") => {
            eprintln!(
                "SKIPPED: no mount permitted here: {}",
                String::from_utf8_lossy(&run.stderr)
            );
        }
        Err(error) => eprintln!("SKIPPED: unshare: {error}"),
        Ok(run) => panic!("{}", String::from_utf8_lossy(&run.stdout)),
    }
}

fn on_a_small_disk(dir: &Path) {
    let mut segments = Segments::open(dir, Settings::default()).unwrap();
    let batch = "a line of thirty-two characters.\n".repeat(300);
    let mut kept = 0;
    let error = loop {
        match segments
            .append(batch.as_bytes())
            .and_then(|()| segments.sync())
        {
            Ok(()) => kept += 300,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SegmentError::NoSpace { .. }), "{error}");
    assert!(kept >= 1200, "{kept}");
    assert_eq!(
        lines(dir).len(),
        kept,
        "nothing of the failed batch is left"
    );
    assert_eq!(segments.bytes(), segment_lengths(dir).iter().sum::<u64>());
    segments.append(b"a short line still fits\n").unwrap();
    segments.sync().unwrap();
    drop(segments);
    let again = Segments::open(dir, Settings::default()).unwrap();
    assert_eq!(again.torn_bytes(), 0);
    assert_eq!(lines(dir).len(), kept + 1);
}
