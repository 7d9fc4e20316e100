//! Pages for users, and pages for readers of the code and for sceptics.
//!
//! | for users | |
//! |---|---|
//! | [`operations`] | what is atomic, when it takes effect, which closures may run again |
//! | [`guards`] | how long references live, loops, nesting, async |
//! | [`memory`] | what comes back when |
//! | [`migrating`] | from dashmap, papaya, `RwLock<HashMap>`, std, side by side |
//! | [`limitations`] | what to expect, and not to |
//!
//! | how it works | |
//! |---|---|
//! | [`algorithm`] | the table and the protocol |
//! | [`performance`] | figures, reasons, and where we lose |

pub mod algorithm {
    #![doc = include_str!("algorithm.md")]
}
pub mod guards {
    #![doc = include_str!("guards.md")]
}
pub mod limitations {
    #![doc = include_str!("limitations.md")]
}
pub mod memory {
    #![doc = include_str!("memory.md")]
}
pub mod migrating {
    #![doc = include_str!("migrating.md")]
}
pub mod operations {
    #![doc = include_str!("operations.md")]
}

#[doc = include_str!("performance.md")]
pub mod performance {}
