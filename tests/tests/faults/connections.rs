//! Connections that are slow, cut up, cut, or dead without a word, by toxiproxy.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Settings, Toxic};

use crate::stage::{Proxied, Setting, survive};
use crate::{folder, start_engine};

/// How long each lasts.
const FAULT: Duration = Duration::from_secs(8);

#[test]
fn bad_connections_lose_nothing() {
    let dir = folder();
    let mut elasticsearch = start_engine(dir.path(), &[]);
    let sides = [
        (Proxied::Input, "Filebeat to Sawmill"),
        (Proxied::Output, "Sawmill to Elasticsearch"),
    ];
    for (proxied, side) in sides {
        let faults = [
            ("300 ms more", Toxic::latency(Duration::from_millis(300))),
            ("20 kB/s", Toxic::bandwidth(20)),
            ("pieces of 100 bytes", Toxic::slicer(100)),
            (
                "reset after 500 ms",
                Toxic::reset(Duration::from_millis(500)),
            ),
            (
                "closed after 2 s of nothing",
                Toxic::timeout(Duration::from_secs(2)),
            ),
            ("half open", Toxic::timeout(Duration::ZERO)),
        ];
        for (what, toxic) in faults {
            let what = format!("{side}: {what}");
            let settings = Settings::default().with("OUTPUT__ELASTICSEARCH__RETRY_MAX", "5s");
            let setting = Setting {
                proxied,
                settings,
                ..Setting::new(&what)
            };
            survive(&mut elasticsearch, setting, |stage| {
                let proxy = stage.proxy.as_ref().unwrap();
                proxy.add(&toxic);
                sleep(FAULT);
                proxy.heal();
            });
        }
    }
}
