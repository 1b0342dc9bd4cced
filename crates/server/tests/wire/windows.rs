//! Windows and their acknowledgements.

use std::io::Read;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::Barrier;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::metrics::Scrape;
use crate::support::{
    Sawmill, Sink, closed, compressed, connect_cramped, event, frame, plain_window, wait_for,
    window,
};

#[test]
fn windows_sent_one_behind_the_other_are_acknowledged_in_order() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let event = event("INFO|apps.parcels|2025-02-02T12:34:56.123|x");
    let sizes = [5, 1, 700, 3, 2, 40];
    for size in sizes {
        client.send(&window(&vec![event.as_bytes(); size as usize]));
    }
    assert_eq!(sizes.map(|_| client.ack()), sizes);
    assert_eq!(sawmill.stored("logs-django-pt").len(), 751);
}

#[test]
fn the_ack_is_the_sequence_of_the_last_event_in_the_clients_version() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    // A client of version 1 numbers its events on and on.
    let data = |sequence: u32| {
        let mut out = b"1D".to_vec();
        out.extend(sequence.to_be_bytes());
        out.extend(2_u32.to_be_bytes());
        for text in ["group", "pt", "service", "django"] {
            out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            out.extend(text.as_bytes());
        }
        out
    };
    for (first, last) in [(41, 42), (4_294_967_294, 4_294_967_295)] {
        client.send(b"1W\0\0\0\x02");
        client.send(&data(first));
        client.send(&data(last));
        assert_eq!(client.any_ack(), (b'1', last));
    }
    assert_eq!(sawmill.stored("logs-django-pt").len(), 4);
}

#[test]
fn what_is_there_of_a_window_does_not_wait_long_for_the_rest() {
    let sawmill = Sawmill::start(&["input.beats.frame_timeout=4s"]);
    let mut client = sawmill.connect();
    let event = event("x");
    let one = frame(b'J', &[1, event.len() as u32], event.as_bytes());
    client.send(&[frame(b'W', &[3], &[]), one.clone()].concat());
    wait_for("the first event stored", || {
        (sawmill.stored("logs-django-pt").len() == 1).then_some(())
    });
    client.send(&one.repeat(2));
    assert_eq!(client.ack(), 1);
    assert_eq!(sawmill.stored("logs-django-pt").len(), 3);
}

#[test]
fn a_head_byte_by_byte_has_no_more_time() {
    let sawmill = Sawmill::start(&["input.beats.frame_timeout=2s"]);
    let mut client = sawmill.connect();
    for byte in *b"2W\0" {
        client.send(&[byte]);
        thread::sleep(Duration::from_secs(1));
    }
    // The last byte would have put it off.
    assert_eq!(closed(&mut [client]), 1);
}

#[test]
fn a_window_may_come_in_several_compressed_frames() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let json = |sequence: u32| {
        let event = event(&format!("event {sequence}"));
        frame(
            b'J',
            &[sequence, u32::try_from(event.len()).unwrap()],
            event.as_bytes(),
        )
    };
    client.send(&frame(b'W', &[5], &[]));
    client.send(&compressed(&[json(1), json(2)].concat()));
    client.send(&json(3));
    client.send(&compressed(&[json(4), json(5)].concat()));
    assert_eq!(client.ack(), 5);
    client.assert_silence(Duration::from_millis(200));
    client.send(&plain_window(&[event("next").as_bytes()]));
    assert_eq!(client.ack(), 1);
}

#[test]
fn a_window_is_whole_by_the_count_of_its_events_whatever_their_numbers() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let text = event("x");
    let length = u32::try_from(text.len()).unwrap();
    let events = |numbers: Range<u32>| {
        let one = |number| frame(b'J', &[number, length], text.as_bytes());
        numbers.flat_map(one).collect::<Vec<u8>>()
    };
    let head = frame(b'W', &[4096], &[]);
    client.send(&[head.clone(), events(8_191..12_287)].concat());
    assert_eq!(client.ack(), 12_286);
    client.send(&[head.clone(), compressed(&events(12_287..16_383))].concat());
    assert_eq!(client.ack(), 16_382);
    // One is missing.
    client.send(&[head, events(1..4096)].concat());
    client.assert_silence(Duration::from_millis(300));
    client.send(&events(4096..4097));
    assert_eq!(client.ack(), 4096);
    assert_eq!(sawmill.stored("logs-django-pt").len(), 3 * 4096);
}

#[test]
fn a_window_of_nothing_is_answered_and_a_frame_behind_it_belongs_to_none() {
    let sawmill = Sawmill::start(&[]);
    for version in [b'1', b'2'] {
        let mut client = sawmill.connect();
        let mut packed = compressed(b"");
        packed[0] = version;
        client.send(&[&[version, b'W', 0, 0, 0, 0], &packed[..]].concat());
        assert_eq!(client.until_closed(), [version, b'A', 0, 0, 0, 0]);
        let peer = client.stream.local_addr().unwrap().to_string();
        let line = sawmill.wait_for_log(&peer);
        assert!(line.contains("belongs to no window"), "{line}");
    }
}

