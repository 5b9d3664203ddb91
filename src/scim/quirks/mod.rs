//! Named repairs in front of the strict engine: what identity providers are known to send beside the RFCs.
//!
//! Each repair is one small function that says which provider needs it (the codes E-6, O-8 and so on
//! are those of the steps in `conformance/transcripts`) and is tested with the recorded request. Repairs
//! that contradict nothing in the RFCs are always on; the others ask the [`Provider`]. A repair notes itself with the
//! [`Reading`] that it is given, so that a request can be explained. It must not decide what a request means for a
//! person or a group.

mod notes;
mod operation;
mod provider;
mod rule;
mod urn;
mod value;

pub(crate) use notes::PLAIN;
pub use notes::{MAX_NOTES, Note, Noted, Notes, Reading, UnderstoodOperation, shown};
pub use operation::OperationName;
pub(crate) use operation::operation_name;
pub use provider::Provider;
pub use rule::Rule;
pub use urn::{OLD_CORE_URNS, is_old_core_urn, old_urns, present_urn};
pub(crate) use urn::{note_path, note_urn};
pub(crate) use value::{
    bare_value, blank_is_unassigned, boolean_from_text, is_unassigned, items_of, only_element,
    takes_reference_away, value_of_object,
};

#[cfg(test)]
mod noted;
#[cfg(test)]
mod tests;
