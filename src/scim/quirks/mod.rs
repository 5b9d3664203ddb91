//! Named repairs in front of the strict engine: what identity providers are known to send beside the RFCs.
//!
//! Each repair is one small function that says which provider needs it (the codes E-6, O-8 and so on
//! are those of the steps in `conformance/transcripts`) and is tested with the recorded request. Repairs
//! that contradict nothing in the RFCs are always on; the others ask the [`Provider`]. A repair must not
//! decide what a request means for a person or a group.

mod operation;
mod provider;
mod urn;
mod value;

pub use operation::{OperationName, operation_name};
pub use provider::Provider;
pub use urn::{OLD_CORE_URNS, is_old_core_urn, old_urns, present_urn};
pub(crate) use value::{
    bare_value, blank_is_unassigned, boolean_from_text, only_element, takes_reference_away, value_of_object,
};

#[cfg(test)]
mod tests;
