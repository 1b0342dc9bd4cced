//! Programs end, in the middle of their work and with no chance to do anything about it.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::Settings;

use crate::stage::{Ids, Setting, survive};
use crate::{folder, start_engine};

const TIMES: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);

#[test]
fn programs_that_are_killed_lose_nothing() {
    let dir = folder();
    let mut elasticsearch = start_engine(dir.path(), &[]);
    for ids in [Ids::Origin, Ids::Auto] {
        let what = "Sawmill: SIGKILL, three times";
        survive(
            &mut elasticsearch,
            Setting {
                ids,
                ..Setting::new(what)
            },
            |stage| {
                for _ in 0..TIMES {
                    stage.sawmill.kill();
                    stage.sawmill.start_again();
                    sleep(PAUSE);
                }
            },
        );
    }
    let what = "Sawmill: SIGTERM, three times";
    survive(
        &mut elasticsearch,
        Setting {
            ids: Ids::Auto,
            ..Setting::new(what)
        },
        |stage| {
            for _ in 0..TIMES {
                assert!(stage.sawmill.terminate().success());
                stage.sawmill.start_again();
                sleep(PAUSE);
            }
        },
    );
    survive(
        &mut elasticsearch,
        Setting::new("Filebeat: SIGKILL, three times"),
        |stage| {
            for _ in 0..TIMES {
                stage.filebeat.kill();
                stage.filebeat.start_again();
                sleep(PAUSE);
            }
        },
    );
    let settings = Settings::default().with("OUTPUT__ELASTICSEARCH__RETRY_MAX", "5s");
    let setting = Setting {
        settings,
        ..Setting::new("Elasticsearch: SIGKILL, twice")
    };
    survive(&mut elasticsearch, setting, |stage| {
        for _ in 0..2 {
            stage.elasticsearch.kill();
            stage.elasticsearch.start_again();
            sleep(PAUSE);
        }
    });
}
