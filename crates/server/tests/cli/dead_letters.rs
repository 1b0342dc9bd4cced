//! `sawmill dead-letters` on folders as Sawmill leaves them, and on worse ones.

use std::fs;
use std::thread::JoinHandle;

use sawmill_segments::{Segments, Settings};
use serde_json::{Value, json};

use crate::peer::{Peer, server};
use crate::support::{Ended, Place};

const FOLDER: &str = "sawmill-data/dead-letters";

/// As Sawmill writes them: an event that is no JSON, one for a stream that cannot be, a document that Elasticsearch
/// refused, one that was too large.
const LETTERS: [&str; 4] = [
    r#"{"@timestamp":"2026-11-20T08:00:00.000Z","peer":"10.0.0.1:4711","reason":"not JSON: expected `{` at byte 0","event":"hel\u001blo"}"#,
    r#"{"@timestamp":"2026-11-21T08:00:00.000Z","peer":"10.0.0.1:4711","reason":"data_stream.dataset","event":"{\"n\":1,\"a\":[],\"n\":2.0}"}"#,
    r#"{"@timestamp":"2026-11-22T08:00:00.000Z","peer":"10.0.0.2:4712","reason":"document_parsing_exception: no date","status":400,"data_stream":"logs-django-pt","document":"{\"n\":3}"}"#,
    r#"{"@timestamp":"2026-11-23T08:00:00.000Z","peer":"10.0.0.2:4712","reason":"event of 7 bytes, limit 6 bytes","event":""}"#,
];

fn file(segment: u64) -> String {
    format!("{FOLDER}/{segment:020}.ndjson")
}

/// Two letters in segment 3, two in segment 4.
fn place() -> Place {
    let text = |letters: &[&str]| letters.join("\n") + "\n";
    Place::new()
        .with(&file(3), text(&LETTERS[..2]))
        .with(&file(4), text(&LETTERS[2..]))
}

/// With a damaged line after the first letter.
fn damaged_place() -> Place {
    let text = format!("{}\n{{\"peer\n{}\n", LETTERS[0], LETTERS[1]);
    Place::new().with(&file(3), text)
}

fn dead_letters(place: &Place, arguments: &[&str]) -> Ended {
    place.run(&[&["dead-letters"], arguments].concat())
}

fn ok(stdout: &str) -> Ended {
    Ended {
        code: Some(0),
        stdout: stdout.to_owned(),
        stderr: String::new(),
    }
}

fn failed(stderr: &str) -> Ended {
    Ended {
        code: Some(1),
        stdout: String::new(),
        stderr: stderr.to_owned(),
    }
}

/// The segments that are left.
fn segments(place: &Place) -> Vec<u64> {
    let segments = sawmill_segments::list(place.path(FOLDER)).unwrap();
    segments.iter().map(|segment| segment.sequence).collect()
}

/// What a running Sawmill does to the folder.
fn running(place: &Place) -> Segments {
    Segments::open(place.path(FOLDER), Settings::default()).unwrap()
}

#[test]
fn a_list_has_a_line_a_letter_and_their_count() {
    let want = "\
3:1     2026-11-20T08:00:00.000Z  10.0.0.1:4711            -  -                     not JSON: expected `{` at byte 0
3:2     2026-11-21T08:00:00.000Z  10.0.0.1:4711            -  -                     data_stream.dataset
4:1     2026-11-22T08:00:00.000Z  10.0.0.2:4712          400  logs-django-pt        document_parsing_exception: no date
4:2     2026-11-23T08:00:00.000Z  10.0.0.2:4712            -  -                     event of 7 bytes, limit 6 bytes
4 dead letters
";
    assert_eq!(dead_letters(&place(), &["list"]), ok(want));
}

