//! Sends windows and hears ACKs: the run itself.

mod conversation;
mod coordinator;
mod ledger;
mod meter;
mod pacer;
mod stream;
mod supply;
mod tally;
mod worker;

use crate::plan::Plan;

use self::conversation::Terms;

pub use self::conversation::OnViolation;
pub use self::coordinator::{Ended, run};
pub use self::ledger::Partials;
pub use self::stream::{Route, TlsRoute};

impl Plan {
    /// What holds for every connection.
    fn terms(&self) -> Terms {
        Terms {
            target: self.route.target.clone(),
            windows_in_flight: self.windows_in_flight as usize,
            ack_timeout: self.ack_timeout,
            on_violation: self.on_violation,
            partials: self.partials,
        }
    }
}
