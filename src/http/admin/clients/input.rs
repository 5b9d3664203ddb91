//! What is told of a new client, a new secret, a new issuer.

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::Accounts;
use crate::accounts::clients::{self, NewTrustedIssuer};
use crate::directory::client::{audience_of, secret_expiry};
use crate::directory::{TokenLifetime, TrustedIssuerId};
use crate::http::admin::body::Fields;
use crate::http::clock;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClientBody {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// How long its access tokens are good, in seconds; an hour when absent.
    #[schema(minimum = 3600, maximum = 21600)]
    pub token_lifetime: Option<u32>,
    /// Until when its first secret is good: a time to come, at most three years ahead, a year when absent. A client
    /// that begins with an issuer gets a secret only if this is given.
    #[schema(format = DateTime)]
    pub secret_expires_at: Option<String>,
    /// An issuer that may speak for it.
    pub issuer: Option<NewTrustedIssuerBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClientSecretBody {
    /// Until when it is good: a time to come, at most three years ahead; a year when absent.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTrustedIssuerBody {
    /// `iss` of its assertions, letter by letter: an https URL.
    #[schema(max_length = 2048)]
    issuer: String,
    /// `sub`, letter by letter.
    #[schema(min_length = 1, max_length = 255)]
    subject: String,
    /// What `aud` has to hold; the address of the token endpoint when absent. `/.default` at its end is dropped.
    #[schema(min_length = 1, max_length = 1024)]
    audience: Option<String>,
    /// Where its keys are, an https URL; where its discovery document says when absent.
    #[schema(max_length = 2048)]
    jwks_uri: Option<String>,
}

pub(super) fn read_lifetime(fields: &mut Fields, seconds: Option<u32>) -> TokenLifetime {
    let Some(seconds) = seconds else {
        return TokenLifetime::default();
    };
    let read = TokenLifetime::from_seconds(seconds);
    if read.is_none() {
        let accepted = TokenLifetime::SECONDS;
        let message = format!("{} to {} seconds", accepted.start(), accepted.end());
        fields.refuse("token_lifetime", message);
    }
    read.unwrap_or_default()
}

pub(super) fn read_expiry(
    fields: &mut Fields,
    field: &'static str,
    text: Option<&str>,
    now: Timestamp,
) -> Option<Timestamp> {
    let asked = match text.map(str::parse::<Timestamp>) {
        Some(Err(_)) => {
            fields.refuse(field, "a date and time with an offset, 2030-01-31T00:00:00Z");
            return None;
        }
        Some(Ok(at)) => Some(at),
        None => None,
    };
    let expiry = secret_expiry(asked, now);
    if expiry.is_none() {
        fields.refuse(field, "a time to come, at most three years ahead");
    }
    expiry
}

/// What the fields of an issuer are called in a message.
pub(super) struct IssuerFields {
    issuer: &'static str,
    subject: &'static str,
    audience: &'static str,
    jwks_uri: &'static str,
}

pub(super) const ALONE: IssuerFields = IssuerFields {
    issuer: "issuer",
    subject: "subject",
    audience: "audience",
    jwks_uri: "jwks_uri",
};

pub(super) const IN_CLIENT: IssuerFields = IssuerFields {
    issuer: "issuer.issuer",
    subject: "issuer.subject",
    audience: "issuer.audience",
    jwks_uri: "issuer.jwks_uri",
};

pub(super) fn read_issuer(
    on: &Accounts,
    fields: &mut Fields,
    body: NewTrustedIssuerBody,
    names: &IssuerFields,
) -> NewTrustedIssuer {
    if let Some(fault) = clients::issuer_fault(on, &body.issuer) {
        fields.refuse(names.issuer, fault);
    }
    fields.text(names.subject, &body.subject, 255);
    let audience = body.audience.as_deref().map(audience_of);
    if let Some(audience) = audience {
        fields.text(names.audience, audience, 1024);
    }
    let fault = body
        .jwks_uri
        .as_deref()
        .and_then(|uri| clients::keys_fault(on, uri));
    if let Some(fault) = fault {
        fields.refuse(names.jwks_uri, fault);
    }
    NewTrustedIssuer {
        id: TrustedIssuerId(clock::random_id()),
        audience: audience.map(str::to_owned),
        issuer: body.issuer,
        subject: body.subject,
        jwks_uri: body.jwks_uri,
    }
}
