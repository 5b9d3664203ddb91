//! The browsers and identity providers of the harness, tried against each other: a test that relies on them must be
//! able to believe them.

mod browser;
mod chromium;
mod oidc_provider;
mod relying_party;
mod rogue;
mod saml;
mod sites;
