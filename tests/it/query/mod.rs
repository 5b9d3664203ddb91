//! Every answer of a list held against the evaluator of filters and the comparison of sorts, on random data.
//!
//! The database answers what it can from its indexes and leaves the rest to the evaluator; whichever it is, the
//! answer must be the one that [`rollcall::scim::filter::Filter::matches`] gives over the whole directory.

mod extremes;
mod filters;
mod lists;
mod population;
