//! `${VARIABLE}` and `${VARIABLE:default}` within a text, as in Logstash.
//!
//! A variable that is set to nothing counts as set. Any other `$` stands for itself.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Logstash's own expression, from `SubstitutionVariables`.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$\{([a-zA-Z_.][a-zA-Z0-9_.]*)(?::([^}]*))?\}").expect("the expression is right")
});

/// The text with its placeholders filled in, or the name of the variable that is missing.
pub(super) fn fill_in(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut missing = None;
    let filled = PLACEHOLDER.replace_all(text, |found: &Captures<'_>| {
        let default = || found.get(2).map(|default| default.as_str().to_owned());
        variable(&found[1]).or_else(default).unwrap_or_else(|| {
            missing.get_or_insert_with(|| found[1].to_owned());
            String::new()
        })
    });
    let filled = filled.into_owned();
    missing.map_or(Ok(filled), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_take_the_variable_or_the_default() {
        let variable = |name: &str| match name {
            "HOST" => Some("es".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${HOST}".to_owned()),
            _ => None,
        };
        for (text, want) in [
            ("http://${HOST}:${PORT:9200}", Ok("http://es:9200")),
            ("${HOST:other}", Ok("es")),
            ("${EMPTY:other}", Ok("")),
            ("${NESTED}", Ok("${HOST}")),
            ("${UNSET:}", Ok("")),
            ("${UNSET:a:b}", Ok("a:b")),
            ("${UNSET}", Err("UNSET")),
            ("${UNSET} ${ALSO}", Err("UNSET")),
            (
                r"^\w+$ $HOST ${} ${1} $${ $",
                Ok(r"^\w+$ $HOST ${} ${1} $${ $"),
            ),
            ("%{HOST} %{[service]}", Ok("%{HOST} %{[service]}")),
        ] {
            assert_eq!(
                fill_in(text, variable),
                want.map(str::to_owned).map_err(str::to_owned),
                "{text}"
            );
        }
    }
}
