//! The User schema (RFC 7643 section 4.1, characteristics of section 8.7.1).

use super::Schema;
use crate::scim::attribute::{Attribute, AttributeKind, Mutability, Returned};

/// URN of the core User schema.
pub const URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

pub(super) fn schema() -> Schema {
    let mut attributes = singular();
    attributes.extend(multi_valued());
    Schema::new(URN, "User", "User Account", attributes)
}

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, AttributeKind::String, description)
}

fn singular() -> Vec<Attribute> {
    vec![
        text(
            "userName",
            "Name that the person is known by to the service, unique without case.",
        )
        .required()
        .unique()
        .key(),
        Attribute::complex("name", name(), "The parts of the person's name."),
        text("displayName", "Name to show for the person.").key(),
        text("nickName", "Casual name."),
        Attribute::new("profileUrl", AttributeKind::Reference, "A page about the person.")
            .referring_to(&["external"]),
        text("title", "Position, such as Vice President."),
        text(
            "userType",
            "Relation to the organisation, such as Employee or Contractor.",
        ),
        text(
            "preferredLanguage",
            "Language to write to the person in, as in Accept-Language.",
        ),
        text("locale", "Locale for dates, numbers and currency, such as en-US."),
        text(
            "timezone",
            "Time zone by its IANA name, such as America/Los_Angeles.",
        ),
        Attribute::new(
            "active",
            AttributeKind::Boolean,
            "Whether the person may use the service.",
        ),
        text(
            "password",
            "Accepted and not kept: people of a directory sign in at their identity provider.",
        )
        .mutability(Mutability::WriteOnly)
        .returned(Returned::Never),
    ]
}

fn name() -> Vec<Attribute> {
    vec![
        text("formatted", "The whole name as it is shown."),
        text("familyName", "Family name, or last name."),
        text("givenName", "Given name, or first name."),
        text("middleName", "Middle names."),
        text("honorificPrefix", "Title in front of the name."),
        text("honorificSuffix", "Suffix after the name."),
    ]
}

fn multi_valued() -> Vec<Attribute> {
    const PLACES: &[&str] = &["work", "home", "other"];
    const PHONES: &[&str] = &["work", "home", "mobile", "fax", "pager", "other"];
    const CHATS: &[&str] = &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"];
    let photo =
        Attribute::new("value", AttributeKind::Reference, "The photo's URL.").referring_to(&["external"]);
    let certificate = Attribute::new("value", AttributeKind::Binary, "The certificate, DER in base64.");
    vec![
        list(
            "emails",
            text("value", "An e-mail address.").key(),
            PLACES,
            "E-mail addresses.",
        ),
        list(
            "phoneNumbers",
            text("value", "A phone number."),
            PHONES,
            "Phone numbers.",
        ),
        list(
            "ims",
            text("value", "An address for instant messages."),
            CHATS,
            "Instant messaging addresses.",
        ),
        list(
            "photos",
            photo,
            &["photo", "thumbnail"],
            "URLs of photos of the person.",
        ),
        Attribute::complex("addresses", address(PLACES), "Postal addresses.").multi_valued(),
        Attribute::complex("groups", group(), "Groups that the person is a direct member of.")
            .multi_valued()
            .unlimited()
            .mutability(Mutability::ReadOnly),
        list(
            "entitlements",
            text("value", "An entitlement."),
            &[],
            "What the person is entitled to.",
        ),
        list("roles", text("value", "A role."), &[], "Roles of the person."),
        list(
            "x509Certificates",
            certificate,
            &[],
            "X.509 certificates of the person.",
        ),
    ]
}

/// A list with the usual sub-attributes (RFC 7643 section 2.4).
fn list(name: &str, value: Attribute, types: &[&str], description: &str) -> Attribute {
    let subs = vec![
        value,
        text("display", "A name for people to read."),
        kind(types),
        primary(),
    ];
    Attribute::complex(name, subs, description).multi_valued()
}

fn kind(suggested: &[&str]) -> Attribute {
    text("type", "What the value is for.").suggesting(suggested)
}

fn primary() -> Attribute {
    Attribute::new(
        "primary",
        AttributeKind::Boolean,
        "Whether this is the preferred value; at most one is.",
    )
}

fn address(types: &[&str]) -> Vec<Attribute> {
    vec![
        text("formatted", "The whole address as it is written on a letter."),
        text("streetAddress", "Street, house number, post box."),
        text("locality", "City or locality."),
        text("region", "State or region."),
        text("postalCode", "Postal code."),
        text("country", "Country, as ISO 3166-1 alpha-2."),
        kind(types),
        primary(),
    ]
}

fn group() -> Vec<Attribute> {
    vec![
        text("value", "The id of the group."),
        Attribute::new("$ref", AttributeKind::Reference, "The URI of the group.")
            .referring_to(&["User", "Group"]),
        text("display", "The group's name."),
        text("type", "Whether the person is in the group itself.").suggesting(&["direct", "indirect"]),
    ]
}
