//! What can be wrong around the container is said on the first screen of `docker logs`, with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use sawmill_tests::until;
use tempfile::TempDir;

use crate::docker::{Container, mount};

const PIPELINE: &str = "/usr/share/logstash/pipeline";

/// It must end at once with this code, and say each of these.
fn refuses(container: &Container, code: i64, says: &[&str]) {
    until("the container ends", Duration::from_secs(20), || {
        container.state()["Running"] == false
    });
    let said = container.first_screen();
    println!("{said}\n");
    assert_eq!(container.state()["ExitCode"], code, "{said}");
    for words in says {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// A folder that user id 1000 may look into, with files.
fn folder(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    set_mode(dir.path(), 0o755);
    for file in files {
        fs::write(dir.path().join(file), "").unwrap();
    }
    dir
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_mount_that_cannot_be_obeyed_is_named() {
    let toml = format!("{PIPELINE}/pipeline.toml");
    for (files, says) in [
        (
            &["logstash.conf"][..],
            &[
                "logstash.conf: Logstash's language is not read",
                "mount a pipeline.toml",
            ][..],
        ),
        (
            &["a.conf", "pipeline.toml"],
            &["a.conf: there is a pipeline.toml beside it", "take out one"],
        ),
    ] {
        let dir = folder(files);
        let container = Container::run(&["--volume", &mount(dir.path(), PIPELINE)]);
        refuses(&container, 64, says);
    }
    let dir = folder(&["pipeline.toml"]);
    set_mode(&dir.path().join("pipeline.toml"), 0o600);
    let container = Container::run(&["--volume", &mount(&dir.path().join("pipeline.toml"), &toml)]);
    refuses(
        &container,
        64,
        &["Permission denied", "let user id 1000 read it"],
    );
    // Docker makes a folder of it.
    let container = Container::run(&["--volume", &mount(&dir.path().join("gone.toml"), &toml)]);
    refuses(
        &container,
        64,
        &["Is a directory", "check the path before the colon"],
    );
}

#[test]
fn a_mounted_pipeline_is_read_and_may_ask_for_any_time_zone() {
    let dir = folder(&[]);
    let pipeline = r#"
        [[filter]]
        type = "date"
        field = "log_timestamp"
        formats = ["ISO8601"]
        timezone = "Asia/Kathmandu"
    "#;
    fs::write(dir.path().join("pipeline.toml"), pipeline).unwrap();
    let container = Container::run(&["--volume", &mount(dir.path(), PIPELINE)]);
    container
        .until_it_says("settings and filters come from /usr/share/logstash/pipeline/pipeline.toml");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let dir = folder(&[]);
    let data = format!("{}:/data", dir.path().display());
    let settings = [
        "--volume",
        &data,
        "--env=SAWMILL_OUTPUT__LOCAL__PATH=/data/streams",
    ];
    let container = Container::run(&settings);
    refuses(
        &container,
        1,
        &[
            "/data/streams: Permission denied",
            "let user id 1000 write there",
            "output.local.path",
        ],
    );
    let container = Container::run(&[
        "--volume",
        &data,
        "--env=SAWMILL_DEAD_LETTERS__PATH=/data/dead",
    ]);
    refuses(
        &container,
        1,
        &[
            "/data/dead: Permission denied",
            "let user id 1000 write there",
            "dead_letters.path",
        ],
    );
    let container = Container::run(&["--read-only", "--env=SAWMILL_DEAD_LETTERS__PATH=/dead"]);
    refuses(
        &container,
        1,
        &[
            "Read-only file system",
            "mount something that can be written to",
        ],
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = Container::run(&["--network=none"]);
    first.until_it_says("listening");
    let beside = format!("--network=container:{}", first.id());
    refuses(
        &Container::run(&[&beside]),
        1,
        &[
            "cannot listen on 0.0.0.0:5044",
            "another program listens there",
        ],
    );
}

#[test]
fn an_elasticsearch_that_never_comes_up_is_named_and_waited_for() {
    let settings = [
        "--network=none",
        "--env=ELASTICSEARCH_HOSTS=http://127.0.0.1:9200",
        "--env=LOGSTASH_WRITER_PASSWORD=x",
    ];
    let container = Container::run(&settings);
    container.until_it_says("Elasticsearch cannot be reached");
    let said = container.first_screen();
    assert!(said.contains("check that Elasticsearch runs"), "{said}");
    assert_eq!(container.stop(), 0);
}
