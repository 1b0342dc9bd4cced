//! Input: how many items (one byte), then answers, each with its status (one byte), its length (two bytes) and its body.
//!
//! Holds for every input: an item settles once at most, and stays open otherwise; it is stored, stored before or refused
//! only by the answer's own word on it; and where the answer is plain JSON with a word on every item, by that word.

#![no_main]

// Built from its files, since the crate as a whole is an HTTP client, too.
#[path = "../../crates/elasticsearch-out/src/answer.rs"]
#[allow(dead_code)]
mod answer;
#[path = "../../crates/elasticsearch-out/src/body.rs"]
#[allow(dead_code)]
mod body;
#[path = "../oracles/bulk.rs"]
mod bulk;
#[path = "../../crates/elasticsearch-out/src/document_id.rs"]
#[allow(dead_code)]
mod document_id;
#[path = "../../crates/elasticsearch-out/src/outcome.rs"]
#[allow(dead_code)]
mod outcome;
#[rustfmt::skip]
#[path = "../../crates/elasticsearch-out/src/request.rs"]
#[allow(dead_code)]
mod request;
#[path = "../../crates/elasticsearch-out/src/stream.rs"]
#[allow(dead_code)]
mod stream;

use answer::{Answer, SendError};
use body::BulkBody;
use bulk::{Word, words};
use libfuzzer_sys::fuzz_target;
use request::{Request, Verdict};
use serde_json::{Value as Json, json};
use stream::StreamParts;

const STATUSES: [u16; 16] = [
    200, 201, 299, 0, 302, 400, 401, 403, 404, 408, 413, 429, 500, 503, 504, 65535,
];

/// No answer at all.
const LOST: u8 = 16;

fuzz_target!(|data: &[u8]| {
    let Some((items, mut rest)) = data.split_first() else {
        return;
    };
    let items = usize::from(items % 8) + 1;
    let (mut each, mut all) = (one_part_each(items), one_part(items));
    let mut settled = vec![None; items];
    while let Some(([status, length @ ..], behind)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (bytes, behind) = behind.split_at(length);
        rest = behind;
        absorb(&mut each, *status, bytes, &mut settled);
        // Nothing depends on how the items are spread over bodies.
        drop(all.absorb(sent(*status, bytes)));
        assert_eq!(all.body(), each.body());
        assert_eq!(all.open_items(), each.open_items());
    }
    if let (0, Some(statuses)) = (data.len() % 2, data.get(1..)) {
        plain_words_are_followed(statuses);
    }
});

fn absorb(
    request: &mut Request<usize>,
    status: u8,
    bytes: &[u8],
    settled: &mut [Option<Word>],
) -> Verdict {
    let sent_now = numbers(&request.body());
    let answer = sent(status, bytes);
    let allowed = match &answer {
        Ok(answer) if answer.is_good() => bulk::words_of_text(bytes, sent_now.len()),
        // A document that was sent alone can be what the whole request was refused for.
        Ok(answer) if [400, 413].contains(&answer.status) && sent_now.len() == 1 => {
            Some(vec![Word::Refused])
        }
        Ok(_) | Err(_) => Some(vec![Word::Nothing; sent_now.len()]),
    };
    let verdict = request.absorb(answer);
    for part in request.settled() {
        assert_eq!(part.count(), 1);
        let word = match (part.stored, part.duplicates) {
            (1, _) => Word::Stored,
            (_, 1) => Word::StoredBefore,
            _ => Word::Refused,
        };
        let at = sent_now.iter().position(|number| number == part.ticket);
        let at = at.expect("it was sent");
        assert!(allowed.as_ref().is_none_or(|allowed| allowed[at] == word));
        assert_eq!(settled[*part.ticket].replace(word), None);
    }
    let open = settled.iter().filter(|word| word.is_none()).count();
    assert_eq!(request.open_items(), open);
    assert_eq!(request.is_done(), open == 0);
    assert_eq!(verdict == Verdict::Done, open == 0);
    assert!(
        numbers(&request.body())
            .iter()
            .all(|n| settled[*n].is_none())
    );
    verdict
}

fn sent(status: u8, bytes: &[u8]) -> Result<Answer, SendError> {
    let lost = || SendError::Lost {
        host: "localhost".to_owned(),
        reason: "connection reset".to_owned(),
    };
    let status = STATUSES.get(usize::from(status % (LOST + 1)));
    Ok(Answer::new(*status.ok_or_else(lost)?, bytes.to_vec()))
}

/// An answer with a word on every item, as Elasticsearch writes it, is followed to the letter.
fn plain_words_are_followed(statuses: &[u8]) {
    let statuses = &statuses[..statuses.len().min(8)];
    if statuses.is_empty() {
        return;
    }
    let item = |byte: &u8| match byte % 8 {
        0..3 => json!({"create": {"_index": "x", "status": 201}}),
        3 => {
            json!({"create": {"status": 409, "error": {"type": "version_conflict_engine_exception"}}})
        }
        4 => {
            json!({"create": {"status": 400, "error": {"type": "document_parsing_exception", "reason": "\"x\""}}})
        }
        5 => {
            json!({"create": {"status": 404, "error": {"type": "index_not_found_exception", "reason": null}}})
        }
        6 => {
            json!({"create": {"status": 429, "error": {"reason": "busy", "type": "es_rejected_execution_exception"}}})
        }
        _ => json!({"create": {"status": u16::from(*byte) * 3}}),
    };
    let items: Vec<Json> = statuses.iter().map(item).collect();
    let json = json!({"took": 3, "errors": true, "items": items});
    let mut settled = vec![None; statuses.len()];
    let bytes = json.to_string().into_bytes();
    absorb(&mut one_part_each(statuses.len()), 0, &bytes, &mut settled);
    let words = words(&json, statuses.len());
    let settled: Vec<Word> = settled
        .iter()
        .map(|word| word.unwrap_or(Word::Nothing))
        .collect();
    assert_eq!(settled, words);
}

/// A request whose items are each a body of their own.
fn one_part_each(items: usize) -> Request<usize> {
    Request::new(
        (0..items)
            .map(|item| (body(item..item + 1), item))
            .collect(),
    )
}

fn one_part(items: usize) -> Request<()> {
    Request::new(vec![(body(0..items), ())])
}

fn body(numbers: std::ops::Range<usize>) -> BulkBody {
    let stream = StreamParts {
        kind: "logs",
        dataset: "django",
        namespace: "pt",
    };
    let mut body = BulkBody::new();
    for number in numbers {
        let mut draft = body.begin(&stream, None).expect("a good name");
        draft
            .text()
            .extend_from_slice(number.to_string().as_bytes());
        draft.finish();
    }
    body
}

/// The documents that a request sends, which are numbers here.
fn numbers(body: &[u8]) -> Vec<usize> {
    let text = str::from_utf8(body).expect("digits and names");
    let documents = text.lines().skip(1).step_by(2);
    documents
        .map(|number| number.parse().expect("a number"))
        .collect()
}
