//! Connections that are slow, cut up, cut, or dead without a word, by toxiproxy.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Elasticsearch, Settings, Toxic};

use crate::folder;
use crate::stage::{Proxied, Setting, survive};

/// How long each lasts.
const FAULT: Duration = Duration::from_secs(8);

#[test]
fn bad_connections_lose_nothing() {
    let dir = folder();
    let mut elasticsearch = Elasticsearch::start_set_up(dir.path());
    let sides = [
        (Proxied::Input, "Filebeat to Sawmill"),
        (Proxied::Output, "Sawmill to Elasticsearch"),
    ];
    for (proxied, side) in sides {
        let reset = Toxic::reset(Duration::from_millis(500));
        let closed = Toxic::timeout(Duration::from_secs(2));
        let half_open = Toxic::timeout(Duration::ZERO);
        let slow = [
            Toxic::latency(Duration::from_millis(300)),
            Toxic::bandwidth(20),
            Toxic::slicer(100),
        ];
        let faults: [(&str, &[Toxic]); 4] = [
            ("300 ms more, 20 kB/s, pieces of 100 bytes", &slow),
            ("reset after 500 ms", &[reset]),
            ("closed after 2 s of nothing", &[closed]),
            ("half open", &[half_open]),
        ];
        for (what, toxics) in faults {
            let what = format!("{side}: {what}");
            let settings = Settings::default().with("OUTPUT__ELASTICSEARCH__RETRY_MAX", "5s");
            let setting = Setting {
                proxied,
                settings,
                ..Setting::new(&what)
            };
            survive(&mut elasticsearch, setting, |stage| {
                let proxy = stage.proxy.as_ref().unwrap();
                for toxic in toxics {
                    proxy.add(toxic);
                }
                sleep(FAULT);
                proxy.heal();
            });
        }
    }
}
