//! The ids that may be meant by one that is not listed.

mod distance;
mod index;
mod rank;
mod spelling;

pub(crate) use distance::{Pattern, distance};
pub(crate) use index::{Index, plain_number};
pub(crate) use rank::{Wanted, nearest};
pub(crate) use spelling::{GEOS, Spelling, VENDORS, date_len, fold, marks, plain};
