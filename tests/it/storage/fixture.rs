//! Tenants, people and groups, made through the rules as the use cases do.

use std::sync::Arc;

use jiff::{Timestamp, Unit};
use rollcall::accounts::Accounts;
use rollcall::accounts::invitations::Token;
use rollcall::accounts::users::Restoring;
use rollcall::auth::mac::MacKey;
use rollcall::auth::password::Cost;
use rollcall::auth::vault::Vault;
use rollcall::directory::lifecycle::{self, Clashes, Provisioned};
use rollcall::directory::query::Predicate;
use rollcall::directory::{
    Actor, Change, Directory, DirectoryId, DirectoryKind, DirectoryRef, Group, GroupId, InvitationId, Member,
    MemberDelta, MemberKind, Origin, Profile, SignIn, Slug, Source, Tenant, TenantId, TenantSettings, User,
    UserId, group, registry, tenant,
};
use rollcall::hashing::Passwords;
use rollcall::outbound::{Client, TxtLookup};
use rollcall::provisioning::{
    self, Command, Document, Endpoint, Outcome, Pieces, Precondition, Provisioning, ResourceKind, Service,
    Write, perform,
};
use rollcall::scim::schema;
use rollcall::storage::{Error, ReadTx, Store, Tx};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::harness::{Engine, random_name};

/// A tenant with one directory in a store.
#[derive(Clone)]
pub struct Place {
    pub store: Store,
    pub tenant: TenantId,
    pub slug: Slug,
    pub directory: DirectoryId,
}

/// Administration of a store.
pub fn accounts_on(store: &Store) -> Accounts {
    let vault = Vault::new(&[7; 32], &[]).expect("a key");
    let outbound = Client::new(true).expect("a client");
    let proofs = MacKey::derive(&[7; 32], "proofs of domains");
    Accounts::new(
        store.clone(),
        Arc::new(vault),
        outbound,
        proofs,
        TxtLookup::default(),
        Passwords::new(Cost::LEAST, [7; 32]).expect("memory for a password"),
        MacKey::derive(&[7; 32], "access codes"),
    )
}

/// SCIM on a store.
pub fn provisioning_on(store: &Store) -> Provisioning {
    Provisioning::new(store.clone(), MacKey::derive(&[7; 32], "cursors"))
}

/// Now, as the doors take it: in whole milliseconds.
pub fn now() -> Timestamp {
    Timestamp::now()
        .round(Unit::Millisecond)
        .expect("a time of this century")
}

/// The operator, by the API.
pub fn origin() -> Origin {
    Origin {
        actor: Actor::Operator,
        source: Source::Api,
        request_id: "request".to_owned(),
        at: now(),
    }
}

/// A directory's word of an active person: a name and nothing else.
pub fn said(user_name: &str) -> Provisioned {
    Provisioned {
        user_name: user_name.to_owned(),
        external_id: None,
        active: Some(true),
        attributes: Map::new(),
        profile: Profile::from_attributes(&Map::new()),
    }
}

/// Adds what a directory says beyond the name.
pub fn describe(said: &mut Provisioned, attributes: Value) {
    said.attributes = object(attributes);
    said.profile = Profile::from_attributes(&said.attributes);
}

/// A new person, without a look at who holds the names.
pub fn arrival(directory: DirectoryId, said: Provisioned) -> (User, Change) {
    let id = UserId(Uuid::now_v7());
    let arrival = lifecycle::provision(id, directory, said, &Clashes::default(), origin()).expect("no clash");
    (arrival.user, arrival.change)
}

/// As somebody is brought back under their own address.
pub fn as_they_were() -> Restoring {
    Restoring {
        email: None,
        invitation: InvitationId(Uuid::now_v7()),
        token: Token {
            random: [3; 32],
            nonce: [3; 12],
        },
    }
}

/// The members of an object.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// A person as a member.
pub fn person(user: &User) -> Member {
    Member {
        id: user.id.0,
        kind: MemberKind::User,
    }
}

/// A new group with its change.
pub fn new_group(directory: DirectoryId, name: &str, members: &[Member]) -> (Group, Change) {
    let at = now();
    let made = Group {
        id: GroupId(Uuid::now_v7()),
        directory,
        display_name: name.to_owned(),
        external_id: None,
        profile: Profile::from_attributes(&Map::new()),
        version: 1,
        created_at: at,
        modified_at: at,
    };
    (made.clone(), group::create(made, members.to_vec(), origin()))
}

/// Who has a userName in the tenant.
pub async fn holder_of_name(tx: &mut ReadTx, user_name: &str) -> Option<User> {
    let found = tx.find_clashes(None, user_name, None).await;
    found.expect("people are read").user_name.map(|(user, _)| user)
}

