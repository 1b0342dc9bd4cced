//! Patterns that all ways to match must agree on; the fuzz target has them, too.

/// Rows as people write them.
pub(crate) const ROWS: &[&str] = &[
    r"^%{WORD:log_level}\|%{DATA:logger_name}\|%{TIMESTAMP_ISO8601:log_timestamp}\.%{INT:log_ms}\|%{GREEDYDATA:log_message}$",
    r"^%{WORD:log_level}\|%{DATA:logger_name}\|%{TIMESTAMP_ISO8601:log_timestamp}\|%{GREEDYDATA:log_message}$",
    r"^%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l} %{GREEDYDATA:m}",
    r"^%{TIMESTAMP_ISO8601:t}%{SPACE}%{LOGLEVEL:l}%{DATA:d}$",
    r"\A%{LOGLEVEL:l}%{NOTSPACE:n} %{NUMBER:x}%{DATA:rest}\z",
    r"^%{NUMBER:a}/%{NUMBER:b}\|%{NOTSPACE:c}\|%{DATA:d}",
    r"^%{INT:a}%{INT:b}%{DATA:c}%{POSINT:d}%{GREEDYDATA:e}\|%{USER:f}",
    r"^%{DATA:a}%{WORD:b}%{SPACE:c}%{NONNEGINT:d}%{NOTSPACE:e}$",
    r"^%{GREEDYDATA:a}\|%{GREEDYDATA:b}:%{WORD:c}$",
];

/// What a pattern of the library, `X`, may stand between.
pub(crate) const AROUND: &[&str] = &[
    "X",
    "^X$",
    r"\[X\]",
    " X ",
    r"\bX\b",
    "(?:a|X)",
    "%{DATA:d}X",
    "X%{GREEDYDATA:g}",
    "X%{INT:i}",
    "%{WORD:w}X",
    r"X\.X",
    "(?:X)?-",
    "(?: X)+",
    "X|%{WORD:w}",
    r"%{SPACE}X\Z",
    "(?<whole>.X.)",
    r"^(?:X,?)*$",
    "X?$",
];
