use super::file::FileEvents;
use super::generator::Generator;

/// Where events come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// They are made.
    Generated(Generator),
    /// They are taken from files, again and again.
    Files(FileEvents),
}

impl Source {
    /// Appends the event with this number to `out`.
    pub fn event(&self, number: u64, out: &mut Vec<u8>) {
        match self {
            Self::Generated(generator) => generator.event(number, out),
            Self::Files(files) => files.event(number, out),
        }
    }

    /// How many different events there are, if not any number.
    pub fn distinct(&self) -> Option<u64> {
        match self {
            Self::Generated(_) => None,
            Self::Files(files) => Some(files.len()),
        }
    }
}
