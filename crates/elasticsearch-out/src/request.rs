//! One bulk request and the state of its items, without any I/O.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::answer::{Answer, ItemAnswer, ItemError, SendError};
use crate::body::BulkBody;
use crate::outcome::{Cause, Outcome, Reception};

/// Fruitless tries after which a request is cut in two before the next.
const TRIES_WHOLE: u32 = 3;
/// What is no longer cut only because it does not get through.
const WHOLE_BYTES: usize = 64 * 1024;
/// As much as a [`Trouble`] repeats: Elasticsearch's reason for a rejection lists whole object dumps.
const DETAIL_CHARS_MAX: usize = 300;

/// Several bodies sent as one, each with its owner's ticket, until every item is settled.
///
/// The round is always the same: send [`body`](Self::body), [`absorb`](Self::absorb) what came of it, hand on what
/// is [`settled`](Self::settled), and do as the [`Verdict`] says.
#[derive(Debug)]
pub struct Request<T> {
    parts: Vec<Part<T>>,
    /// The open items, in groups that are sent one after the other; the last is the one to send now. There is
    /// one group until Elasticsearch finds it too large or one of its items at fault.
    groups: Vec<Vec<Place>>,
    /// Tries since an answer last settled an item.
    attempt: u32,
}

#[derive(Debug)]
struct Part<T> {
    /// Shared with the bytes on their way, so that sending a whole body copies nothing.
    body: Arc<BulkBody>,
    ticket: T,
    news: News,
}

/// What came of sending a group, beside the items that it settled.
enum Said {
    /// What is open was cut, or nothing is open.
    Settled,
    /// What is open was cut, since its bytes are more than Elasticsearch takes at a time.
    TooLarge,
    /// What is open must be sent again later, for this.
    Again(Cause, String),
}

/// What an answer settled of one part, until it is taken.
#[derive(Debug, Default)]
struct News {
    stored: usize,
    duplicates: usize,
    refused: Vec<Refusal>,
}

/// An item of a part.
#[derive(Clone, Copy, Debug)]
struct Place {
    part: u32,
    item: u32,
}

/// What an answer settled of one part.
#[derive(Debug)]
pub struct Settled<'a, T> {
    /// What the caller gave with the body.
    pub ticket: &'a mut T,
    /// The body, to find the refused documents in.
    pub body: &'a BulkBody,
    /// Items stored.
    pub stored: usize,
    /// Items that an earlier try had stored.
    pub duplicates: usize,
    /// Items that Elasticsearch will not take, to be dead-lettered by the caller.
    pub refused: Vec<Refusal>,
}

impl<T> Settled<'_, T> {
    /// How many items this settles, whichever way.
    pub fn count(&self) -> usize {
        self.stored + self.duplicates + self.refused.len()
    }
}

/// An item that Elasticsearch will not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Index in the body's items.
    pub item: usize,
    /// The item's status, or the whole request's if it was sent alone.
    pub status: u16,
    /// Elasticsearch's error type, for example `document_parsing_exception`.
    pub kind: String,
    /// Elasticsearch's reason, which names the field.
    pub reason: String,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every item is settled.
    Done,
    /// Send [`Request::body`] at once: the request was cut in two.
    Next,
    /// The same, and it was cut because its bytes are more than Elasticsearch takes at a time.
    TooLarge,
    /// Send [`Request::body`] after a pause.
    Retry {
        /// How many tries in a row have settled nothing, this one included; at least 1.
        attempt: u32,
        /// How long Elasticsearch asks to wait.
        retry_after: Option<Duration>,
        /// What is the matter.
        trouble: Trouble,
    },
}

/// What is the matter when something must be sent again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{cause}: {detail}")]
pub struct Trouble {
    /// What kind of trouble; of several, the one most in need of attention.
    pub cause: Cause,
    /// Elasticsearch's or the network's own words.
    pub detail: String,
    /// How many items wait for it.
    pub items: usize,
}

impl<T> Request<T> {
    /// A request of these bodies, in this order.
    pub fn new(parts: Vec<(BulkBody, T)>) -> Self {
        let places = |(part, (body, _)): (usize, &(BulkBody, T))| {
            (0..body.items().len()).map(move |item| Place {
                part: part as u32,
                item: item as u32,
            })
        };
        let all: Vec<Place> = parts.iter().enumerate().flat_map(places).collect();
        let groups = if all.is_empty() {
            Vec::new()
        } else {
            vec![all]
        };
        let parts = parts
            .into_iter()
            .map(|(body, ticket)| Part {
                body: Arc::new(body),
                ticket,
                news: News::default(),
            })
            .collect();
        Self {
            parts,
            groups,
            attempt: 0,
        }
    }

