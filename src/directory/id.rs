//! Identifiers. Each kind is a type of its own, so that a group's id cannot be handed in for a user's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[schema(value_type = Uuid)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            /// Reads the hyphenated lower-case form and no other, so that an id has one spelling only.
            fn from_str(text: &str) -> Result<Self, UnknownId> {
                parse_hyphenated(text).map(Self)
            }
        }
    };
}

id!(
    /// A tenant: one customer of the software behind the gateway.
    TenantId
);
id!(
    /// A directory: one identity provider's source of people inside a tenant.
    DirectoryId
);
id!(
    /// A bearer token of a directory.
    TokenId
);
id!(
    /// A person.
    UserId
);
id!(
    /// A group of a directory.
    GroupId
);
id!(
    /// A connection: a tenant's way to sign in through one identity provider.
    ConnectionId
);
id!(
    /// An entity: a part of the company that people belong to.
    EntityId
);
id!(
    /// A grant: one right of a person, with its source.
    GrantId
);
id!(
    /// A session: a browser in which somebody is signed in.
    SessionId
);
id!(
    /// An invitation to a local account.
    InvitationId
);

id!(
    /// An administrator's wish that a person of another tenant has access.
    GuestRequestId
);

id!(
    /// An API key of a tenant.
    ApiKeyId
);

id!(
    /// An import: a file of people.
    ImportId
);

id!(
    /// A person of the roster, with access or without.
    PersonId
);

id!(
    /// An OAuth client of a directory.
    ClientId
);
id!(
    /// A secret of an OAuth client.
    ClientSecretId
);
id!(
    /// An issuer that may speak for an OAuth client.
    TrustedIssuerId
);

/// The text is not an identifier that this gateway could have given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this service")]
pub struct UnknownId;

fn parse_hyphenated(text: &str) -> Result<Uuid, UnknownId> {
    let uuid = Uuid::try_parse(text).map_err(|_| UnknownId)?;
    let mut buffer = Uuid::encode_buffer();
    if uuid.as_hyphenated().encode_lower(&mut buffer) == text {
        Ok(uuid)
    } else {
        Err(UnknownId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(
            text.parse::<UserId>().map(|id| id.to_string()),
            Ok(text.to_owned())
        );
        for other in [
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "",
            "2819c223",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(UnknownId), "{other}");
        }
    }
}
