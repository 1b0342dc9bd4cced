//! `sawmill bench` as a program: what it prints and writes, and how it exits.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use sawmill_lumberjack::{Frame, Limits, Sequence, Step, Version, decode, encode_ack};
use serde_json::Value;

use crate::support::{Ended, Place};

/// A server that acknowledges every window.
fn server() -> String {
    server_that_tells().0
}

/// A server that acknowledges every window, and tells each.
fn server_that_tells() -> (String, Receiver<()>) {
    let (told, windows) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut received, mut announced) = (Vec::new(), 0);
            let mut buffer = [0; 16_384];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                received.extend_from_slice(&buffer[..count]);
                while let Step::Frame(_, frame, used) =
                    decode(&received, &Limits::default()).unwrap()
                {
                    if let Frame::Window(size) = frame {
                        announced = size.get();
                    } else {
                        let ack = encode_ack(Version::V2, Sequence::new(announced));
                        // The client may have left, and nobody may listen.
                        let _ = (stream.write_all(&ack), told.send(()));
                    }
                    received.drain(..used);
                }
            }
        }
    });
    (address, windows)
}

fn bench(place: &Place, address: &str, arguments: &[&str]) -> Ended {
    let fixed = [
        "bench",
        "--to",
        address,
        "--window",
        "10",
        "--distinct",
        "100",
    ];
    place.run(&[&fixed, arguments].concat())
}

#[test]
fn results_go_to_stdout_and_to_files() {
    let (place, address) = (Place::new(), server());
    let arguments = ["--events", "95", "--json", "run.json", "--csv", "run.csv"];
    let ended = bench(&place, &address, &arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended.stdout.contains("\nevents       95 in 10 windows: "),
        "{}",
        ended.stdout
    );
    let record: Value = serde_json::from_str(&place.read("run.json")).unwrap();
    assert_eq!(record["runs"][0]["totals"]["events"], 95);
    assert!(place.read("run.csv").starts_with("run,row,target,"));
    // And nothing but what is asked for, where a script reads it.
    let ended = bench(&place, &address, &["--events", "95", "--json", "-"]);
    let record: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(record["runs"][0]["totals"]["windows"], 10);
}

#[test]
fn a_full_disk_is_said() {
    let ended = bench(
        &Place::new(),
        &server(),
        &["--events", "95", "--json", "/dev/full"],
    );
    let want = "sawmill: /dev/full: cannot write the results: No space left on device (os error 28)\n\
                is the disk full, or the path wrong?\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), want));
    assert!(
        ended.stdout.contains("95 in 10 windows"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_path_that_cannot_be_is_said_before_anything_is_sent() {
    let ended = bench(&Place::new(), "127.0.0.1:1", &["--csv", "/nowhere/run.csv"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with("sawmill: /nowhere/run.csv: cannot write the results"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_server_that_refuses_is_an_error_with_what_to_do() {
    let place = Place::new();
    let ended = bench(&place, "127.0.0.1:1", &["--json", "run.json"]);
    let want = "sawmill: 127.0.0.1:1 cannot be reached (connection 1): Connection refused (os error 111)\n\
                is the server running, and is this its address?\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), want));
    // Whatever results there are are written.
    let record: Value = serde_json::from_str(&place.read("run.json")).unwrap();
    assert_eq!(record["runs"][0]["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn what_makes_no_sense_exits_with_64() {
    for arguments in [
        &["--rate", "0"][..],
        &["--rate", "1", "--duration", "1s"],
        &["--size", "10"],
        &["--unmatched", "2"],
        &["--duration", "10"],
        &["--connections", "0"],
        &["--events", "10", "--ramp"],
        &["--ca", "ca.pem"],
        &["--tls"],
        &["--pid", "0"],
    ] {
        let ended = bench(&Place::new(), "127.0.0.1:1", arguments);
        assert_eq!(ended.code, Some(64), "{arguments:?}: {}", ended.stderr);
    }
    let ended = bench(&Place::new(), "no port", &[]);
    assert_eq!(ended.code, Some(64), "{}", ended.stderr);
}

#[test]
fn an_interrupted_run_shows_what_it_has() {
    let (place, (address, windows)) = (Place::new(), server_that_tells());
    let child = place
        .command(&[
            "bench",
            "--to",
            &address,
            "--window",
            "10",
            "--distinct",
            "100",
        ])
        .args(["--duration", "60s", "--warmup", "0s", "--json", "run.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(windows.iter().take(100).count(), 100);
    // The first of them may come from before the measured time.
    thread::sleep(Duration::from_millis(100));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            Some(1),
            "sawmill: interrupted; the figures are those until then\n"
        )
    );
    let record: Value = serde_json::from_str(&place.read("run.json")).unwrap();
    assert!(record["runs"][0]["totals"]["events"].as_u64() > Some(0));
}
