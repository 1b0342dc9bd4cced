//! What Elasticsearch's answers mean: the one table of statuses and error types.
//!
//! Statuses and types were read off Elasticsearch 8.11 and 8.19 and `OpenSearch` 2.19. Logstash drops or
//! dead-letters every 400 and 404; here an answer that somebody can repair (a missing template, a role without
//! the privilege, too many shards) keeps the events waiting, loudly, because sent again they would be stored.

use std::fmt;

/// What became of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored by this request.
    Stored,
    /// A document of this `_id` is there already: an earlier try stored it, and its answer was lost.
    Duplicate,
    /// Not stored, and to be sent again.
    Retry(Cause),
    /// Elasticsearch will never take this document as it is.
    Refused,
}

/// What an answer without a good status says of the whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Nothing was stored; the same again, later.
    Retry(Cause),
    /// Nothing was stored, for the request's size as the limits are now: try halves; a single document waits.
    Halve,
    /// Nothing was stored, for the request's size or for one item in it: try halves, down to single documents.
    Split,
}

/// Why something is sent again, from the least to the most in need of somebody's attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Elasticsearch has more to do than it can.
    Busy,
    /// No answer: refused, lost, or too late.
    Unreachable,
    /// An answer, but not one to a bulk request.
    Unreadable,
    /// Writing is switched off, by a flood-stage disk or by hand.
    Blocked,
    /// The cluster may hold no more shards, so the stream's index cannot be made.
    ShardLimit,
    /// No index template makes a data stream of this name.
    Template,
    /// The user may not write there.
    Privilege,
    /// The user is unknown or the password is wrong.
    Credentials,
    /// What answers there is no bulk endpoint.
    Endpoint,
}

/// How loud a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Passes by itself.
    Warning,
    /// Lasts until somebody does something.
    Error,
}

impl Outcome {
    /// Reads an item's status and the type of its error, which is empty without one.
    #[expect(
        clippy::match_same_arms,
        reason = "a table reads better with a line a rule"
    )]
    pub fn of(status: u16, kind: &str) -> Self {
        match (status, kind) {
            (200..=299, _) => Self::Stored,
            (409, "version_conflict_engine_exception") => Self::Duplicate,
            // `create` knows no other conflict; what is not known to be stored is not called stored.
            (409, _) => Self::Retry(Cause::Busy),
            // A closed index can be opened again; the shard limit is `ShardLimitValidator`'s 400.
            (400, "index_closed_exception") => Self::Retry(Cause::Blocked),
            (400, "validation_exception") => Self::Retry(Cause::ShardLimit),
            // Elasticsearch before 7.10 calls the flood-stage block 403, later versions 429.
            (403 | 429, "cluster_block_exception") => Self::Retry(Cause::Blocked),
            (401, _) => Self::Retry(Cause::Credentials),
            (403, _) => Self::Retry(Cause::Privilege),
            // `require_data_stream=true` and no template, or automatic creation forbidden: both are repaired
            // without touching the event, and a dead letter would only have to be replayed.
            (404, _) => Self::Retry(Cause::Template),
            (408 | 429, _) => Self::Retry(Cause::Busy),
            (400..=499, _) => Self::Refused,
            _ => Self::Retry(Cause::Busy),
        }
    }
}

impl Reception {
    /// Reads a request's status, and its error's type and reason, which are empty if the answer is not
    /// Elasticsearch's own.
    #[expect(
        clippy::match_same_arms,
        reason = "a table reads better with a line a rule"
    )]
    pub fn of(status: u16, kind: &str, reason: &str) -> Self {
        match (status, kind) {
            (413, _) => Self::Split,
            // Splitting ends in refusing single documents, so it is kept for errors that can be a document's:
            // a proxy's 400 or a parameter's would send every event to the dead letters.
            (400, "" | "media_type_header_exception") => Self::Retry(Cause::Endpoint),
            (400, _) if reason.contains("unrecognized parameter") => Self::Retry(Cause::Endpoint),
            (400, _) => Self::Split,
            (429, _) if can_never_fit(reason) => Self::Halve,
            (403 | 429, "cluster_block_exception") => Self::Retry(Cause::Blocked),
            (401, _) => Self::Retry(Cause::Credentials),
            (403, _) => Self::Retry(Cause::Privilege),
            (408 | 429 | 500..=599, _) => Self::Retry(Cause::Busy),
            _ => Self::Retry(Cause::Endpoint),
        }
    }
}