    /// The bytes to send now: the open items. A single body with all its items open is not copied; joining is for
    /// small ones, since fresh memory for megabytes costs more than all the rest of an event's way.
    pub fn body(&self) -> Bytes {
        let Some(group) = self.groups.last() else {
            return Bytes::new();
        };
        if let [part] = self.parts.as_slice()
            && group.len() == part.body.items().len()
        {
            return Bytes::from_owner(Text(Arc::clone(&part.body)));
        }
        let mut bytes = Vec::with_capacity(self.bytes(group));
        for place in group {
            bytes.extend_from_slice(self.lines(*place));
        }
        bytes.into()
    }

    /// Takes in what came of sending [`body`](Self::body): marks what is settled and says what comes next.
    pub fn absorb(&mut self, sent: Result<Answer, SendError>) -> Verdict {
        let Some(group) = self.groups.pop() else {
            return Verdict::Done;
        };
        let retry_after = sent.as_ref().ok().and_then(|answer| answer.retry_after);
        let before = group.len() + self.open_items();
        let (open, said) = match sent {
            Err(error) => (group, Said::Again(Cause::Unreachable, error.to_string())),
            Ok(answer) => self.read(group, &answer),
        };
        let items = open.len();
        if items + self.open_items() < before {
            self.attempt = 0;
        }
        let (cause, detail) = match said {
            Said::Again(cause, detail) => (cause, detail),
            Said::Settled => return self.go_on(open, Verdict::Next),
            Said::TooLarge => return self.go_on(open, Verdict::TooLarge),
        };
        self.attempt += 1;
        self.postpone(open, cause);
        let detail = detail.chars().take(DETAIL_CHARS_MAX).collect();
        let trouble = Trouble {
            cause,
            detail,
            items,
        };
        Verdict::Retry {
            attempt: self.attempt,
            retry_after,
            trouble,
        }
    }

    /// Cuts what is to be sent now in two until it has at most so many bytes, or only one item.
    pub fn cut_to(&mut self, bytes_max: usize) {
        while let Some(group) = self.groups.pop() {
            let fits = group.len() == 1 || self.bytes(&group) <= bytes_max;
            let first = if fits { group } else { self.halve(group) };
            self.groups.push(first);
            if fits {
                return;
            }
        }
    }

    /// Forgets the open items of owners that do not want to hear of them any more; they are not settled.
    pub fn forget_unless(&mut self, is_wanted: impl Fn(&T) -> bool) {
        let wanted: Vec<bool> = { self.parts.iter() }
            .map(|part| is_wanted(&part.ticket))
            .collect();
        if wanted.contains(&false) {
            for group in &mut self.groups {
                group.retain(|place| wanted[place.part as usize]);
            }
            self.groups.retain(|group| !group.is_empty());
        }
    }

