use std::collections::HashMap;

/// Lines and how often each occurs. Most are unique; those of a traceback are not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lines(HashMap<String, usize>);

/// What became of lines on their way.
#[derive(Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Expected and not there.
    pub missing: usize,
    /// There more often than expected, or not expected at all.
    pub extra: usize,
    /// A few of each kind.
    pub examples: Vec<String>,
}

impl Lines {
    /// The number of lines, each as often as it occurs.
    pub fn count(&self) -> usize {
        self.0.values().sum()
    }

    /// These lines and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for (line, count) in others.0 {
            *self.0.entry(line).or_insert(0) += count;
        }
        self
    }

    /// Other lines made of these, one of each.
    #[must_use]
    pub fn map(self, line: impl Fn(&str) -> String) -> Self {
        let lines = self.0.into_iter();
        lines.fold(Self::default(), |mut all, (text, count)| {
            *all.0.entry(line(&text)).or_insert(0) += count;
            all
        })
    }

    /// Compares what was stored with these lines.
    pub fn compare(&self, stored: &Self) -> Comparison {
        let surplus = |of: &Self, over: &Self| -> Vec<(String, usize)> {
            of.0.iter()
                .map(|(line, count)| (line.clone(), count.saturating_sub(over.count_of(line))))
                .filter(|(_, surplus)| *surplus > 0)
                .collect()
        };
        let missing = surplus(self, stored);
        let extra = surplus(stored, self);
        let total = |lines: &[(String, usize)]| lines.iter().map(|(_, count)| count).sum();
        let some = |kind, lines: &[(String, usize)]| -> Vec<String> {
            let some = lines.iter().take(3);
            some.map(|(line, count)| format!("{kind} {count} times: {line}"))
                .collect()
        };
        Comparison {
            missing: total(&missing),
            extra: total(&extra),
            examples: [some("missing", &missing), some("extra", &extra)].concat(),
        }
    }

    fn count_of(&self, line: &str) -> usize {
        self.0.get(line).copied().unwrap_or_default()
    }
}

impl Comparison {
    /// Nothing lost, nothing doubled.
    pub const SAME: Self = Self {
        missing: 0,
        extra: 0,
        examples: Vec::new(),
    };
}

impl<S: Into<String>> FromIterator<S> for Lines {
    fn from_iter<I: IntoIterator<Item = S>>(lines: I) -> Self {
        let mut counts = HashMap::new();
        for line in lines {
            *counts.entry(line.into()).or_insert(0) += 1;
        }
        Self(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        text.split(' ').collect()
    }

    #[test]
    fn a_comparison_counts_what_is_missing_and_what_is_too_much() {
        for (expected, stored, missing, extra) in [
            ("a b b", "b a b", 0, 0),
            ("a b b", "a b", 1, 0),
            ("a b", "a b b b", 0, 2),
            ("a b", "a c", 1, 1),
        ] {
            let comparison = lines(expected).compare(&lines(stored));
            assert_eq!((comparison.missing, comparison.extra), (missing, extra));
            assert_eq!(comparison == Comparison::SAME, missing + extra == 0);
        }
    }
}
