//! Handshakes that are too many or too slow.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use crate::scene::{Scene, closed};
use crate::support::wait_for;

#[test]
fn handshakes_that_never_end() {
    let limits = [
        "input.beats.tls.handshake_timeout=2s",
        "input.beats.handshakes_max=1000",
    ];
    let scene = Scene::open_tls("handshakes", &limits);
    scene.attack_with(
        "three times 2,000 handshakes from two addresses that stop after three bytes, where there are 1,000 places",
        48,
        |scene| {
            // What each leaves behind would add up to more than the limit.
            for _ in 0..3 {
                let mut clients = scene.sawmill.crowd(2000);
                for client in &mut clients {
                    let _ = client.stream.write_all(b"\x16\x03\x01");
                }
                wait_for("handshakes refused", || {
                    (closed(&mut clients) >= 1000).then_some(())
                });
                // Another address still gets in, though all places are taken.
                scene.assert_serves();
                wait_for("handshakes timed out", || {
                    (closed(&mut clients) == 2000).then_some(())
                });
            }
        },
    );
}

#[test]
fn handshakes_that_come_byte_by_byte() {
    let limits = [
        "input.beats.tls.handshake_timeout=8s",
        "input.beats.handshakes_max=5100",
    ];
    let scene = Scene::open_tls("handshakes_slow", &limits);
    scene.attack_with(
        "5,000 handshakes from five addresses, where there are places for them, a byte every 100 ms, until their time is over",
        112,
        |scene| {
            let mut clients = scene.sawmill.crowd(5000);
            // A greeting of 512 bytes, of which these are the first.
            for byte in b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" {
                for client in &mut clients {
                    let _ = client.stream.write_all(&[*byte]);
                }
                sleep(Duration::from_millis(100));
            }
            wait_for("all of them accepted", || {
                (scene.sawmill.files() > 5000).then_some(())
            });
            scene.assert_serves();
            wait_for("handshakes timed out", || {
                (closed(&mut clients) == 5000).then_some(())
            });
        },
    );
}
