use super::*;
use crate::stream::StreamParts;

const DJANGO: StreamParts<'_> = StreamParts {
    kind: "logs",
    dataset: "django",
    namespace: "pt",
};

/// A body of so many documents, `{"n":FIRST}` and on.
fn body(first: usize, count: usize) -> BulkBody {
    let mut body = BulkBody::new();
    for n in first..first + count {
        let mut draft = body.begin(&DJANGO, None).unwrap();
        draft
            .text()
            .extend_from_slice(format!("{{\"n\":{n}}}").as_bytes());
        draft.finish();
    }
    body
}

/// The numbers of the documents a request would send now.
fn sent<T>(request: &Request<T>) -> Vec<usize> {
    let bytes = request.body();
    let lines: Vec<&str> = str::from_utf8(&bytes).unwrap().lines().collect();
    lines
        .chunks(2)
        .map(|pair| {
            assert_eq!(pair[0], r#"{"create":{"_index":"logs-django-pt"}}"#);
            pair[1]
                .trim_start_matches("{\"n\":")
                .trim_end_matches('}')
                .parse()
                .unwrap()
        })
        .collect()
}

fn answer(statuses: &[u16]) -> Answer {
    let item = |status: &u16| {
        match status {
        201 => r#"{"create":{"status":201}}"#.to_owned(),
        409 => r#"{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"there"}}}"#.to_owned(),
        404 => r#"{"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no template"}}}"#.to_owned(),
        status => format!(r#"{{"create":{{"status":{status},"error":{{"type":"type{status}","reason":"reason"}}}}}}"#),
    }
    };
    let items: Vec<String> = statuses.iter().map(item).collect();
    Answer::new(
        200,
        format!(r#"{{"errors":true,"items":[{}]}}"#, items.join(",")),
    )
}

fn whole(status: u16, kind: &str, reason: &str) -> Answer {
    Answer::new(
        status,
        format!(r#"{{"error":{{"type":"{kind}","reason":"{reason}"}},"status":{status}}}"#),
    )
}

/// Ticket, stored, duplicates and refused items of each part with news.
fn news<T: Copy>(request: &mut Request<T>) -> Vec<(T, usize, usize, Vec<usize>)> {
    request
        .settled()
        .map(|part| {
            (
                *part.ticket,
                part.stored,
                part.duplicates,
                part.refused.iter().map(|r| r.item).collect(),
            )
        })
        .collect()
}

fn cause(verdict: &Verdict) -> Option<(Cause, u32, usize)> {
    match verdict {
        Verdict::Done | Verdict::Next | Verdict::TooLarge => None,
        Verdict::Retry {
            attempt, trouble, ..
        } => Some((trouble.cause, *attempt, trouble.items)),
    }
}

#[test]
fn each_part_learns_at_once_what_is_settled_and_only_open_items_are_sent_again() {
    let mut request = Request::new(vec![(body(0, 3), 'a'), (body(3, 2), 'b')]);
    assert_eq!(sent(&request), [0, 1, 2, 3, 4]);
    let verdict = request.absorb(Ok(answer(&[201, 429, 400, 409, 503])));
    assert_eq!(cause(&verdict), Some((Cause::Busy, 1, 2)));
    assert_eq!(
        news(&mut request),
        [('a', 1, 0, vec![2]), ('b', 0, 1, vec![])]
    );
    assert!(news(&mut request).is_empty(), "news are told once");
    assert_eq!(sent(&request), [1, 4]);
    assert_eq!(request.open_items(), 2);
    assert_eq!(request.absorb(Ok(answer(&[201, 201]))), Verdict::Done);
    assert_eq!(
        news(&mut request),
        [('a', 1, 0, vec![]), ('b', 1, 0, vec![])]
    );
    assert!(request.is_done() && request.body().is_empty());
}

#[test]
fn a_single_whole_body_is_sent_without_a_copy() {
    let only = body(0, 3);
    let address = only.bytes().as_ptr();
    let request = Request::new(vec![(only, ())]);
    assert_eq!(request.body().as_ptr(), address);
    assert_eq!(request.body().as_ptr(), address, "and so is its repetition");
    let recovered: Vec<_> = request.into_parts().collect();
    assert!(
        recovered[0].0.is_empty() && recovered[0].0.bytes().as_ptr() == address,
        "its memory comes back"
    );
}

#[test]
fn a_refused_item_comes_with_its_document_and_elasticsearchs_words() {
    let mut request = Request::new(vec![(body(7, 2), ())]);
    request.absorb(Ok(answer(&[201, 400])));
    let settled = request.settled().next().unwrap();
    let refusal = &settled.refused[0];
    assert_eq!(
        settled.body.document(&settled.body.items()[refusal.item]),
        b"{\"n\":8}"
    );
    assert_eq!(
        *refusal,
        Refusal {
            item: 1,
            status: 400,
            kind: "type400".into(),
            reason: "reason".into()
        }
    );
    assert_eq!(settled.count(), 2);
}

#[test]
fn no_answer_leaves_everything_open() {
    let lost = || {
        Err(SendError::Lost {
            host: "http://es".into(),
            reason: "connection reset".into(),
        })
    };
    for (sent_and_lost, want) in [
        (lost(), Cause::Unreachable),
        (
            Err(SendError::TimedOut {
                host: "http://es".into(),
                after: Duration::from_mins(1),
            }),
            Cause::Unreachable,
        ),
        (
            Ok(Answer::new(200, "<html>hello</html>")),
            Cause::Unreadable,
        ),
        (Ok(answer(&[201])), Cause::Unreadable),
        (Ok(answer(&[201, 201, 201])), Cause::Unreadable),
        (
            Ok(whole(401, "security_exception", "no")),
            Cause::Credentials,
        ),
        (Ok(whole(403, "security_exception", "no")), Cause::Privilege),
        (
            Ok(whole(429, "es_rejected_execution_exception", "no")),
            Cause::Busy,
        ),
        (
            Ok(Answer::new(502, "<html>Bad Gateway</html>")),
            Cause::Busy,
        ),
        (
            Ok(Answer::new(400, "<html>HTTP sent to HTTPS port</html>")),
            Cause::Endpoint,
        ),
        (
            Ok(whole(
                400,
                "illegal_argument_exception",
                "contains unrecognized parameter: [x]",
            )),
            Cause::Endpoint,
        ),
    ] {
        let mut request = Request::new(vec![(body(0, 2), ())]);
        let verdict = request.absorb(sent_and_lost);
        assert_eq!(cause(&verdict), Some((want, 1, 2)));
        assert!(request.settled().next().is_none());
        assert_eq!(sent(&request), [0, 1]);
    }
}

#[test]
fn tries_are_counted_until_one_settles_something() {
    let mut request = Request::new(vec![(body(0, 2), ())]);
    let lost = || {
        Err(SendError::Lost {
            host: "http://es".into(),
            reason: "connection refused".into(),
        })
    };
    assert_eq!(
        cause(&request.absorb(lost())),
        Some((Cause::Unreachable, 1, 2))
    );
    assert_eq!(
        cause(&request.absorb(lost())),
        Some((Cause::Unreachable, 2, 2))
    );
    assert_eq!(
        cause(&request.absorb(Ok(answer(&[429, 429])))),
        Some((Cause::Busy, 3, 2))
    );
    assert_eq!(
        cause(&request.absorb(Ok(answer(&[429, 201])))),
        Some((Cause::Busy, 1, 1))
    );
    assert_eq!(
        cause(&request.absorb(Ok(answer(&[429])))),
        Some((Cause::Busy, 2, 1))
    );
}

#[test]
fn of_several_troubles_the_one_that_needs_somebody_is_told() {
    let mut request = Request::new(vec![(body(0, 4), ())]);
    let Verdict::Retry { trouble, .. } = request.absorb(Ok(answer(&[429, 404, 429, 201]))) else {
        panic!()
    };
    assert_eq!((trouble.cause, trouble.items), (Cause::Template, 3));
    assert_eq!(
        trouble.to_string(),
        "no index template makes this data stream: item status 404 index_not_found_exception no template"
    );
}

#[test]
fn retry_after_is_handed_on() {
    let mut request = Request::new(vec![(body(0, 1), ())]);
    let busy = Answer {
        retry_after: Some(Duration::from_secs(7)),
        ..Answer::new(429, "")
    };
    let Verdict::Retry { retry_after, .. } = request.absorb(Ok(busy)) else {
        panic!()
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

/// Plays an Elasticsearch that answers `bad` to a request that holds document 5 or more than `limit` documents;
/// returns what was stored, what was refused, and how many requests it took.
fn play(
    count: usize,
    limit: usize,
    poison: Option<usize>,
    status: u16,
) -> (Vec<usize>, Vec<usize>, usize) {
    let mut request = Request::new(vec![(body(0, count), ())]);
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    for requests in 1.. {
        let now = sent(&request);
        let bad = now.len() > limit || poison.is_some_and(|poison| now.contains(&poison));
        let verdict = if bad {
            request.absorb(Ok(whole(
                status,
                "action_request_validation_exception",
                "id too long",
            )))
        } else {
            stored.extend_from_slice(&now);
            request.absorb(Ok(answer(&vec![201; now.len()])))
        };
        refused.extend(
            request
                .settled()
                .flat_map(|part| part.refused)
                .map(|refusal| refusal.item),
        );
        match verdict {
            Verdict::Done => return (stored, refused, requests),
            Verdict::Next | Verdict::TooLarge => {}
            Verdict::Retry { .. } => panic!("{verdict:?}"),
        }
    }
    unreachable!("the loop ends when all is settled")
}

#[test]
fn a_request_too_large_is_halved_until_it_fits_and_keeps_its_order() {
    for (count, limit) in [(1, 1), (2, 1), (7, 3), (100, 40), (1000, 1)] {
        let (stored, refused, requests) = play(count, limit, None, 413);
        assert_eq!(stored, (0..count).collect::<Vec<_>>());
        assert!(refused.is_empty());
        assert!(
            requests < 2 * count,
            "{requests} requests for {count} documents"
        );
    }
}

#[test]
fn one_document_that_fails_the_whole_request_is_found_and_costs_no_other() {
    for status in [400, 413] {
        for poison in [0, 5, 1023] {
            let (stored, refused, requests) = play(1024, 1024, Some(poison), status);
            assert_eq!(
                stored,
                (0..1024).filter(|&n| n != poison).collect::<Vec<_>>()
            );
            assert_eq!(refused, [poison]);
            assert!(requests <= 21, "{requests} requests");
        }
    }
}

#[test]
fn a_halved_request_still_retries_what_is_busy() {
    let mut request = Request::new(vec![(body(0, 4), ())]);
    assert_eq!(request.absorb(Ok(Answer::new(413, ""))), Verdict::TooLarge);
    assert_eq!(sent(&request), [0, 1]);
    assert_eq!(
        cause(&request.absorb(Ok(answer(&[201, 429])))),
        Some((Cause::Busy, 1, 1))
    );
    assert_eq!(sent(&request), [1]);
    assert_eq!(request.absorb(Ok(answer(&[201]))), Verdict::Next);
    assert_eq!(sent(&request), [2, 3]);
    assert_eq!(request.absorb(Ok(answer(&[201, 409]))), Verdict::Done);
    assert_eq!(news(&mut request), [((), 3, 1, vec![])]);
}

#[test]
fn a_request_of_nothing_is_done() {
    let mut request = Request::new(vec![(BulkBody::new(), ())]);
    assert!(request.is_done() && request.body().is_empty());
    assert_eq!(request.absorb(Ok(answer(&[]))), Verdict::Done);
}

#[test]
fn what_never_gets_through_is_cut_until_it_is_small() {
    let lost = |()| {
        Err(SendError::TimedOut {
            host: "http://es".into(),
            after: Duration::from_mins(1),
        })
    };
    let pressed = |()| {
        Ok(whole(
            429,
            "es_rejected_execution_exception",
            "coordinating_operation_bytes",
        ))
    };
    let ways: [&dyn Fn(()) -> Result<Answer, SendError>; 2] = [&lost, &pressed];
    for way in ways {
        let mut request = Request::new(vec![(body(0, 8_000), ())]);
        let mut lengths = Vec::new();
        for _ in 0..8 {
            lengths.push(sent(&request).len());
            request.absorb(way(()));
        }
        assert_eq!(
            lengths,
            [8_000, 8_000, 8_000, 4_000, 2_000, 1_000, 1_000, 1_000]
        );
        let mut stored = Vec::new();
        while !request.is_done() {
            let now = sent(&request);
            request.absorb(Ok(answer(&vec![201; now.len()])));
            stored.extend(now);
        }
        assert_eq!(stored, (0..8_000).collect::<Vec<_>>());
    }
}

#[test]
fn waiting_for_a_repair_cuts_nothing() {
    let mut request = Request::new(vec![(body(0, 8_000), ())]);
    for _ in 0..8 {
        request.absorb(Ok(whole(401, "security_exception", "no")));
    }
    assert_eq!(sent(&request).len(), 8_000);
}

#[test]
fn a_document_too_large_by_itself_is_refused_with_a_reason() {
    let mut request = Request::new(vec![(body(0, 1), ())]);
    assert_eq!(request.absorb(Ok(Answer::new(413, ""))), Verdict::Done);
    let refusal = &request.settled().next().unwrap().refused[0];
    assert_eq!(
        (refusal.status, refusal.kind.as_str()),
        (413, "content_too_large")
    );
}

#[test]
fn a_long_reason_is_told_in_short() {
    let mut request = Request::new(vec![(body(0, 1), ())]);
    let Verdict::Retry { trouble, .. } = request.absorb(Ok(whole(429, "x", &"é".repeat(9_999))))
    else {
        panic!()
    };
    assert_eq!(trouble.detail.chars().count(), DETAIL_CHARS_MAX);
}

#[test]
fn what_nobody_waits_for_any_more_is_not_sent_again() {
    let mut request = Request::new(vec![(body(0, 2), "gone"), (body(2, 2), "waits")]);
    let verdict = request.absorb(Ok(answer(&[201, 404, 404, 201])));
    assert!(matches!(verdict, Verdict::Retry { .. }));
    assert_eq!(sent(&request), [1, 2]);
    request.forget_unless(|&owner| owner == "waits");
    assert_eq!(sent(&request), [2]);
    request.forget_unless(|_| false);
    assert!(request.is_done(), "nothing is left to be sent");
}

#[test]
fn what_can_never_fit_is_halved_at_once_and_a_single_document_waits() {
    let reason = "[coordinating_operation_bytes=9, max_coordinating_bytes=5]";
    let never = || Ok(whole(429, "es_rejected_execution_exception", reason));
    let mut request = Request::new(vec![(body(0, 3), ())]);
    assert_eq!(request.absorb(never()), Verdict::TooLarge);
    assert_eq!(sent(&request), [0, 1]);
    assert_eq!(request.absorb(never()), Verdict::TooLarge);
    assert_eq!(sent(&request), [0]);
    assert!(matches!(
        request.absorb(never()),
        Verdict::Retry { attempt: 1, .. }
    ));
    assert_eq!(sent(&request), [0], "the limit may be raised");
    assert_eq!(request.open_items(), 3);
}

#[test]
fn what_is_known_to_be_too_large_is_cut_before_it_is_sent() {
    let mut request = Request::new(vec![(body(0, 8), ())]);
    let bytes = request.body().len();
    for (bytes_max, want) in [
        (bytes, 8),
        (bytes - 1, 4),
        (bytes / 2, 4),
        (bytes / 4, 2),
        (1, 1),
    ] {
        request.cut_to(bytes_max);
        assert_eq!(sent(&request).len(), want, "{bytes_max}");
    }
    assert_eq!(request.open_items(), 8);
}
