//! Tables for targets that name fields after their input.
//!
//! Every name is kept for ever, so new tables would cost more with every input. These know a few names and are older than
//! all others; both ways to find a field are taken, and a finding is found again by its file alone.

use std::cell::RefCell;

use sawmill_event::{FieldRef, Tables};

const NAMES: [&str; 6] = ["message", "tags", "stream", "list", "o", "data_stream"];

thread_local! {
    static TABLES: RefCell<Tables> = {
        for name in NAMES {
            FieldRef::parse(name).expect("a name is a field");
        }
        RefCell::default()
    };
}

/// Calls `act` with the tables, which are made before `act` names any field.
pub(crate) fn with_tables<R>(act: impl FnOnce(&mut Tables) -> R) -> R {
    TABLES.with_borrow_mut(act)
}
