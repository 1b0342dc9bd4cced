//! Events that are hostile within sound frames.

use crate::scene::Scene;
use crate::support::{event, window};

fn send(name: &'static str, what: &str, events: &[String]) {
    let bytes: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
    let window = window(&bytes);
    let scene = Scene::open(name, &[]);
    scene.attack(what, 32, |sawmill| {
        let mut clients = sawmill.attackers(4, &[]);
        for _ in 0..10 {
            for client in &mut clients {
                client.send(&window);
                assert_eq!(client.ack(), events.len() as u32);
            }
        }
        clients
    });
}

#[test]
fn p11_events_that_are_none() {
    let mut events: Vec<String> = [
        "[1,2]",
        "null",
        "\"text\"",
        "{",
        "{\"a\":}",
        "{}{}",
        "nonsense",
        "{\"a\":1e}",
        "{\"\\ud800\":1}",
    ]
    .map(str::to_owned)
    .into();
    events.push(event("a good one among them"));
    events.push(r#"{"[foo":1,"":2,"group":"pt","service":"django"}"#.to_owned());
    send(
        "p11",
        "what is no JSON, no object, or has odd keys",
        &events,
    );
}

#[test]
fn events_as_deep_as_they_are_long() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    send(
        "depth",
        "100,000 levels of JSON",
        &[deep, event("beside it")],
    );
}

#[test]
fn events_with_more_members_than_anybody_maps() {
    let members: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let wide = format!("{{{}}}", members.join(","));
    send("members", "100,000 members", &[wide, event("beside it")]);
}

#[test]
fn events_that_say_everything_twice() {
    let twice = event("first").replace('}', r#","message":"second"}"#);
    let thousand = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(4000));
    send(
        "duplicates",
        "4,000 members of the same name",
        &[twice, thousand],
    );
}

#[test]
fn bytes_that_are_no_text() {
    let scene = Scene::open("utf8", &[]);
    scene.attack("invalid UTF-8", 16, |sawmill| {
        let mut client = sawmill.attacker();
        client.send(&window(&[
            b"{\"message\":\"\xff\xfe\"}",
            event("beside it").as_bytes(),
        ]));
        assert_eq!(client.ack(), 2);
    });
}

#[test]
fn lines_that_make_patterns_slow() {
    // The seed's pattern tries its fields one by one; thousands of almost-matches within one line.
    let almost = "[2025-02-02 13:00:00,000] INFO ".repeat(3000);
    let spaces = " ".repeat(90_000);
    send(
        "patterns",
        "lines of 90 kB that almost match",
        &[event(&almost), event(&spaces)],
    );
}
