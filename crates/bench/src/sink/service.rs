//! One request and its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use thiserror::Error;

use super::args::SinkArgs;
use super::body::{Intake, Look, Reading, Refusal, Taken};
use super::check::Checker;
use super::counts::{self, Counts};
use super::error::SinkError;
use super::faults::{Fate, Fault, Faults};
use super::items::{self, Prepared};
use super::start;

/// A body that takes longer is the client's trouble, not ours.
const BODY_TIMEOUT: Duration = Duration::from_mins(1);
/// Questions have small bodies: templates and lists of privileges.
const QUESTION_BYTES_MAX: usize = 4 << 20;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) counts: Counts,
    pub(crate) checker: Option<Arc<Checker>>,
    faults: Faults,
    prepared: Prepared,
    body_bytes_max: u64,
    by_stream: bool,
}

/// Why a connection ends without an answer.
#[derive(Debug, Error)]
pub(crate) enum Severed {
    /// The client's body broke off or did not end in time.
    #[error("the body broke off")]
    Body,
    /// A fault that was asked for.
    #[error("reset on request")]
    Reset,
}

type Answer = Response<Full<Bytes>>;

impl Sink {
    /// Checks the settings and reads what they name.
    pub(crate) fn new(args: &SinkArgs) -> Result<Self, SinkError> {
        Ok(Self {
            counts: Counts::new(),
            checker: Checker::new(args)?.map(Arc::new),
            faults: Faults::new(args)?,
            prepared: Prepared::new(),
            body_bytes_max: args.max_body,
            by_stream: args.by_stream,
        })
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Severed> {
        let path = request.uri().path().trim_end_matches('/');
        let is_write = matches!(*request.method(), Method::POST | Method::PUT);
        match path.strip_suffix("/_bulk") {
            Some("") if is_write => self.bulk(request, None).await,
            Some(index) if is_write && !index[1..].contains(['/', '"', '\\']) => {
                let index = index[1..].to_owned();
                self.bulk(request, Some(index)).await
            }
            Some(_) | None => self.question(request).await,
        }
    }

    async fn bulk(
        &self,
        request: Request<Incoming>,
        path_index: Option<String>,
    ) -> Result<Answer, Severed> {
        let number = self.counts.begin();
        let mut fate = self.faults.fate(number);
        let form = Form::of(&request);
        let look = self.look(&form, &fate, path_index.as_deref());
        let taking = self.take(request, &form, look);
        let Ok(Ok(taken)) = tokio::time::timeout(BODY_TIMEOUT, taking).await else {
            return Err(Severed::Body);
        };
        if !fate.latency.is_zero() {
            tokio::time::sleep(fate.latency).await;
        }
        let taken = match taken {
            Ok(taken) => taken,
            Err(refusal) => return Ok(self.refuse(refusal)),
        };
        if let Some(fault) = fate.fault {
            self.counts.fault(fault.name());
        }
        match fate.fault {
            None | Some(Fault::Slow) => Ok(self.store(&form, &taken, &mut fate)),
            Some(Fault::Lost) => {
                self.store(&form, &taken, &mut fate);
                Err(Severed::Reset)
            }
            Some(Fault::Reset) => Err(Severed::Reset),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Status(status)) => Ok(form.answer(
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                items::request_error(status, "asked for with --fault"),
            )),
        }
    }

    /// Lines are read only where something depends on them.
    fn look(&self, form: &Form, fate: &Fate, path_index: Option<&str>) -> Look {
        let is_stored = match fate.fault {
            None | Some(Fault::Slow | Fault::Lost) => true,
            Some(Fault::Hang | Fault::Reset | Fault::Status(_)) => false,
        };
        // What is not stored comes again and is checked then.
        let checker = self.checker.clone().filter(|_| is_stored);
        if checker.is_some() || self.by_stream || form.items == Items::Full {
            Look::Read(Reading::new(path_index, checker))
        } else {
            Look::Count
        }
    }

    async fn take(
        &self,
        request: Request<Incoming>,
        form: &Form,
        look: Look,
    ) -> Result<Result<Taken, Refusal>, hyper::Error> {
        let mut intake = match form.encoding {
            Encoding::Gzip => Intake::gzip(look, self.body_bytes_max),
            Encoding::Plain => Intake::plain(look, self.body_bytes_max),
        };
        let mut body = request.into_body();
        while let Some(frame) = body.frame().await {
            if let Ok(frame) = frame?.into_data()
                && let Err(refusal) = intake.take(&frame)
            {
                return Ok(Err(refusal));
            }
        }
        Ok(intake.finish())
    }

