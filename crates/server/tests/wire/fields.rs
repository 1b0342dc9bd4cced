//! What names and values are, whatever carries them.

use serde_json::json;

use crate::support::{Sawmill, compressed, frame};

/// A frame as the other version has it.
fn of_version(version: u8, mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] = version;
    frame
}

#[test]
fn names_and_values_in_any_script_arrive_as_pairs_and_as_json_plain_and_compressed() {
    let fields = [
        ("group", "pt"),
        ("service", "django"),
        ("żółw", "ściółka"),
        ("line", "Ω→😀 \u{2028}\t\"quoted\""),
    ];
    let mut pairs = Vec::new();
    for text in fields.iter().flat_map(|&(name, value)| [name, value]) {
        pairs.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        pairs.extend(text.as_bytes());
    }
    let [_, _, odd, line] = fields;
    let whole = json!({"group": "pt", "service": "django", odd.0: odd.1, line.0: line.1});
    let json = whole.to_string().into_bytes();
    let data = frame(b'D', &[7, 4], &pairs);
    let json = frame(b'J', &[7, u32::try_from(json.len()).unwrap()], &json);
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    for (version, frame_of_event) in [(b'1', &data), (b'2', &data), (b'2', &json)] {
        let event = of_version(version, frame_of_event.clone());
        let head = of_version(version, frame(b'W', &[1], &[]));
        client.send(&[&head[..], &event].concat());
        assert_eq!(client.any_ack(), (version, 7));
        let packed = of_version(version, compressed(&event));
        client.send(&[head, packed].concat());
        assert_eq!(client.any_ack(), (version, 7));
    }
    let stored = sawmill.stored("logs-django-pt");
    assert_eq!(stored.len(), 6);
    for document in stored {
        for (name, value) in [odd, line] {
            assert_eq!(document[name], value, "{document}");
        }
        assert!(document.get("message").is_none(), "{document}");
    }
}
