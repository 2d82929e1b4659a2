//! The ids that may be meant by one that is not listed.
