use proptest::prelude::*;

use super::*;
use crate::scan::Scanner;

/// The members as key and value, or `None` if the masks are unsure.
fn by_masks(text: &str) -> Option<Vec<(String, String)>> {
    let mut cuts = Cuts::default();
    let verdict = cut(text.as_bytes(), 128, &mut cuts);
    let found = || cuts.each(text.as_bytes()).collect::<Vec<_>>();
    (verdict == Verdict::Object).then(|| parts(text, &found()))
}

fn by_scanner(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(text.as_bytes(), 128);
    let outcome = scanner.object(|_, member| {
        found.push(member);
        Ok(())
    });
    (outcome.is_ok() && scanner.at == text.len()).then(|| parts(text, &found))
}

fn parts(text: &str, members: &[Member]) -> Vec<(String, String)> {
    let part = |from: usize, to: usize| text[from..to].to_owned();
    let pair = |member: &Member| {
        let Member { key, start, end } = *member;
        (part(key.start, key.end), part(start, end))
    };
    members.iter().map(pair).collect()
}

const EVENT: &str = concat!(
    r#"{"@timestamp":"2025-02-02T12:34:58.123Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.11.0"},"#,
    r#""log":{"offset":123456,"file":{"path":"/var/log/django/app.log","inode":"1835010","device_id":"64769"},"#,
    r#""flags":["multiline"]},"message":"ERROR|a|Traceback (most recent call last):\n  File \"C:\\x\", {[,:]}\u00e9 zażółć","#,
    r#""host":{"ip":["10.20.3.17","fe80::42:acff:fe11:2"],"containerized":false,"n":-1.5e-7,"os":{"name":"x"}},"#,
    r#""empty":{},"none":[],"nothing":null,"":"","stream":["app"],"ecs":{"version":"8.0.0"}}"#
);

/// Without the vectors all is the scanner's.
fn is_for_the_masks() -> bool {
    by_masks("{}").is_some()
}

#[test]
fn what_filebeat_sends_needs_no_scanner() {
    if !is_for_the_masks() {
        return;
    }
    // Every place of a token against the borders of blocks.
    for shift in 0..64 {
        let text = EVENT.replace("ERROR", &"E".repeat(shift + 1));
        assert_eq!(by_masks(&text), by_scanner(&text), "{shift}");
        assert_eq!(by_masks(&text).map(|members| members.len()), Some(11));
    }
    for text in ["{}", r#"{"a":1}"#, r#"{"a":{}}"#, r#"{"a":[[]]}"#] {
        let wanted = by_scanner(text).filter(|_| !text.contains("[["));
        assert_eq!(by_masks(text), wanted, "{text}");
    }
}

#[test]
fn nested_too_deep_is_for_the_scanner_to_say() {
    if !is_for_the_masks() {
        return;
    }
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(by_masks(&deep(127)).is_some());
    assert!(by_masks(&deep(128)).is_none());
    let list = format!("{}[]{}", "{\"a\":".repeat(128), "}".repeat(128));
    assert!(by_masks(&list).is_none());
}

/// A byte put into, taken out of or changed in a text that is valid.
fn spoilt(text: &str, edits: &[(prop::sample::Index, char, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (place, new, kind) in edits {
        let at = place.index(chars.len());
        match kind % 3 {
            0 => chars[at] = *new,
            1 => chars.insert(at, *new),
            _ => drop(chars.remove(at)),
        }
    }
    chars.into_iter().collect()
}

fn token() -> impl Strategy<Value = char> {
    prop::sample::select(r#"{}[],:"\0a1-.en tu/"#.chars().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// What the masks take the scanner takes, with the same members.
    #[test]
    fn masks_never_say_more_than_the_scanner(
        text in r#"[\{\}\[\],:"\\a1\-.e0]{0,80}"#,
        edits in prop::collection::vec((any::<prop::sample::Index>(), token(), any::<u8>()), 0..4),
    ) {
        for text in [format!("{{\"a\":{text}}}"), format!("{{\"a\":1,{text}}}"), spoilt(EVENT, &edits)] {
            if let Some(members) = by_masks(&text) {
                prop_assert_eq!(Some(members), by_scanner(&text), "{}", text);
            }
        }
    }
}
