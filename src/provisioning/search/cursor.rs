//! Cursors (RFC 9865): a place in one list, as text that only the gateway can make.
//!
//! Nothing is stored. A cursor says where it stands and when it was given out, and carries a tag over that and over
//! what was asked, so that every node takes it and none takes one that was changed or belongs to another list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::super::command::ResourceKind;
use super::super::service::Service;
use super::Scope;
use crate::auth::mac::{MacKey, TAG_LENGTH};
use crate::directory::query::{Place, PlaceKey};
use crate::scim::error::ScimError;
use crate::scim::message::SearchRequest;

/// How long a cursor is taken after it was given out, in seconds.
pub const CURSOR_TIMEOUT: u64 = 3_600;
/// Changes with the form of what a cursor says.
const VERSION: u8 = 1;
/// Longest cursor, in characters: it has to fit into an address.
const MAX_LENGTH: usize = 16 * 1024;

/// A place in a list, and to which side of it the page lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cursor {
    /// In which of the lists that are shown one after the other.
    pub kind: ResourceKind,
    /// Whether the page lies before the place.
    pub backward: bool,
    /// `None` is the beginning of that kind's list.
    pub beyond: Option<Position>,
}

/// One element's place in a list, whether or not the element is still there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    /// What the list is sorted by.
    pub key: Value,
    /// Breaks ties.
    pub id: Uuid,
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        let key = match place.key {
            PlaceKey::Absent => Value::Null,
            PlaceKey::Text(text) => Value::String(text),
            PlaceKey::Instant(at) => Value::from(at.as_microsecond()),
        };
        Self { key, id: place.id }
    }
}

impl Position {
    /// As the database names places.
    pub(super) fn to_place(&self) -> Result<Place, ScimError> {
        let key = match &self.key {
            Value::Null => PlaceKey::Absent,
            Value::String(text) => PlaceKey::Text(text.clone()),
            other => {
                let at = other.as_i64().map(Timestamp::from_microsecond);
                PlaceKey::Instant(at.and_then(Result::ok).ok_or_else(invalid)?)
            }
        };
        Ok(Place { key, id: self.id })
    }
}

/// `version, issued, backward, groups, place`
type Payload = (u8, i64, bool, bool, Option<(Value, Uuid)>);

/// Makes and reads the cursors of one list.
pub(super) struct Seal<'k> {
    key: &'k MacKey,
    list: Vec<u8>,
    now: i64,
}

impl<'k> Seal<'k> {
    /// For the list that a request asks for. What it asks to see of each resource, and how many, may differ from page
    /// to page.
    pub(super) fn new(
        key: &'k MacKey,
        service: &Service,
        scope: Scope,
        request: &SearchRequest,
        now: Timestamp,
    ) -> Self {
        let scope = match scope {
            Scope::Users => "users",
            Scope::Groups => "groups",
            Scope::Both => "both",
        };
        let list = (
            service.directory.tenant.0,
            service.directory.id.0,
            scope,
            &request.filter,
            &request.sort_by,
            &request.sort_order,
        );
        Self {
            key,
            // Ids and texts always serialise.
            list: serde_json::to_vec(&list).unwrap_or_default(),
            now: now.as_second(),
        }
    }

    /// The text of a cursor: unreserved characters of RFC 3986 alone.
    ///
    /// # Errors
    /// 400 `invalidValue` when the place's sort key makes it too long.
    pub(super) fn write(&self, cursor: Cursor) -> Result<String, ScimError> {
        let payload: Payload = (
            VERSION,
            self.now,
            cursor.backward,
            cursor.kind == ResourceKind::Group,
            cursor.beyond.map(|position| (position.key, position.id)),
        );
        let mut bytes = serde_json::to_vec(&payload).unwrap_or_default();
        let tag = self.key.tag(&self.list, &bytes);
        bytes.extend_from_slice(&tag);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        if text.len() > MAX_LENGTH {
            return Err(ScimError::invalid_value(
                "sortBy: a value is too long for a cursor; page by startIndex, or sort by another attribute",
            ));
        }
        Ok(text)
    }

    /// Reads a cursor that is not empty.
    ///
    /// # Errors
    /// 400 `invalidCursor` for what the gateway has not given out for this list, 400 `expiredCursor` for what is older
    /// than [`CURSOR_TIMEOUT`].
    pub(super) fn read(&self, text: &str) -> Result<Cursor, ScimError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (payload, tag) = bytes.split_last_chunk::<TAG_LENGTH>().ok_or_else(invalid)?;
        if !self.key.verify(&self.list, payload, tag) {
            return Err(invalid());
        }
        let (version, issued, backward, groups, beyond): Payload =
            serde_json::from_slice(payload).map_err(|_| invalid())?;
        if version != VERSION {
            return Err(invalid());
        }
        if u64::try_from(self.now - issued).is_ok_and(|age| age > CURSOR_TIMEOUT) {
            return Err(ScimError::expired_cursor(format!(
                "the cursor is older than {CURSOR_TIMEOUT} seconds; begin again with an empty one"
            )));
        }
        Ok(Cursor {
            kind: if groups {
                ResourceKind::Group
            } else {
                ResourceKind::User
            },
            backward,
            beyond: beyond.map(|(key, id)| Position { key, id }),
        })
    }
}