/// Whether a rejection for indexing pressure says that the request alone is more than may be under way at all, so that
/// it would be rejected by an idle Elasticsearch, too.
fn can_never_fit(reason: &str) -> bool {
    let bytes = |name: &str| -> Option<u64> {
        let (_, rest) = reason.split_once(name)?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let request = bytes("coordinating_operation_bytes=");
    // OpenSearch and older Elasticsearch call it by what else it counts.
    let most =
        bytes("max_coordinating_bytes=").or_else(|| bytes("max_coordinating_and_primary_bytes="));
    matches!((request, most), (Some(request), Some(most)) if request > most)
}

impl Cause {
    /// How loud to say it.
    pub fn severity(self) -> Severity {
        match self {
            Self::Busy | Self::Unreachable => Severity::Warning,
            Self::Unreadable
            | Self::Blocked
            | Self::ShardLimit
            | Self::Template
            | Self::Privilege
            | Self::Credentials
            | Self::Endpoint => Severity::Error,
        }
    }

    /// The cause, somebody's words on it, and what to do: one line for a log.
    pub fn sentence(self, detail: &str) -> String {
        format!("{self} ({}): {}", detail.trim(), self.advice())
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Busy => {
                "nothing to do unless it lasts: then Elasticsearch needs more room or fewer shippers"
            }
            Self::Unreachable => {
                "check that Elasticsearch runs and that hosts, ports, scheme (http or https) and CA file are right"
            }
            Self::Unreadable => "check whether a proxy answers in Elasticsearch's place",
            Self::Blocked => {
                "make room on Elasticsearch's disks, lift the index's write block, or open the closed index"
            }
            Self::ShardLimit => "delete old indices or raise cluster.max_shards_per_node",
            Self::Template => {
                "create an index template with a data_stream section that matches the name, such as \
                 setup/elasticsearch-index-template-pt-logs.json"
            }
            Self::Privilege => {
                "give the user's role create_doc and auto_configure on the data streams"
            }
            Self::Credentials => "check the user and the password, or the API key",
            Self::Endpoint => "check the hosts: scheme, port and path must be Elasticsearch's own",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "Elasticsearch is busy",
            Self::Unreachable => "Elasticsearch cannot be reached",
            Self::Unreadable => "the answer is not one to a bulk request",
            Self::Blocked => "Elasticsearch blocks writing",
            Self::ShardLimit => "Elasticsearch's shard limit is reached",
            Self::Template => "no index template makes this data stream",
            Self::Privilege => "Elasticsearch does not allow this user to write there",
            Self::Credentials => "Elasticsearch does not accept the user or the password",
            Self::Endpoint => "this is not Elasticsearch's bulk endpoint",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Elasticsearch says of an item, when it says it, and what comes of it.
    const ITEMS: [(u16, &str, &str, Outcome); 26] = [
        (200, "", "stored", Outcome::Stored),
        (201, "", "stored", Outcome::Stored),
        (
            409,
            "version_conflict_engine_exception",
            "a document of this `_id` is there",
            Outcome::Duplicate,
        ),
        (409, "", "some other conflict", Outcome::Retry(Cause::Busy)),
        (
            409,
            "something_else_exception",
            "some other conflict",
            Outcome::Retry(Cause::Busy),
        ),
        (
            400,
            "document_parsing_exception",
            "a field does not fit its mapping",
            Outcome::Refused,
        ),
        (
            400,
            "mapper_parsing_exception",
            "the same, from OpenSearch and Elasticsearch before 8.10",
            Outcome::Refused,
        ),
        (
            400,
            "illegal_argument_exception",
            "too many fields, or a value that cannot be",
            Outcome::Refused,
        ),
        (
            400,
            "invalid_index_name_exception",
            "no data stream can have that name",
            Outcome::Refused,
        ),
        (400, "", "an error without a name", Outcome::Refused),
        (
            400,
            "validation_exception",
            "the cluster may hold no more shards",
            Outcome::Retry(Cause::ShardLimit),
        ),
        (
            400,
            "index_closed_exception",
            "somebody closed the index",
            Outcome::Retry(Cause::Blocked),
        ),
        (
            401,
            "security_exception",
            "the login does not hold",
            Outcome::Retry(Cause::Credentials),
        ),
        (
            403,
            "security_exception",
            "the role lacks a privilege on this stream",
            Outcome::Retry(Cause::Privilege),
        ),
        (
            403,
            "cluster_block_exception",
            "a write block",
            Outcome::Retry(Cause::Blocked),
        ),
        (
            404,
            "index_not_found_exception",
            "no template makes this data stream",
            Outcome::Retry(Cause::Template),
        ),
        (413, "", "the document is too large", Outcome::Refused),
        (
            429,
            "es_rejected_execution_exception",
            "the write queue is full",
            Outcome::Retry(Cause::Busy),
        ),
        (
            429,
            "rejected_execution_exception",
            "the same, from OpenSearch",
            Outcome::Retry(Cause::Busy),
        ),
        (
            429,
            "circuit_breaking_exception",
            "no memory",
            Outcome::Retry(Cause::Busy),
        ),
        (
            429,
            "cluster_block_exception",
            "the disk is full beyond the flood stage",
            Outcome::Retry(Cause::Blocked),
        ),
        (
            500,
            "exception",
            "an error of its own",
            Outcome::Retry(Cause::Busy),
        ),
        (
            503,
            "unavailable_shards_exception",
            "the shard is nowhere",
            Outcome::Retry(Cause::Busy),
        ),
        (
            503,
            "no_shard_available_action_exception",
            "the shard is nowhere",
            Outcome::Retry(Cause::Busy),
        ),
        (504, "", "a timeout", Outcome::Retry(Cause::Busy)),
        (0, "", "no status at all", Outcome::Retry(Cause::Busy)),
    ];

    /// The same for a whole request: status, type, a part of the reason, when, and what comes of it.
    const REQUESTS: [(u16, &str, &str, &str, Reception); 19] = [
        (
            413,
            "",
            "",
            "longer than `http.max_content_length`; its body is empty",
            Reception::Split,
        ),
        (
            400,
            "action_request_validation_exception",
            "id is too long",
            "one item is at fault",
            Reception::Split,
        ),
        (
            400,
            "illegal_argument_exception",
            "Malformed action/metadata line [1]",
            "one item is at fault",
            Reception::Split,
        ),
        (
            400,
            "illegal_argument_exception",
            "contains unrecognized parameter: [require_data_stream]",
            "a parameter it does not know",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            400,
            "media_type_header_exception",
            "Invalid media-type value",
            "it speaks another version",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            400,
            "",
            "<html>The plain HTTP request was sent to HTTPS port</html>",
            "a proxy, or the wrong port",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            401,
            "security_exception",
            "unable to authenticate user",
            "the login does not hold",
            Reception::Retry(Cause::Credentials),
        ),
        (
            401,
            "",
            "Unauthorized",
            "the same, from OpenSearch",
            Reception::Retry(Cause::Credentials),
        ),
        (
            403,
            "security_exception",
            "action [indices:data/write/bulk] is unauthorized",
            "the user may write nowhere",
            Reception::Retry(Cause::Privilege),
        ),
        (
            403,
            "cluster_block_exception",
            "index [x] blocked",
            "a write block",
            Reception::Retry(Cause::Blocked),
        ),
        (
            404,
            "",
            "",
            "another server, or a wrong path",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            405,
            "",
            "Incorrect HTTP method",
            "another server, or a wrong path",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            302,
            "",
            "",
            "a login page in front of it",
            Reception::Retry(Cause::Endpoint),
        ),
        (
            408,
            "",
            "",
            "it was too slow",
            Reception::Retry(Cause::Busy),
        ),
        (
            429,
            "es_rejected_execution_exception",
            "rejected [coordinating_operation_bytes=3, max_coordinating_bytes=2]",
            "more than its indexing pressure limit can ever take",
            Reception::Halve,
        ),
        (
            429,
            "rejected_execution_exception",
            "rejected [coordinating_operation_bytes=3, max_coordinating_and_primary_bytes=2]",
            "the same, from OpenSearch",
            Reception::Halve,
        ),
        (
            429,
            "es_rejected_execution_exception",
            "rejected execution of coordinating operation",
            "indexing pressure",
            Reception::Retry(Cause::Busy),
        ),
        (
            502,
            "",
            "<html>Bad Gateway</html>",
            "a proxy finds nobody behind it",
            Reception::Retry(Cause::Busy),
        ),
        (
            503,
            "cluster_block_exception",
            "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]",
            "the cluster has no master yet",
            Reception::Retry(Cause::Busy),
        ),
    ];

    #[test]
    fn an_items_status_and_type_say_what_became_of_it() {
        for (status, kind, _, want) in ITEMS {
            assert_eq!(Outcome::of(status, kind), want, "{status} {kind}");
        }
    }

    #[test]
    fn a_requests_status_says_what_to_do_with_all_of_it() {
        for (status, kind, reason, _, want) in REQUESTS {
            assert_eq!(
                Reception::of(status, kind, reason),
                want,
                "{status} {kind} {reason}"
            );
        }
    }

    /// One table in code and documentation: the manual has these lines, and no others.
    #[test]
    fn the_manual_tells_the_same() {
        let again = |cause: Cause| format!("sent again: {cause}");
        let line = |status: u16, kind: &str, when: &str, then: &str| {
            let kind = if kind.is_empty() {
                String::new()
            } else {
                format!("`{kind}`")
            };
            format!("| {status} | {kind} | {when} | {then} |")
        };
        let items = ITEMS.iter().map(|(status, kind, when, want)| {
            let then = match want {
                Outcome::Stored => "stored".to_owned(),
                Outcome::Duplicate => "stored before".to_owned(),
                Outcome::Refused => "dead letter".to_owned(),
                Outcome::Retry(cause) => again(*cause),
            };
            line(*status, kind, when, &then)
        });
        let requests = REQUESTS.iter().map(|(status, kind, _, when, want)| {
            let then = match want {
                Reception::Halve => {
                    "halved, down to one document, which is sent again then".to_owned()
                }
                Reception::Split => {
                    "halved, down to one document, which is a dead letter then".to_owned()
                }
                Reception::Retry(cause) => again(*cause),
            };
            line(*status, kind, when, &then)
        });
        let want: Vec<String> = items.chain(requests).collect();
        let manual = include_str!("../../../docs/delivery.md");
        let is_row = |line: &&str| {
            line.strip_prefix("| ")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let found: Vec<&str> = manual.lines().filter(is_row).collect();
        assert_eq!(
            found,
            want,
            "docs/delivery.md should have:\n{}",
            want.join("\n")
        );
    }

    #[test]
    fn what_passes_by_itself_is_never_louder_than_what_does_not() {
        assert!(Cause::Busy < Cause::Unreachable && Cause::Unreachable < Cause::Unreadable);
        assert_eq!(Cause::Unreachable.severity(), Severity::Warning);
        assert_eq!(Cause::Unreadable.severity(), Severity::Error);
    }
}