    /// What was settled since the last call, part by part; parts without news are left out. What the iterator
    /// is not asked for stays for the next call.
    pub fn settled(&mut self) -> impl Iterator<Item = Settled<'_, T>> {
        self.parts
            .iter_mut()
            .filter(|part| !part.news.is_empty())
            .map(|part| {
                let News {
                    stored,
                    duplicates,
                    refused,
                } = std::mem::take(&mut part.news);
                Settled {
                    ticket: &mut part.ticket,
                    body: &part.body,
                    stored,
                    duplicates,
                    refused,
                }
            })
    }

    /// Whether every item is settled.
    pub fn is_done(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many items are not settled.
    pub fn open_items(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// The tickets, and the bodies cleared for use again. A body still on its way somewhere is replaced by a new one.
    pub fn into_parts(self) -> impl Iterator<Item = (BulkBody, T)> {
        self.parts.into_iter().map(|part| {
            let mut body = Arc::try_unwrap(part.body).unwrap_or_default();
            body.clear();
            (body, part.ticket)
        })
    }

    /// Puts what is open of the group just sent in its place again, and says what comes next if anything does.
    fn go_on(&mut self, open: Vec<Place>, next: Verdict) -> Verdict {
        self.groups
            .extend(Some(open).filter(|open| !open.is_empty()));
        if self.is_done() { Verdict::Done } else { next }
    }

    /// Reads an answer to a group; returns what of the group stays open, and why.
    fn read(&mut self, group: Vec<Place>, answer: &Answer) -> (Vec<Place>, Said) {
        if answer.is_good() {
            if answer.is_all_stored(group.len()) {
                for &place in &group {
                    self.news(place).stored += 1;
                }
                return (Vec::new(), Said::Settled);
            }
            return match answer.items(group.len()) {
                Ok(items) => self.settle(&group, &items),
                Err(error) => (group, Said::Again(Cause::Unreadable, error.to_string())),
            };
        }
        let error = answer.error();
        match Reception::of(answer.status, &error.kind, error.reason()) {
            Reception::Retry(cause) => {
                let detail = format!("status {} {} {}", answer.status, error.kind, error.reason());
                (group, Said::Again(cause, detail))
            }
            Reception::Halve if group.len() > 1 => (self.halve(group), Said::TooLarge),
            Reception::Halve => (group, Said::Again(Cause::Busy, error.reason().to_owned())),
            Reception::Split => {
                let said = match answer.status {
                    413 if group.len() > 1 => Said::TooLarge,
                    _ => Said::Settled,
                };
                (self.split(group, answer.status, &error), said)
            }
        }
    }

    /// Settles the items of a group one by one.
    fn settle(&mut self, group: &[Place], items: &[ItemAnswer<'_>]) -> (Vec<Place>, Said) {
        let mut open = Vec::new();
        let mut trouble: Option<(Cause, String)> = None;
        for (&place, item) in group.iter().zip(items) {
            let (status, error) = (item.create.status, item.create.error.as_deref());
            let kind = error.map_or("", |error| &error.kind);
            match Outcome::of(status, kind) {
                Outcome::Stored => self.news(place).stored += 1,
                Outcome::Duplicate => self.news(place).duplicates += 1,
                Outcome::Refused => self.refuse(place, status, error),
                Outcome::Retry(cause) => {
                    open.push(place);
                    if trouble.as_ref().is_none_or(|(worst, _)| *worst < cause) {
                        let reason = error.map_or("", ItemError::reason);
                        trouble = Some((cause, format!("item status {status} {kind} {reason}")));
                    }
                }
            }
        }
        let said = trouble.map_or(Said::Settled, |(cause, detail)| Said::Again(cause, detail));
        (open, said)
    }

    /// Keeps a group for another try. What several tries could not get through may be more than Elasticsearch can
    /// ever take: more than its indexing pressure limit allows (429) or than it answers in time. It is cut in two.
    fn postpone(&mut self, group: Vec<Place>, cause: Cause) {
        let may_be_too_large = matches!(cause, Cause::Busy | Cause::Unreachable)
            && self.attempt >= TRIES_WHOLE
            && self.bytes(&group) > WHOLE_BYTES;
        let first = if may_be_too_large {
            self.halve(group)
        } else {
            group
        };
        self.groups.push(first);
    }

    /// Cuts a group that is too large or holds a bad item in two. A single item cannot be cut: it is refused.
    fn split(&mut self, group: Vec<Place>, status: u16, error: &ItemError<'_>) -> Vec<Place> {
        match group[..] {
            [place] if status == 413 => self.refuse(place, status, Some(&too_large())),
            [place] => self.refuse(place, status, Some(error)),
            _ => return self.halve(group),
        }
        Vec::new()
    }

    /// Leaves the second half for later and returns the first.
    fn halve(&mut self, mut group: Vec<Place>) -> Vec<Place> {
        let second = group.split_off(group.len().div_ceil(2));
        self.groups
            .extend(Some(second).filter(|second| !second.is_empty()));
        group
    }

    fn refuse(&mut self, place: Place, status: u16, error: Option<&ItemError<'_>>) {
        let refusal = Refusal {
            item: place.item as usize,
            status,
            kind: error.map_or_else(String::new, |error| error.kind.to_string()),
            reason: error.map_or_else(String::new, |error| error.reason().to_owned()),
        };
        self.news(place).refused.push(refusal);
    }

    fn lines(&self, place: Place) -> &[u8] {
        let body = &self.parts[place.part as usize].body;
        body.lines(&body.items()[place.item as usize])
    }

    fn bytes(&self, group: &[Place]) -> usize {
        group.iter().map(|&place| self.lines(place).len()).sum()
    }

    fn news(&mut self, place: Place) -> &mut News {
        &mut self.parts[place.part as usize].news
    }
}

impl News {
    fn is_empty(&self) -> bool {
        self.stored == 0 && self.duplicates == 0 && self.refused.is_empty()
    }
}

/// Elasticsearch's 413 has no text of its own.
fn too_large() -> ItemError<'static> {
    let reason =
        "the document is longer than a request to Elasticsearch may be (http.max_content_length)";
    ItemError {
        kind: "content_too_large".into(),
        reason: Some(reason.into()),
    }
}

/// A body's text as the owner of bytes.
struct Text(Arc<BulkBody>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests;