/// Who has an externalId in a directory.
pub async fn holder_of_external_id(
    tx: &mut ReadTx,
    directory: DirectoryId,
    external_id: &str,
) -> Option<User> {
    let found = tx.find_clashes(Some(directory), "\u{1}", Some(external_id)).await;
    found.expect("people are read").external_id
}

impl Place {
    /// A new tenant in the store that the tests of an engine share.
    pub async fn new(engine: Engine) -> Self {
        Self::in_store(engine.store().await).await
    }

    /// A new tenant in a store.
    pub async fn in_store(store: Store) -> Self {
        let slug = Slug::parse(&random_name("s")).expect("a slug");
        let made = Tenant {
            id: TenantId(Uuid::now_v7()),
            slug: slug.clone(),
            name: slug.as_str().to_owned(),
            support_email: None,
            sign_in: SignIn::Local,
            settings: TenantSettings::default(),
            suspended_at: None,
            created_at: now(),
        };
        let mut place = Self {
            store,
            tenant: made.id,
            slug,
            directory: DirectoryId(Uuid::nil()),
        };
        place
            .apply(tenant::create(made, origin()))
            .await
            .expect("a tenant");
        place.directory = place.another_directory().await;
        place
    }

    /// One more directory of the tenant.
    pub async fn another_directory(&self) -> DirectoryId {
        let made = Directory {
            id: DirectoryId(Uuid::now_v7()),
            name: random_name("directory"),
            kind: DirectoryKind::Generic,
            created_at: now(),
        };
        let id = made.id;
        self.apply(registry::create(made, origin()))
            .await
            .expect("a directory");
        id
    }

    /// The directory as use cases name it.
    pub fn reference(&self) -> DirectoryRef {
        DirectoryRef {
            tenant: self.tenant,
            id: self.directory,
            kind: DirectoryKind::Generic,
            schemas: 0,
        }
    }

    /// The directory as its endpoint knows it.
    pub fn service(&self) -> Service {
        Service::new(
            self.reference(),
            Arc::clone(schema::standard()),
            Endpoint::new(format!("https://scim.example/{}", self.slug.as_str())),
        )
    }

    /// Sends one write to the directory.
    pub async fn send(
        &self,
        kind: ResourceKind,
        write: Write,
        origin: Origin,
    ) -> Result<Outcome, provisioning::Error> {
        let service = self.service();
        let command = Command::parse(&service, kind, write, Precondition::default())?;
        perform(&provisioning_on(&self.store), &service, command, origin).await
    }

    /// Writes one change in a transaction of its own.
    pub async fn apply(&self, change: Change) -> Result<(), Error> {
        self.store
            .write(self.tenant, async move |tx: &mut Tx| tx.apply(change).await)
            .await
    }

    pub async fn read(&self) -> ReadTx {
        self.store.read(self.tenant).await.expect("a view")
    }

    /// A new person of this name.
    pub async fn user(&self, user_name: &str) -> User {
        self.provision(said(user_name)).await
    }

    /// A new person.
    pub async fn provision(&self, said: Provisioned) -> User {
        let (user, change) = arrival(self.directory, said);
        self.apply(change).await.expect("a person");
        user
    }

    /// A new group.
    pub async fn group(&self, name: &str, members: &[Member]) -> Group {
        let (group, change) = new_group(self.directory, name, members);
        self.apply(change).await.expect("a group");
        group
    }

    /// The group as it stands.
    pub async fn find_group(&self, id: GroupId) -> Group {
        let found = self.read().await.find_group(self.directory, id).await;
        found.expect("a group is read").expect("the group is there")
    }

    /// A group's members by id, read a few at a time.
    pub async fn members(&self, group: GroupId) -> Vec<Member> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let mut tx = self.read().await;
            let chunk = tx.walk_members(group, &Predicate::always(), after, 700).await;
            let chunk = chunk.expect("members are read");
            found.extend(chunk.items);
            match chunk.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    /// A document, written to its end.
    pub async fn text(&self, document: Document) -> String {
        let on = provisioning_on(&self.store);
        let mut pieces = Pieces::new(&on, &self.service(), document);
        let mut text = String::new();
        while let Some(piece) = pieces.next().await.expect("the document is written") {
            text.push_str(&piece);
        }
        text
    }

    /// The person as they stand, deleted or not.
    pub async fn find_user(&self, id: UserId) -> User {
        let found = self.read().await.find_user(id).await;
        found.expect("a person is read").expect("the person is there")
    }

    /// Changes a group's members; answers the group after it.
    pub async fn change_members(&self, before: &Group, delta: MemberDelta) -> Group {
        let (after, change) =
            group::update(before, before.clone(), delta, origin()).expect("a change that changes something");
        self.apply(change).await.expect("members");
        after
    }

    /// Whether a live person has this name.
    pub async fn has(&self, user_name: &str) -> bool {
        holder_of_name(&mut self.read().await, user_name).await.is_some()
    }
}
