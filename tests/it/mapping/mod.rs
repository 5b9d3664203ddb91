//! What SCIM groups give to their members, on both engines: the rules over HTTP, what a sync makes of them, the job for
//! large groups, and sequences and races that nobody has thought of.

mod any_sequence;
mod fixture;
mod requests;
mod sync;
mod work;
