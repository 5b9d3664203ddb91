//! A rule said no. Each door turns a refusal into its own status and format.

use jiff::Timestamp;

use super::api_key::MOST_KEYS as MOST_KEYS_OF_TENANT;
use super::client::MOST_CREDENTIALS;
use super::credential::CredentialRefusal;
use super::entity::EntityUse;
use super::grant::GrantSource;
use super::guest::GuestRefusal;
use super::id::{DirectoryId, EntityId, GroupId};
use super::import::ImportRefusal;
use super::permission::{CatalogueUse, MOST};
use super::policy::Action;
use super::saml::SamlBinding;
use super::second_factor::MfaRefusal;
use super::service_key::MOST_KEYS;

/// Why a rule said no. The text is for the person who asked; the code is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The userName belongs to another person of the tenant.
    #[error("userName {user_name:?} is in use by {holder}")]
    UserNameTaken {
        /// As it was sent.
        user_name: String,
        /// Whose person holds it.
        holder: Holder,
    },
    /// The externalId belongs to another person of the directory.
    #[error(
        "externalId {external_id:?} is in use by another person of this directory (userName {user_name:?})"
    )]
    ExternalIdTaken {
        /// As it was sent.
        external_id: String,
        /// Who holds it.
        user_name: String,
    },
    /// The group's name belongs to another group of the directory.
    #[error("displayName {display_name:?} is in use by another group of this directory")]
    GroupNameTaken {
        /// As it was sent.
        display_name: String,
    },
    /// A member that does not exist in the directory.
    #[error("members: {0:?} is neither a User nor a Group of this directory")]
    UnknownMember(String),
    /// A group cannot be a member of itself.
    #[error("members: a group cannot be a member of itself")]
    MemberOfItself,
    /// Nobody could manage the tenant any more.
    #[error(
        "this is the tenant's last administrator with scope \"all\"; make another person an administrator first, then try again"
    )]
    LastAdministrator,
    /// The identity provider owns the person and would make them again.
    #[error(
        "this person is managed by directory {directory:?}; remove them in the identity provider, or block them here"
    )]
    ManagedByDirectory {
        /// The directory's name.
        directory: String,
    },
    /// The person is deleted; restore them first.
    #[error("this person is deleted; restore them first")]
    Deleted,
    /// The person is not deleted, so there is nothing to restore.
    #[error("this person is not deleted")]
    NotDeleted,
    /// The slug belongs to another tenant.
    #[error("slug {0:?} is in use by another tenant")]
    SlugTaken(String),
    /// The tenant has a directory of that name.
    #[error("this tenant has a directory named {0:?} already")]
    DirectoryNameTaken(String),
    /// An entity that does not exist in the tenant.
    #[error("{field}: {id} is not an entity of this tenant")]
    UnknownEntity {
        /// The field that names it.
        field: &'static str,
        /// The id.
        id: EntityId,
    },
    /// The tenant has an entity of that name in that place.
    #[error("there is an entity named {0:?} in this place already")]
    EntityNameTaken(String),
    /// An entity cannot be a part of what lies below it.
    #[error("parent_id: an entity cannot be a part of itself or of what lies below it")]
    EntityInItself,
    /// Something still uses the entity.
    #[error(
        "this entity is in use: {} parts, {} people, {} administrators' and API keys' scopes or rules that give one, {} connections; move them elsewhere first",
        .0.parts, .0.people, .0.scopes, .0.connections
    )]
    EntityInUse(EntityUse),
    /// The person has no Administrator tick.
    #[error("this is for administrators")]
    AdministratorRequired,
    /// It concerns the whole tenant, and the administrator's scope is a part of it.
    #[error("this concerns the whole tenant and needs an administrator with scope \"all\"")]
    FullScopeRequired,
    /// It is the operator's alone.
    #[error("this is for the operator of the gateway alone")]
    OperatorRequired,
    /// It is for people, and an API key asks.
    #[error("this is not for API keys; sign in as an administrator")]
    NotForKeys,
    /// The API key may not do this.
    #[error("this API key has no permission {}; make another one that has it", .0.as_str())]
    PermissionRequired(Action),
    /// The permission would be of no use to a key of a part of the tenant.
    #[error("permissions: {} concerns the whole tenant, so it needs a key with scope \"all\"", .0.as_str())]
    PermissionNeedsFullScope(Action),
    /// The tenant has as many live API keys as it may have.
    #[error("a tenant has at most {MOST_KEYS_OF_TENANT} live API keys; revoke one first")]
    TooManyApiKeys,
    /// There is no such thing, as far as the caller may know.
    #[error("{0} not found")]
    NotThere(&'static str),
    /// The other administrator reaches further.
    #[error(
        "this person is an administrator whose scope goes beyond yours; ask an administrator with scope \"all\""
    )]
    AdministratorOutsideScope,
    /// Nobody gives what they do not have.
    #[error("this lies outside your own administrator scope; ask an administrator with scope \"all\"")]
    OutsideScope,
    /// The person is not of the kind that may be the break-glass account.
    #[error(
        "the break-glass account is a local administrator with scope \"all\", with a password of their own; this person {0}"
    )]
    BreakGlassUnfit(&'static str),
    /// Another person has the flag.
    #[error(
        "{0:?} is this tenant's break-glass account, and there is one at most; take the flag from it first"
    )]
    BreakGlassTaken(String),
    /// The break-glass account would be none any more.
    #[error(
        "this is the tenant's break-glass account, which stays an administrator with scope \"all\" and with access; take the flag from it first (PUT .../users/{{id}}/break-glass)"
    )]
    BreakGlassAccount,
    /// What is done with many accounts leaves the caller's own.
    #[error("this is your own account: have another administrator change it")]
    CallersAccount,
    /// About second factors.
    #[error(transparent)]
    Mfa(#[from] MfaRefusal),
    /// About guests.
    #[error(transparent)]
    Guest(#[from] GuestRefusal),
    /// Nobody deletes the account that they are signed in with.
    #[error(
        "this is the account that you are signed in with; another administrator with scope \"all\" can delete it"
    )]
    OwnAccount,
    /// The tick comes from groups of an identity provider, by these mappings.
    #[error(
        "a group of the identity provider gives this person the Administrator tick or a wider scope; change who is in \
         the group, or the group mapping of {}", mappings(.0)
    )]
    GrantedByGroup(Vec<GrantSource>),
    /// A rule of a group mapping names a group that the directory does not have.
    #[error("rules[{rule}].group_id: {id} is not a group of this directory")]
    UnknownGroup {
        /// The position of the rule, from 0.
        rule: usize,
        /// The id.
        id: GroupId,
    },
    /// A rule of a group mapping names a group that an earlier one names.
    #[error("rules[{rule}].group_id: {id} has a rule already; each group has one at most")]
    GroupMappedTwice {
        /// The position of the second rule, from 0.
        rule: usize,
        /// The id.
        id: GroupId,
    },
    /// A rule of a group mapping names an entity that the tenant does not have.
    #[error("rules[{rule}].admin_scope: {id} is not an entity of this tenant")]
    UnknownScope {
        /// The position of the rule, from 0.
        rule: usize,
        /// The id.
        id: EntityId,
    },
    /// The tenant has a connection of that name.
    #[error("this tenant has a connection named {0:?} already")]
    ConnectionNameTaken(String),
    /// A directory that does not exist in the tenant.
    #[error("directory_id: {0} is not a directory of this tenant")]
    UnknownDirectory(DirectoryId),
    /// Single sign-on has not been seen to work.
    #[error(
        "no enabled connection of this tenant has had a successful test login yet; test one first (POST .../connections/{{id}}/test), or let the operator say force"
    )]
    ConnectionNotTested,
    /// Nobody could be let in by single sign-on.
    #[error(
        "this tenant has no verified domain, so single sign-on would let nobody new in; verify one first (POST .../domains/{{domain}}/verify), or let the operator say force"
    )]
    NoVerifiedDomain,
    /// Connections still name the domain.
    #[error(
        "this domain is in use by {}; take it out of their domains first",
        quoted(.0)
    )]
    DomainInUse(Vec<String>),
    /// The domain name system does not hold the proof of a domain.
    #[error(
        "{name} has no TXT record with the value that proves this domain for this tenant: {found}; what was just published may take some minutes to be seen"
    )]
    DomainProofMissing {
        /// The name that was asked for.
        name: String,
        /// What is there instead.
        found: String,
    },
    /// The tenant signs in by single sign-on.
    #[error(
        "this tenant signs in by single sign-on: accounts are made at the first login or by the identity provider, not by hand"
    )]
    ManualCreationBlocked,
    /// Somebody of the tenant has the address already.
    #[error("{email:?} has an account already: it belongs to {holder}")]
    EmailTaken {
        /// As it was sent.
        email: String,
        /// Whose person has it.
        holder: Holder,
    },
    /// Somebody of the tenant has taken the address of a person who is to be brought back.
    #[error(
        "{email:?} belongs to {holder} meanwhile; restore this person under another address (\"email\" and \"email_confirmation\"), or delete the account that has theirs first"
    )]
    RestoredEmailTaken {
        /// The address.
        email: String,
        /// Whose person has it.
        holder: Holder,
    },
    /// A mailbox that more than one person reads.
    #[error("{0:?} is a mailbox of a department; an account is for one person, so give a personal address")]
    DepartmentalMailbox(String),
    /// The directory knows a schema of that URN.
    #[error("schema.id: {0:?} is the URN of a schema that this directory has already")]
    SchemaUrnTaken(String),
    /// One text would mean a schema as well as an attribute of another.
    #[error("schema.id: {urn:?} cannot be told from an attribute of {other:?}; choose another URN or name")]
    SchemaUrnAmbiguous {
        /// The URN that reads like a path.
        urn: String,
        /// The schema whose attribute it would be.
        other: String,
    },
    /// The directory has as many schemas of its own as it may.
    #[error("this directory has {0} schemas of its own, which is as many as may be")]
    TooManySchemas(usize),
    /// Something has data of the schema.
    #[error(
        "{uses} resources of this directory have data of {urn:?}, deleted people counted; take the data away first (deleted people: restore them)"
    )]
    SchemaInUse {
        /// The schema.
        urn: String,
        /// How many.
        uses: u64,
    },
    /// Not every resource has the data that is to be required.
    #[error("required: {without} resources of type {target} have no data of {urn:?}; give it to them first")]
    SchemaDataMissing {
        /// The schema.
        urn: String,
        /// The resource type.
        target: &'static str,
        /// How many.
        without: u64,
    },
    /// Nothing is added to a client that is revoked.
    #[error("this client is revoked; make another one")]
    ClientRevoked,
    /// A connection has as many keys as it may have.
    #[error("a connection has at most {MOST_KEYS} keys of ours; take one away first")]
    TooManyKeys,
    /// The key that signs cannot go.
    #[error(
        "this key signs what is sent to the identity provider; let another one sign first (.../activate)"
    )]
    KeySigns,
    /// The provider takes no requests by the binding that is set.
    #[error("request_binding: the identity provider's metadata offers no sign-in by {}", .0.as_str())]
    BindingNotOffered(SamlBinding),
    /// There is no address to fetch metadata from.
    #[error(
        "this connection has no idp_metadata_url to fetch from; give one, or new metadata as idp_metadata_xml, by PATCH"
    )]
    NoMetadataUrl,
    /// Somebody has changed meanwhile where the metadata comes from.
    #[error(
        "this connection's idp_metadata_url or identity provider was changed while its metadata was fetched, so nothing was taken; try again"
    )]
    MetadataSourceChanged,
    /// Nothing is there to be accepted.
    #[error("the identity provider's metadata offers nothing that this connection does not have")]
    NothingOffered,
    /// About passwords of local accounts, and links that lead to one.
    #[error(transparent)]
    Credential(#[from] CredentialRefusal),
    /// About people read from a file.
    #[error(transparent)]
    Import(#[from] ImportRefusal),
    /// What a directory or an identity provider says of a person is changed there.
    #[error("{}: the identity provider keeps what it says of this person; change it there", .0.join(", "))]
    ManagedFields(Vec<&'static str>),
    /// The roster says what an employee is called.
    #[error("the name of an employee is the roster's; change it there (PATCH .../people/{{id}})")]
    NamesFromRoster,
    /// Who is invited is not changed in what the invitation is about.
    #[error(
        "e-mail and role of somebody who is invited are not changed; delete the invitation and make another (DELETE .../invitations/{{id}})"
    )]
    DeleteAndRecreate,
    /// Access would end before it begins.
    #[error("access_end: a day that is not before access_start, and before the year 9999")]
    AccessDatesReversed,
    /// A permission group that does not exist in the tenant.
    #[error("{field}: one of {}", accepted.join(", "))]
    UnknownRole {
        /// The field that names it.
        field: String,
        /// Those that there are.
        accepted: Vec<String>,
    },
    /// A section that does not exist in the tenant.
    #[error("{field}: the tenant has no such section (GET .../sections)")]
    UnknownSection {
        /// The field that names it.
        field: String,
    },
    /// Nobody of the roster has the id.
    #[error("person_id: nobody of the roster (GET .../people)")]
    UnknownPerson,
    /// The person of the roster has an account.
    #[error("this person has access already, as {0:?}")]
    PersonHasAccess(String),
    /// Another person of the roster has the number.
    #[error("employee_number {0:?} belongs to another person of the roster")]
    EmployeeNumberTaken(String),
    /// The tenant has a permission group of that key.
    #[error("this tenant has a permission group {0:?} already")]
    RoleTaken(String),
    /// A delivered permission group stays.
    #[error(
        "this permission group is delivered with every tenant; its rights and sections can be changed, and it stays"
    )]
    DeliveredRole,
    /// Somebody has the permission group, or would get it.
    #[error("this permission group is in use: {}; give them another one first", used(.0))]
    RoleInUse(CatalogueUse),
    /// Something names the section.
    #[error("this section is in use: {}; take it from them first", used(.0))]
    SectionInUse(CatalogueUse),
    /// The tenant has as many as it may.
    #[error("a tenant has at most {MOST} {0}")]
    TooManyOfCatalogue(&'static str),
    /// What is to be accepted is not what was seen.
    #[error(
        "the identity provider's metadata was found to say something else at {found_at}; look at the offer again"
    )]
    OfferChanged {
        /// When it was found.
        found_at: Timestamp,
    },
    /// A client has as many live secrets, or issuers, as it may have.
    #[error("a client has at most {MOST_CREDENTIALS} live {0}; revoke one first")]
    TooManyCredentials(&'static str),
}

