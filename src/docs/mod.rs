//! How it works: pages for readers of the code and for sceptics.

pub mod algorithm {
    #![doc = include_str!("algorithm.md")]
}
pub mod limitations {
    #![doc = include_str!("limitations.md")]
}

#[doc = include_str!("performance.md")]
pub mod performance {}
