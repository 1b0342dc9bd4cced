//! What Elasticsearch adds to an event's way: a request of several bodies, and its answer.

use sawmill_elasticsearch_out::{Answer, BulkBody, Request, StreamParts, Verdict};

use crate::Watch;
use crate::fixture::{EVENTS, frames, payloads};

/// Bodies that a window's events come in. A single one is sent as it is; several are joined, which is what costs.
const BODIES: usize = 4;

const STREAM: StreamParts<'_> = StreamParts {
    kind: "logs",
    dataset: "django",
    namespace: "pt",
};

/// Builds a request of a window's bodies, and takes in an answer that stored every event; `passes` times.
pub fn request(passes: usize, watch: &mut impl Watch) {
    let frames = frames();
    let payloads = payloads(&frames);
    let events = EVENTS as usize;
    let mut bodies: Vec<_> = (0..BODIES).map(|_| BulkBody::new()).collect();
    let answer = answer(events);
    for _ in 0..passes {
        for (body, share) in bodies.iter_mut().zip(payloads.chunks(events / BODIES)) {
            for range in share {
                let mut draft = body.begin(&STREAM, None).expect("the name is valid");
                draft.text().extend_from_slice(&frames[range.clone()]);
                draft.finish();
            }
        }
        let parts = bodies.drain(..).map(|body| (body, ())).collect();
        let (mut request, bytes) = watch.part("request", 0, || {
            let request = Request::new(parts);
            let bytes = request.body();
            (request, bytes)
        });
        assert!(bytes.len() > frames.len(), "every event is in the request");
        let stored = watch.part("answer", 0, || {
            assert_eq!(request.absorb(Ok(answer.clone())), Verdict::Done);
            request.settled().map(|part| part.stored).sum::<usize>()
        });
        assert_eq!(stored, events);
        bodies.extend(request.into_parts().map(|(body, ())| body));
    }
}

/// Elasticsearch's answer to a request of which it stored everything, as short as `filter_path` makes it.
fn answer(events: usize) -> Answer {
    let items = vec![r#"{"create":{"status":201}}"#; events].join(",");
    Answer::new(200, format!(r#"{{"errors":false,"items":[{items}]}}"#))
}
