//! Work that no request waits for.

pub mod audit_numbers;
pub mod expiry;
pub mod group_mapping;
pub mod group_purge;
pub mod last_used;
pub mod mail;
pub mod metadata;
pub mod requests;
