//! The chain of filters.

use sawmill_event::{Event, FieldRef};

use crate::build::{BuildError, KeyError};
use crate::categorize::Categorize;
use crate::condition::Condition;
use crate::config::FilterConfig;
use crate::date::Date;
use crate::first::First;
use crate::gate::Gate;
use crate::grok::Grok;
use crate::memo::Memo;
use crate::set::Set;

/// What a filter decided about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Acknowledge it and store nothing.
    Drop,
    /// On to the next filter, and at the end to the output.
    Keep,
}

/// A step of the chain. Filters see one event and no I/O.
pub trait Filter: Send + Sync {
    /// Looks at the event, may write fields, and decides its fate.
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict;
}

/// Buffers that filters use and that are kept from event to event. One per thread.
#[derive(Default)]
pub struct Scratch {
    /// For texts whose escapes must be undone.
    pub(crate) text: String,
    /// The matcher state of each grok filter, by the filter's slot.
    pub(crate) grok: Vec<sawmill_grok::Scratch>,
    /// The rules that texts met, of each categorize filter, by the filter's slot.
    pub(crate) categorize: Vec<Memo<Option<usize>>>,
}

/// All filters in their order.
pub struct Chain {
    links: Vec<Link>,
    /// One for each grok filter: how to make its matcher state.
    groks: Vec<std::sync::Arc<sawmill_grok::Grok>>,
    /// How many categorize filters there are.
    categorizes: usize,
}

struct Link {
    condition: Option<Condition>,
    filter: Box<dyn Filter>,
}

impl Chain {
    /// Builds the chain, or says which key of which filter is wrong.
    pub fn build(filters: &[FilterConfig]) -> Result<Self, BuildError> {
        let mut chain = Self {
            links: Vec::new(),
            groks: Vec::new(),
            categorizes: 0,
        };
        for (index, config) in filters.iter().enumerate() {
            let link = chain.link(config).map_err(|error| error.of(index))?;
            chain.links.push(link);
        }
        Ok(chain)
    }

    fn link(&mut self, config: &FilterConfig) -> Result<Link, KeyError> {
        let (condition, filter): (&Option<String>, Box<dyn Filter>) = match config {
            FilterConfig::Categorize(config) => {
                let filter = Categorize::build(config, self.categorizes)?;
                self.categorizes += 1;
                (&config.condition, Box::new(filter))
            }
            FilterConfig::Date(config) => (&config.condition, Box::new(Date::build(config)?)),
            FilterConfig::First(config) => (&config.condition, Box::new(First::build(config)?)),
            FilterConfig::Gate(config) => (&None, Box::new(Gate::build(config)?)),
            FilterConfig::Grok(config) => {
                let filter = Grok::build(config, self.groks.len())?;
                self.groks.push(filter.patterns());
                (&config.condition, Box::new(filter))
            }
            FilterConfig::Set(config) => (&config.condition, Box::new(Set::build(config)?)),
        };
        let condition = condition.as_deref().map(parse_condition).transpose()?;
        Ok(Link { condition, filter })
    }

    /// The buffers that a thread needs to run this chain.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            text: String::new(),
            grok: self.groks.iter().map(|grok| grok.scratch()).collect(),
            categorize: (0..self.categorizes).map(|_| Memo::new()).collect(),
        }
    }

    /// Runs the filters on one event.
    #[inline]
    pub fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        for Link { condition, filter } in &self.links {
            let runs = condition
                .as_ref()
                .is_none_or(|condition| condition.holds(event, scratch));
            if runs && filter.apply(event, scratch) == Verdict::Drop {
                return Verdict::Drop;
            }
        }
        Verdict::Keep
    }

    /// The grok patterns of all filters, for a report on how each is matched.
    pub fn groks(&self) -> impl Iterator<Item = &sawmill_grok::Grok> {
        self.groks.iter().map(AsRef::as_ref)
    }
}

pub(crate) fn parse_condition(text: &str) -> Result<Condition, KeyError> {
    Condition::parse(text).map_err(|error| KeyError::new("if", error))
}

pub(crate) fn parse_field(key: impl Into<String>, text: &str) -> Result<FieldRef, KeyError> {
    FieldRef::parse(text).map_err(|error| KeyError::new(key, error))
}

/// Adds failure tags to an event.
pub(crate) fn tag(event: &mut Event<'_>, tags_field: &FieldRef, tags: &[String]) {
    for tag in tags {
        // `tags` is a top-level field, and those can always be set.
        let _ = event.add_tag(tags_field, tag);
    }
}