#[test]
fn of_a_whole_window_and_a_part_of_the_next_the_first_is_acknowledged() {
    let sawmill = Sawmill::start(&["input.beats.keepalive=50ms"]);
    let text = event("x");
    for write in [plain_window, window] {
        let mut client = sawmill.connect();
        let next = plain_window(&[text.as_bytes(); 1000]);
        client.send(
            &[
                write(&[text.as_bytes(); 2]),
                next[..next.len() / 2].to_vec(),
            ]
            .concat(),
        );
        assert_eq!(client.ack(), 2);
        client.assert_silence(Duration::from_millis(300));
        client.end();
        assert_eq!(client.until_closed(), b"");
    }
    assert_eq!(sawmill.stored("logs-django-pt").len(), 4);
}

#[test]
fn connections_at_the_same_time_are_all_served() {
    let sawmill = &Sawmill::start(&[]);
    let all_there = &Barrier::new(10);
    thread::scope(|scope| {
        for number in 0..10 {
            scope.spawn(move || {
                let mut client = sawmill.connect();
                all_there.wait();
                for window_of in 1..=5 {
                    let text = event(&format!("{number}"));
                    client.send(&window(&vec![text.as_bytes(); window_of]));
                    assert_eq!(client.ack() as usize, window_of);
                }
            });
        }
    });
    let stored = sawmill.stored("logs-django-pt");
    for number in (0..10).map(|number| number.to_string()) {
        let of_it = { stored.iter() }.filter(|document| document["message"] == number);
        assert_eq!(of_it.count(), 15, "{number}");
    }
}

#[test]
fn an_idle_connection_is_left_alone() {
    let settings = [
        "input.beats.keepalive=50ms",
        "input.beats.frame_timeout=100ms",
    ];
    let sawmill = Sawmill::start(&settings);
    let mut client = sawmill.connect();
    client.assert_silence(Duration::from_millis(400));
    client.send(&window(&[event("a").as_bytes()]));
    assert_eq!(client.ack(), 1);
    client.assert_silence(Duration::from_millis(400));
    client.send(&window(&[event("b").as_bytes()]));
    assert_eq!(client.ack(), 1);
}

/// A stand-in for an Elasticsearch that takes requests and never answers, which a real one won't.
fn silent_elasticsearch() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = format!(
        "output.elasticsearch.hosts=http://{}",
        listener.local_addr().unwrap()
    );
    (listener, hosts)
}

#[test]
fn keepalives_come_while_a_whole_window_waits_and_at_no_other_time() {
    let (_elasticsearch, hosts) = silent_elasticsearch();
    let sawmill = Sawmill::start(&[&hosts, "input.beats.keepalive=100ms"]);
    let mut client = sawmill.connect();
    // Half a window: the client is not waiting for anything yet.
    let whole = plain_window(&[event("a").as_bytes(), event("b").as_bytes()]);
    client.send(&whole[..whole.len() - 10]);
    client.assert_silence(Duration::from_millis(400));
    client.send(&whole[whole.len() - 10..]);
    for _ in 0..3 {
        assert_eq!(client.any_ack(), (b'2', 0));
    }
}

#[test]
fn more_windows_are_read_while_the_first_waits() {
    let (_elasticsearch, hosts) = silent_elasticsearch();
    let sawmill = Sawmill::start(&[&hosts]);
    let mut client = sawmill.connect();
    client
        .stream
        .set_write_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    // What does not compress: 2 MB a window is more than the socket's buffers take unread.
    let mut seed = 1_u64;
    let noise: String = (0..2_000_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'!' + (seed >> 40) as u8 % 90)
        })
        .collect();
    for _ in 0..3 {
        client.send(&plain_window(&[event(&noise).as_bytes()]));
    }
}

#[test]
fn whoever_reads_no_answers_is_read_from_no_longer() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let probes = b"2W\0\0\0\0".repeat(10_000);
    let sent = client.send_until_stuck(&probes);
    let mut answers = vec![0; sent / 6 * 6];
    client.stream.read_exact(&mut answers).unwrap();
    assert!(answers.chunks(6).all(|ack| ack == b"2A\0\0\0\0"));
}