#[test]
fn a_list_may_be_of_some_reason_stream_or_time() {
    for (filter, want) in [
        (&["--reason", "parsing"][..], &["4:1"][..]),
        (&["--stream", "logs-django-pt"], &["4:1"]),
        (&["--stream", "logs-django"], &[]),
        (&["--since", "2026-11-22T08:00:00Z"], &["4:1", "4:2"]),
        (&["--since", "2026-11-23", "--reason", "JSON"], &[]),
        (&["--since", "1s"], &[]),
    ] {
        let ended = dead_letters(&place(), &[&["list"], filter].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let mut rows: Vec<&str> = ended.stdout.lines().collect();
        let count = rows.pop().unwrap();
        let ids: Vec<&str> = rows
            .iter()
            .map(|row| row.split(' ').next().unwrap())
            .collect();
        assert_eq!(ids, want, "{filter:?}");
        assert_eq!(count, format!("{} of 4 dead letters", want.len()));
    }
}

#[test]
fn a_list_for_machines_has_whole_letters_with_their_ids() {
    let ended = dead_letters(&place(), &["list", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let rows: Vec<Value> = { ended.stdout.lines() }
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids = ["3:1", "3:2", "4:1", "4:2"];
    assert_eq!(rows.len(), ids.len());
    for ((row, id), letter) in rows.iter().zip(ids).zip(LETTERS) {
        let mut want: Value = serde_json::from_str(letter).unwrap();
        want["id"] = json!(id);
        assert_eq!(*row, want);
    }
}

#[test]
fn a_letter_is_shown_whole_and_its_json_laid_out_as_it_was_written() {
    for (id, want) in [
        (
            "3:1",
            "id      3:1\n\
             time    2026-11-20T08:00:00.000Z\n\
             peer    10.0.0.1:4711\n\
             status  -\n\
             stream  -\n\
             reason  not JSON: expected `{` at byte 0\n\
             \n\
             event, as it was received:\n\
             hel lo\n",
        ),
        (
            "3:2",
            "id      3:2\n\
             time    2026-11-21T08:00:00.000Z\n\
             peer    10.0.0.1:4711\n\
             status  -\n\
             stream  -\n\
             reason  data_stream.dataset\n\
             \n\
             event, as it was received:\n\
             {\n  \"n\": 1,\n  \"a\": [],\n  \"n\": 2.0\n}\n",
        ),
        (
            "4:1",
            "id      4:1\n\
             time    2026-11-22T08:00:00.000Z\n\
             peer    10.0.0.2:4712\n\
             status  400\n\
             stream  logs-django-pt\n\
             reason  document_parsing_exception: no date\n\
             \n\
             document, as it was sent to Elasticsearch:\n\
             {\n  \"n\": 3\n}\n",
        ),
        (
            "4:2",
            "id      4:2\n\
             time    2026-11-23T08:00:00.000Z\n\
             peer    10.0.0.2:4712\n\
             status  -\n\
             stream  -\n\
             reason  event of 7 bytes, limit 6 bytes\n\
             \n\
             no text: the event was too large to be read\n",
        ),
    ] {
        assert_eq!(dead_letters(&place(), &["show", id]), ok(want), "{id}");
    }
}

#[test]
fn the_folder_is_that_of_the_settings_or_the_one_that_is_named() {
    let place = Place::new()
        .with("pipeline.toml", "dead_letters.path = 'a'\n")
        .with("other.toml", "dead_letters.path = 'b'\n")
        .with("a/00000000000000000001.ndjson", format!("{}\n", LETTERS[0]))
        .with("b/00000000000000000002.ndjson", format!("{}\n", LETTERS[0]))
        .with("c/00000000000000000003.ndjson", format!("{}\n", LETTERS[0]))
        .with("d/00000000000000000004.ndjson", format!("{}\n", LETTERS[0]));
    for (arguments, want) in [
        (&[][..], "1:1 "),
        (&["--config", "other.toml"], "2:1 "),
        (&["--set", "dead_letters.path=c"], "3:1 "),
        (&["--path", "d"], "4:1 "),
    ] {
        let ended = dead_letters(&place, &[&["list"], arguments].concat());
        assert!(ended.stdout.starts_with(want), "{ended:?}");
    }
    let ended = dead_letters(&place, &["list", "--set", "dead_letters.path="]);
    assert_eq!(ended.code, Some(64), "{}", ended.stderr);
}

/// Each of the four, with what it needs.
const COMMANDS: [&[&str]; 4] = [
    &["list"],
    &["show", "3:9"],
    &["replay", "--to", "127.0.0.1:1"],
    &["purge", "--all"],
];

#[test]
fn a_folder_that_is_not_there_is_named_with_what_to_do() {
    let want = "sawmill: nowhere: there is no such folder\n\
                `sawmill run` makes it when it starts, relative to where it is started; name it with --path DIR, or the \
                settings of that Sawmill with --config FILE\n";
    let place = Place::new();
    for command in COMMANDS {
        let ended = dead_letters(&place, &[command, &["--path", "nowhere"]].concat());
        assert_eq!(ended, failed(want), "{command:?}");
        assert!(!place.path("nowhere").exists());
    }
}

#[test]
fn an_empty_folder_is_no_error_but_for_who_asks_for_a_letter() {
    let place = Place::new().with(&format!("{FOLDER}/lock"), "");
    for command in COMMANDS {
        let want = match command[0] {
            "show" => failed(
                "sawmill: 3:9: no such dead letter in sawmill-data/dead-letters\n\
                 `sawmill dead-letters list` shows those that are there\n",
            ),
            _ => ok("no dead letters in sawmill-data/dead-letters\n"),
        };
        assert_eq!(dead_letters(&place, command), want, "{command:?}");
    }
}

#[test]
fn an_id_that_is_not_there_is_named_and_nothing_is_sent() {
    let (address, _server) = server(|listener| listener.accept().map(drop));
    for id in ["3:3", "1:1", "5:1"] {
        let want = failed(&format!(
            "sawmill: {id}: no such dead letter in sawmill-data/dead-letters\n\
             `sawmill dead-letters list` shows those that are there\n"
        ));
        assert_eq!(dead_letters(&place(), &["show", id]), want);
        let ended = dead_letters(&place(), &["replay", "3:2", id, "--to", &address]);
        assert_eq!(ended, want);
    }
}

#[test]
fn a_damaged_line_is_named_and_passed_over() {
    let place = damaged_place();
    let problem =
        "3:2 is damaged: no dead letter in JSON: EOF while parsing a string at line 1 column 6";
    let passed_over = format!("sawmill: {problem}; passed over\n");
    let ended = dead_letters(&place, &["list"]);
    assert_eq!((ended.code, &ended.stderr), (Some(0), &passed_over));
    let starts: Vec<&str> = ended
        .stdout
        .lines()
        .map(|line| &line[..line.len().min(3)])
        .collect();
    assert_eq!(starts, ["3:1", "3:3", "2 d"]);
    assert!(
        ended.stdout.ends_with("\n2 dead letters, 1 damaged line\n"),
        "{}",
        ended.stdout
    );

    let want = failed(&format!("sawmill: {problem}\nsee line 2 of {}\n", file(3)));
    assert_eq!(dead_letters(&place, &["show", "3:2"]), want);
    let to_nobody = ["replay", "3:2", "--to", "127.0.0.1:1"];
    assert_eq!(dead_letters(&place, &to_nobody), want);

    let (address, server) = one_window(1);
    let ended = dead_letters(&place, &["replay", "--to", &address]);
    assert_eq!(server.join().unwrap(), [json!({"a": [], "n": 2.0})]);
    let want = format!(
        "1 sent to {address} and acknowledged\n\
         1 skipped: the line is damaged\n\
         1 skipped: the event is no JSON object\n"
    );
    assert_eq!(
        (ended.code, ended.stdout, ended.stderr),
        (Some(0), want, passed_over)
    );
}

#[test]
fn a_purge_says_what_goes_and_what_stays() {
    for (arguments, said, left) in [
        (
            &["--all"][..],
            "removed: 2 files (3, 4), {all} bytes\n",
            &[][..],
        ),
        (
            &["--before", "2026-11-22T00:00:00Z"],
            "removed: 1 file (3), {3} bytes\n\
             kept: 1 file (4), with dead letters of 2026-11-22T00:00:00Z or later\n",
            &[4],
        ),
        (
            &["--before", "2026-11-21T08:00:00Z"],
            "removed: no file, 0 bytes\n\
             kept: 2 files (3, 4), with dead letters of 2026-11-21T08:00:00Z or later\n",
            &[3, 4],
        ),
    ] {
        let place = place();
        let (third, fourth) = (place.read(&file(3)).len(), place.read(&file(4)).len());
        let want = said
            .replace("{all}", &(third + fourth).to_string())
            .replace("{3}", &third.to_string());
        let ended = dead_letters(&place, &[&["purge"], arguments].concat());
        assert_eq!(ended, ok(&want));
        assert_eq!(segments(&place), left);
    }
}

#[test]
fn a_purge_leaves_a_running_sawmill_its_newest_file() {
    let place = place();
    let _sawmill = running(&place);
    let third = place.read(&file(3)).len();
    let want = format!(
        "removed: 1 file (3), {third} bytes\n\
         kept: 1 file (4), which has grown or a running Sawmill writes to\n"
    );
    assert_eq!(dead_letters(&place, &["purge", "--all"]), ok(&want));
    assert_eq!(segments(&place), [4]);
}

#[test]
fn a_purge_of_nothing_in_particular_is_refused() {
    let place = place();
    let ended = dead_letters(&place, &["purge"]);
    assert_eq!(ended.code, Some(64));
    assert!(
        ended.stderr.contains("<--before <TIME>|--all>"),
        "{}",
        ended.stderr
    );
    assert_eq!(segments(&place), [3, 4]);
}

/// A server that takes one window, acknowledges so many events, and returns those that came.
fn one_window(acknowledged: u32) -> (String, JoinHandle<Vec<Value>>) {
    server(move |listener| {
        let mut peer = Peer::accept(&listener);
        let events = peer.window();
        peer.ack(acknowledged);
        events
    })
}

#[test]
fn a_replay_sends_what_is_an_event_and_counts_the_rest() {
    let list = LETTERS[0].replace(r"hel\u001blo", "[1]");
    let place = place().with(&file(5), list + "\n");
    let (address, server) = one_window(2);
    let ended = dead_letters(&place, &["replay", "--to", &address]);
    let events = server.join().unwrap();
    assert_eq!(events, [json!({"a": [], "n": 2.0}), json!({"n": 3})]);
    let want = format!(
        "2 sent to {address} and acknowledged\n\
         2 skipped: the event is no JSON object\n\
         1 skipped: the event was too large to be read, and is not kept\n"
    );
    assert_eq!(ended, ok(&want));
    assert_eq!(segments(&place), [3, 4, 5], "nothing goes without --purge");
}

#[test]
fn a_replay_with_purge_removes_files_of_which_all_was_sent() {
    for (ids, sent, left) in [(&[][..], 4, &[3, 6][..]), (&["4:1", "5:1"], 2, &[3, 5, 6])] {
        let one = |letter: &str| format!("{letter}\n");
        let place = Place::new()
            .with(&file(3), one(LETTERS[0]) + &one(LETTERS[1]))
            .with(&file(4), one(LETTERS[2]))
            .with(&file(5), one(LETTERS[1]) + &one(LETTERS[2]))
            .with(&file(6), "");
        let _sawmill = running(&place);
        let (address, server) = one_window(sent);
        let arguments = ["--purge", "--to", &address];
        let ended = dead_letters(&place, &[&["replay"], ids, &arguments].concat());
        assert_eq!(server.join().unwrap().len(), sent as usize);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert_eq!(segments(&place), left, "{}", ended.stdout);
    }
}

#[test]
fn what_came_during_a_replay_is_not_removed_with_what_was_sent() {
    let place = Place::new().with(&file(4), format!("{}\n", LETTERS[2]));
    let path = place.path(&file(4));
    let (address, server) = server(move |listener| {
        let mut peer = Peer::accept(&listener);
        let count = peer.window().len();
        fs::write(&path, format!("{}\n{}\n", LETTERS[2], LETTERS[0])).unwrap();
        peer.ack(1);
        count
    });
    let ended = dead_letters(&place, &["replay", "--purge", "--to", &address]);
    assert_eq!(server.join().unwrap(), 1);
    let want = format!(
        "1 sent to {address} and acknowledged\n\
         removed: no file, 0 bytes\n\
         kept: 1 file (4), which has grown or a running Sawmill writes to\n"
    );
    assert_eq!(ended, ok(&want));
    assert_eq!(segments(&place), [4]);
}

#[test]
fn nothing_is_removed_when_a_server_does_not_acknowledge() {
    let place = place();
    let (address, server) = server(|listener| {
        let mut peer = Peer::accept(&listener);
        peer.window();
        // One more than there were.
        peer.ack(3);
    });
    let ended = dead_letters(&place, &["replay", "--purge", "--to", &address]);
    server.join().unwrap();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(
        ended.stderr.contains("answers against the protocol"),
        "{}",
        ended.stderr
    );
    assert_eq!(segments(&place), [3, 4]);
}

#[test]
fn letters_of_old_sawmills_without_a_document_are_read() {
    let old = r#"{"@timestamp":"2026-11-22T08:00:00.000Z","peer":"a","reason":"b","status":400,"data_stream":"c","event":"{}"}"#;
    let ended = dead_letters(&Place::new().with(&file(1), format!("{old}\n")), &["list"]);
    assert!(ended.stdout.ends_with("\n1 dead letter\n"), "{ended:?}");
}

#[test]
fn a_letter_with_both_texts_is_shown_with_both_and_sent_again_as_it_was_received() {
    let both = LETTERS[2].replace(r#""document""#, r#""event":"{\"n\":2}","document""#);
    let place = Place::new().with(&file(1), both + "\n");
    let shown = dead_letters(&place, &["show", "1:1"]).stdout;
    let want = "\n\
                event, as it was received:\n\
                {\n  \"n\": 2\n}\n\
                \n\
                document, as it was sent to Elasticsearch:\n\
                {\n  \"n\": 3\n}\n";
    assert!(shown.ends_with(want), "{shown}");
    let (address, server) = one_window(1);
    let ended = dead_letters(&place, &["replay", "--to", &address]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(server.join().unwrap(), [json!({"n": 2})]);
}

/// A letter whose text is another one than was written, and still JSON.
#[test]
fn a_rotten_file_is_named_and_stays() {
    let place = Place::new().with(&format!("{FOLDER}/lock"), "");
    let letter = format!("{}\n", LETTERS[1]);
    let mut sawmill = running(&place);
    sawmill.append(letter.as_bytes()).unwrap();
    sawmill.sync().unwrap();
    drop(sawmill);
    let rotten = letter.replace("4711", "4710");
    fs::write(place.path(&file(1)), rotten).unwrap();
    let want = format!(
        "sawmill: {}: bytes 0 to {} are not what was written there (checksum); letters there may be wrong\n",
        file(1),
        letter.len()
    );
    let (address, server) = one_window(1);
    let replay = ["replay", "--purge", "--to", &address];
    for command in [&["list"][..], &["show", "1:1"], &replay] {
        let ended = dead_letters(&place, command);
        assert_eq!((ended.code, ended.stderr), (Some(0), want.clone()));
    }
    server.join().unwrap();
    assert_eq!(segments(&place), [1]);
}