/// Whose person holds a userName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A person of the caller's own directory.
    SameDirectory,
    /// A person of another directory of the tenant, named.
    OtherDirectory(String),
    /// A local account of the tenant.
    Local,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SameDirectory => f.write_str("another person of this directory"),
            Self::OtherDirectory(name) => write!(f, "a person of directory {name:?}"),
            Self::Local => f.write_str("a local account of this tenant"),
        }
    }
}

/// Where the rules are to be found: `directory:...` or `connection:...`.
fn mappings(sources: &[GrantSource]) -> String {
    let names: Vec<String> = sources.iter().map(|source| source.to_text()).collect();
    names.join(" and ")
}

/// Who names a section or a permission group.
fn used(by: &CatalogueUse) -> String {
    format!(
        "{} people, {} permission groups, {} rules of group mappings",
        by.people, by.roles, by.rules
    )
}

/// The names of connections.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("connection {name:?}")).collect();
    names.join(" and ")
}

impl Refusal {
    /// The stable code that callers may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UserNameTaken { .. } => "user_name_in_use",
            Self::ExternalIdTaken { .. } => "external_id_in_use",
            Self::GroupNameTaken { .. } => "group_name_in_use",
            Self::UnknownMember(_) => "unknown_member",
            Self::MemberOfItself => "member_of_itself",
            Self::LastAdministrator => "last_administrator",
            Self::ManagedByDirectory { .. } | Self::ManagedFields(_) => "managed_by_directory",
            Self::Deleted => "deleted",
            Self::NotDeleted => "not_deleted",
            Self::SlugTaken(_) => "slug_in_use",
            Self::DirectoryNameTaken(_) => "directory_name_in_use",
            Self::UnknownEntity { .. } | Self::UnknownScope { .. } => "unknown_entity",
            Self::EntityNameTaken(_) => "entity_name_in_use",
            Self::EntityInItself => "entity_in_itself",
            Self::EntityInUse(_) => "entity_in_use",
            Self::AdministratorRequired => "administrator_required",
            Self::FullScopeRequired => "full_scope_required",
            Self::OperatorRequired => "operator_required",
            Self::NotForKeys => "not_for_api_keys",
            Self::PermissionRequired(_) => "permission_required",
            Self::PermissionNeedsFullScope(_) => "full_scope_needed",
            Self::TooManyApiKeys => "too_many_api_keys",
            Self::NotThere(_) => "not_found",
            Self::AdministratorOutsideScope => "administrator_outside_scope",
            Self::OutsideScope => "outside_scope",
            Self::BreakGlassUnfit(_) => "break_glass_unfit",
            Self::BreakGlassTaken(_) => "break_glass_taken",
            Self::BreakGlassAccount => "break_glass_account",
            Self::CallersAccount => "own_account",
            Self::Mfa(refusal) => refusal.code(),
            Self::Guest(refusal) => refusal.code(),
            Self::OwnAccount => "cannot_delete_self",
            Self::GrantedByGroup(_) => "granted_by_group",
            Self::UnknownGroup { .. } => "unknown_group",
            Self::GroupMappedTwice { .. } | Self::AccessDatesReversed => "invalid",
            Self::ConnectionNameTaken(_) => "connection_name_in_use",
            Self::UnknownDirectory(_) => "unknown_directory",
            Self::ConnectionNotTested => "connection_not_tested",
            Self::NoVerifiedDomain => "domain_not_verified",
            Self::DomainInUse(_) => "domain_in_use",
            Self::DomainProofMissing { .. } => "domain_proof_missing",
            Self::ManualCreationBlocked => "manual_creation_blocked",
            Self::EmailTaken { .. } | Self::RestoredEmailTaken { .. } => "email_in_use",
            Self::DepartmentalMailbox(_) => "departmental_mailbox",
            Self::SchemaUrnTaken(_) => "schema_urn_in_use",
            Self::SchemaUrnAmbiguous { .. } => "schema_urn_ambiguous",
            Self::TooManySchemas(_) => "too_many_schemas",
            Self::SchemaInUse { .. } => "schema_in_use",
            Self::SchemaDataMissing { .. } => "schema_data_missing",
            Self::ClientRevoked => "client_revoked",
            Self::TooManyKeys => "too_many_keys",
            Self::KeySigns => "key_signs",
            Self::BindingNotOffered(_) => "binding_not_offered",
            Self::NoMetadataUrl => "no_metadata_url",
            Self::MetadataSourceChanged => "metadata_source_changed",
            Self::NothingOffered => "nothing_offered",
            Self::Credential(refusal) => refusal.code(),
            Self::Import(refusal) => refusal.code(),
            Self::NamesFromRoster => "names_from_roster",
            Self::DeleteAndRecreate => "delete_and_recreate",
            Self::UnknownRole { .. } => "unknown_role",
            Self::UnknownSection { .. } => "unknown_section",
            Self::UnknownPerson => "unknown_person",
            Self::PersonHasAccess(_) => "person_has_access",
            Self::EmployeeNumberTaken(_) => "employee_number_in_use",
            Self::RoleTaken(_) => "role_key_in_use",
            Self::DeliveredRole => "delivered_role",
            Self::RoleInUse(_) => "role_in_use",
            Self::SectionInUse(_) => "section_in_use",
            Self::TooManyOfCatalogue(_) => "too_many",
            Self::OfferChanged { .. } => "offer_changed",
            Self::TooManyCredentials(_) => "too_many_credentials",
        }
    }
}