#[test]
fn whoever_reads_no_answers_is_given_up_and_counted() {
    let sawmill = Sawmill::start_as_is(&["api.listen=127.0.0.1:0"]);
    let scrape = Scrape::of(&sawmill);
    let closed = r#"sawmill_connections_closed_total{reason="acks_unread"}"#;
    let mut client = connect_cramped(sawmill.address, [127, 0, 0, 1]);
    client.send_until_stuck(&b"2W\0\0\0\0".repeat(1000));
    scrape.wait(closed, 0.0);
    let peer = client.stream.local_addr().unwrap().to_string();
    // It has 30 s.
    thread::sleep(Duration::from_secs(25));
    scrape.wait("sawmill_connections_open", 1.0);
    scrape.wait(closed, 1.0);
    scrape.wait("sawmill_connections_open", 0.0);
    let line = sawmill.wait_for_log(&peer);
    assert!(line.contains("WARN"), "{line}");
}

#[test]
fn a_stalled_window_closes_the_connection_when_asked_to() {
    let (_elasticsearch, hosts) = silent_elasticsearch();
    let settings = [
        hosts.as_str(),
        "input.beats.keepalive=50ms",
        "input.beats.stall_timeout=300ms",
    ];
    let sawmill = Sawmill::start(&settings);
    let mut client = sawmill.connect();
    client.send(&window(&[event("a").as_bytes()]));
    let heard = client.until_closed();
    assert!(heard.chunks(6).all(|ack| ack == b"2A\0\0\0\0"), "{heard:?}");
    sawmill.wait_for_log("stall_timeout");
}

#[test]
fn events_behind_a_whole_compressed_window_belong_to_no_window() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    client.send(&window(&[event("a").as_bytes()]));
    assert_eq!(client.ack(), 1);
    let stray = event("stray");
    let length = u32::try_from(stray.len()).unwrap();
    client.send(&frame(b'J', &[2, length], stray.as_bytes()));
    assert_eq!(client.until_closed(), b"");
    sawmill.wait_for_log("belongs to no window");
    assert_eq!(sawmill.stored("logs-django-pt").len(), 1);
}

#[test]
fn large_uncompressed_events_give_their_memory_back() {
    // 4 MiB for windows: room for one of these events at a time, and not for two.
    let sawmill = Sawmill::start(&["memory.budget=16MiB"]);
    let large = event(&"x".repeat(5 << 20));
    let mut clients: Vec<_> = (0..4).map(|_| sawmill.connect()).collect();
    for _ in 0..3 {
        for client in &mut clients {
            client.send(&plain_window(&[large.as_bytes()]));
            assert_eq!(client.ack(), 1);
        }
    }
}

#[test]
fn a_piece_of_nothing_but_bad_events_stays_within_the_budget() {
    let sawmill = Sawmill::start(&["memory.budget=16MiB"]);
    sawmill.assert_serves();
    let before = sawmill.resident_bytes();
    let bad = vec![b'x'; 1 << 20];
    let mut client = sawmill.connect();
    client.send(&window(&vec![&bad[..]; 200]));
    assert_eq!(client.ack(), 200);
    let grown = sawmill.resident_bytes().saturating_sub(before);
    assert!(
        grown < 64 << 20,
        "grew by {grown} bytes for 200 MiB of bad events"
    );
    assert_eq!(sawmill.dead_letters().len(), 200);
}

/// The largest that a Filebeat sends at once: 1,600 events, each of 100 kB.
#[test]
fn huge_windows_take_no_more_memory_than_the_budget_has() {
    const BUDGET_MIB: u64 = 64;
    /// The program, and what its threads keep of the memory that they gave back.
    const BESIDE_MIB: u64 = 96;
    let elasticsearch = Sink::start(&[]);
    let hosts = format!("output.elasticsearch.hosts={}", elasticsearch.address);
    let sawmill = &Sawmill::start(&[&format!("memory.budget={BUDGET_MIB}MiB"), &hosts]);
    let line = |n: u32| format!("{n} GET /parcels/{} took {} ms\n", n * 7919, n % 613);
    let text: String = (0..3_000).map(line).collect();
    let texts: Vec<String> = (0..1_600).map(|n| event(&format!("{n} {text}"))).collect();
    let events: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    assert!(events.iter().all(|event| event.len() > 100_000));

    let windows = [window(&events), plain_window(&events)];
    let mut peak = 0;
    thread::scope(|scope| {
        let send = |window| {
            scope.spawn(move || {
                let mut client = sawmill.connect();
                client.send(window);
                assert_eq!(client.ack(), 1_600);
            })
        };
        let clients = windows.each_ref().map(|window| send(window.as_slice()));
        while !clients.iter().all(ScopedJoinHandle::is_finished) {
            peak = peak.max(sawmill.resident_bytes() >> 20);
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(peak > BUDGET_MIB / 2, "{peak} MiB: it was not looked at");
    assert!(peak <= BUDGET_MIB + BESIDE_MIB, "{peak} MiB resident");
    println!("{peak} MiB resident");
}