pub(super) fn invalid() -> ScimError {
    ScimError::invalid_cursor(
        "cursor is none that was given out for this endpoint, filter, sortBy and sortOrder; begin with an empty one",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::directory::{DirectoryId, DirectoryKind, DirectoryRef, TenantId};
    use crate::provisioning::Endpoint;
    use crate::scim::error::ScimType;
    use crate::scim::schema;

    fn service(tenant: u128, directory: u128) -> Service {
        let directory = DirectoryRef {
            tenant: TenantId(Uuid::from_u128(tenant)),
            id: DirectoryId(Uuid::from_u128(directory)),
            kind: DirectoryKind::Generic,
            schemas: 0,
        };
        let endpoint = Endpoint::new("https://scim.example".to_owned());
        Service::new(directory, Arc::clone(schema::standard()), endpoint)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn cursor(key: Value) -> Cursor {
        Cursor {
            kind: ResourceKind::User,
            backward: true,
            beyond: Some(Position {
                key,
                id: Uuid::from_u128(7),
            }),
        }
    }

    fn request() -> SearchRequest {
        SearchRequest {
            filter: Some("title pr".to_owned()),
            sort_by: Some("userName".to_owned()),
            ..SearchRequest::default()
        }
    }

    fn scim_type(result: Result<Cursor, ScimError>) -> Option<ScimType> {
        result.unwrap_err().scim_type
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_needs_no_escapes() {
        let key = MacKey::derive(&[1; 32], "cursors");
        let seal = Seal::new(&key, &service(1, 2), Scope::Users, &request(), at(1_000));
        let mut cursors = vec![Cursor {
            kind: ResourceKind::Group,
            backward: false,
            beyond: None,
        }];
        for sort_key in [json!(null), json!("Straße\n"), json!(-5), json!(true), json!(1.5)] {
            cursors.push(cursor(sort_key));
        }
        for cursor in cursors {
            let text = seal.write(cursor.clone()).unwrap();
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{text}"
            );
            assert_eq!(seal.read(&text), Ok(cursor));
        }
    }

    #[test]
    fn no_byte_of_a_cursor_can_be_changed() {
        let key = MacKey::derive(&[1; 32], "cursors");
        let seal = Seal::new(&key, &service(1, 2), Scope::Users, &request(), at(1_000));
        let text = seal.write(cursor(json!("x"))).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                let read = seal.read(&URL_SAFE_NO_PAD.encode(changed));
                assert_eq!(scim_type(read), Some(ScimType::InvalidCursor));
            }
        }
        for end in 0..text.len() {
            assert_eq!(scim_type(seal.read(&text[..end])), Some(ScimType::InvalidCursor));
        }
        for other in ["1", "%", "é", &format!("{text}A"), &format!("{text}=")] {
            assert_eq!(
                scim_type(seal.read(other)),
                Some(ScimType::InvalidCursor),
                "{other}"
            );
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_and_key_alone() {
        let key = MacKey::derive(&[1; 32], "cursors");
        let home = service(1, 2);
        let text = Seal::new(&key, &home, Scope::Users, &request(), at(1_000))
            .write(cursor(json!("x")))
            .unwrap();
        let refused = |key: &MacKey, service: &Service, scope, request: &SearchRequest| {
            let read = Seal::new(key, service, scope, request, at(1_000)).read(&text);
            assert_eq!(scim_type(read), Some(ScimType::InvalidCursor));
        };
        let with = |change: &dyn Fn(&mut SearchRequest)| {
            let mut request = request();
            change(&mut request);
            request
        };
        refused(
            &MacKey::derive(&[2; 32], "cursors"),
            &home,
            Scope::Users,
            &request(),
        );
        refused(&key, &service(3, 2), Scope::Users, &request());
        refused(&key, &service(1, 3), Scope::Users, &request());
        refused(&key, &home, Scope::Groups, &request());
        refused(&key, &home, Scope::Both, &request());
        for other in [
            with(&|request| request.filter = None),
            with(&|request| request.filter = Some("title pr ".to_owned())),
            with(&|request| request.sort_by = Some("id".to_owned())),
            with(&|request| request.sort_order = Some("descending".to_owned())),
        ] {
            refused(&key, &home, Scope::Users, &other);
        }
        let same = with(&|request| {
            request.count = Some(9);
            request.attributes = Some(vec!["id".to_owned()]);
        });
        assert!(
            Seal::new(&key, &home, Scope::Users, &same, at(1_000))
                .read(&text)
                .is_ok()
        );
    }

    #[test]
    fn a_cursor_expires_an_hour_after_it_was_given_out() {
        let key = MacKey::derive(&[1; 32], "cursors");
        let home = service(1, 2);
        let seal = |second| Seal::new(&key, &home, Scope::Users, &request(), at(second));
        let text = seal(10_000).write(cursor(json!("x"))).unwrap();
        // Another node's clock may be behind.
        for second in [9_990, 10_000, 13_600] {
            assert!(seal(second).read(&text).is_ok(), "{second}");
        }
        for second in [13_601, 1_000_000] {
            assert_eq!(scim_type(seal(second).read(&text)), Some(ScimType::ExpiredCursor));
        }
    }

    #[test]
    fn a_cursor_that_fits_into_no_address_is_not_given_out() {
        let key = MacKey::derive(&[1; 32], "cursors");
        let seal = Seal::new(&key, &service(1, 2), Scope::Users, &request(), at(0));
        let error = seal.write(cursor(json!("x".repeat(20_000)))).unwrap_err();
        assert!(error.detail.contains("sortBy") && error.detail.contains("startIndex"));
    }
}