    fn store(&self, form: &Form, taken: &Taken, fate: &mut Fate) -> Answer {
        let rejected = self.faults.rejected(fate, taken.items);
        let before = self.counts.add(&counts::Request {
            stored: (taken.items - rejected.len()) as u64,
            body_bytes: taken.body_bytes,
            inflated_bytes: taken.inflated_bytes,
            rejected: &rejected,
        });
        if let (Some(checker), Some(reading)) = (&self.checker, &taken.reading) {
            checker.stored(reading.seen(), &rejected);
        }
        if let (true, Some(reading)) = (self.by_stream, &taken.reading) {
            self.counts.streams(&reading.stored_by_stream(&rejected));
        }
        let body = match (&taken.reading, form.items) {
            (Some(reading), Items::Full) => {
                items::full(taken.action, &reading.indices(), &rejected, before)
            }
            (Some(_) | None, Items::Filtered | Items::Full) => {
                self.prepared
                    .some_rejected(taken.action, taken.items, &rejected)
            }
        };
        form.answer(StatusCode::OK, body)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Malformed(malformed) => {
                self.counts.refused(400);
                Form::plain().answer(
                    StatusCode::BAD_REQUEST,
                    items::request_error(400, &malformed.reason().replace('\\', "\\\\")),
                )
            }
            Refusal::TooLarge => {
                self.counts.refused(413);
                // As Elasticsearch's HTTP layer does it: no body, no product header, and the connection ends.
                let mut answer = Response::new(Full::default());
                *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                answer
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
                answer
            }
        }
    }

    /// Everything but bulk requests.
    async fn question(&self, request: Request<Incoming>) -> Result<Answer, Severed> {
        self.counts.other();
        let form = Form::of(&request);
        let (head, body) = request.into_parts();
        let reading = Limited::new(body, QUESTION_BYTES_MAX).collect();
        let body = match tokio::time::timeout(BODY_TIMEOUT, reading).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => return Err(Severed::Body),
        };
        let path = head.uri.path().trim_matches('/');
        let (status, answer) = match (&head.method, path) {
            (&Method::GET, "_sawmill/counts") => (StatusCode::OK, self.counts_json()),
            (&Method::POST, "_sawmill/reset") => {
                let before = self.counts_json();
                self.counts.reset();
                (StatusCode::OK, before)
            }
            (method, path) => start::answer(method, path, &body),
        };
        Ok(form.answer(status, answer))
    }

    /// The counts, and the check's if there is one.
    pub(crate) fn counts_json(&self) -> Bytes {
        let counts = serde_json::to_value(self.counts.snapshot());
        // Numbers and texts only: there is always a JSON form.
        let mut counts = counts.unwrap_or_default();
        if let Some(checker) = &self.checker {
            counts["check"] = serde_json::to_value(checker.summary()).unwrap_or_default();
        }
        counts.to_string().into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Plain,
}

/// How much an answer says of each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Items {
    /// `filter_path` leaves no more than `errors` and each item's status and error.
    Filtered,
    Full,
}

/// The forms in which a request comes and wants its answer.
struct Form {
    encoding: Encoding,
    items: Items,
    content_type: HeaderValue,
}

impl Form {
    fn plain() -> Self {
        Self {
            encoding: Encoding::Plain,
            items: Items::Filtered,
            content_type: HeaderValue::from_static("application/json"),
        }
    }

    fn of(request: &Request<Incoming>) -> Self {
        let header = |name| {
            request
                .headers()
                .get(name)
                .map_or(&b""[..], HeaderValue::as_bytes)
        };
        let query = request.uri().query().unwrap_or("");
        // A client that names a version of Elasticsearch's own media type wants it back.
        let vendor = header(ACCEPT).starts_with(b"application/vnd.elasticsearch+json");
        let plain = Self::plain();
        Self {
            encoding: if header(CONTENT_ENCODING) == b"gzip" {
                Encoding::Gzip
            } else {
                Encoding::Plain
            },
            items: if is_filtered(query) {
                Items::Filtered
            } else {
                Items::Full
            },
            content_type: if vendor {
                HeaderValue::from_static("application/vnd.elasticsearch+json;compatible-with=8")
            } else {
                plain.content_type
            },
        }
    }

    fn answer(&self, status: StatusCode, body: Bytes) -> Answer {
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        headers.insert(
            "x-elastic-product",
            HeaderValue::from_static("Elasticsearch"),
        );
        answer
    }
}

/// Whether the query's `filter_path` asks for nothing but what the prepared answers hold.
fn is_filtered(query: &str) -> bool {
    const HELD: [&str; 4] = [
        "errors",
        "items.*.status",
        "items.*.error",
        "items.*.error.type",
    ];
    let filter = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("filter_path="));
    filter.is_some_and(|filter| {
        let filter = filter
            .replace("%2C", ",")
            .replace("%2c", ",")
            .replace("%2A", "*")
            .replace("%2a", "*");
        filter.split(',').all(|path| HELD.contains(&path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_short_only_for_who_asks_for_no_more() {
        for (query, want) in [
            ("filter_path=errors,items.*.status,items.*.error", true),
            (
                "filter_path=errors,items.*.error,items.*.status&require_data_stream=true",
                true,
            ),
            ("timeout=30s&filter_path=errors%2Citems.%2A.status", true),
            ("", false),
            ("filter_path=", false),
            ("filter_path=took,errors", false),
            ("require_data_stream=true", false),
        ] {
            assert_eq!(is_filtered(query), want, "{query}");
        }
    }
}
