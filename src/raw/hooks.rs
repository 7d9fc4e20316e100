//! What tests of the inside need, in builds made for them only.
