use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::directory::{DirectoryKind, DirectoryRef, RequestKind, TokenId};
use crate::journal::{NotedBody, NotedError};

fn directory() -> DirectoryRef {
    DirectoryRef {
        tenant: TenantId(Uuid::from_u128(1)),
        id: DirectoryId(Uuid::from_u128(2)),
        kind: DirectoryKind::Generic,
        schemas: 0,
    }
}

fn request(number: u128, method: &'static str, status: u16) -> NotedRequest {
    NotedRequest {
        id: Uuid::from_u128(number),
        at: Timestamp::from_second(7200).unwrap(),
        micros: 10,
        method,
        path: "/Users?count=1".to_owned(),
        status,
        request_id: number.to_string(),
        user_agent: None,
        caller: Caller::Known {
            directory: directory(),
            token: TokenId(Uuid::from_u128(3)),
        },
        error: (status >= 400).then(|| NotedError {
            scim_type: Some("invalidValue"),
            detail: "wrong".to_owned(),
        }),
        request: NotedBody::whole(vec![b'x'; 100]),
        response: NotedBody::default(),
    }
}

fn limits() -> Limits {
    Limits {
        entries: 4,
        strangers: 2,
        ..Limits::default()
    }
}

fn taken(buffer: &mut Buffer) -> (Vec<NotedRequest>, HashMap<CountKey, Count>) {
    let of = directory();
    let mut noted = buffer
        .directories
        .remove(&(of.tenant, of.id))
        .expect("a directory");
    (noted.take_requests(), noted.counts)
}

fn numbers(requests: &[NotedRequest]) -> Vec<u128> {
    requests.iter().map(|request| request.id.as_u128()).collect()
}

#[test]
fn a_flood_keeps_failures_then_writes_then_reads_and_counts_all() {
    let mut buffer = Buffer::default();
    for number in 0..10 {
        buffer.note(request(number, "GET", 200), &limits());
    }
    for number in 10..13 {
        buffer.note(request(number, "PATCH", 200), &limits());
    }
    for number in 13..15 {
        buffer.note(request(number, "GET", 404), &limits());
    }
    buffer.note(request(15, "POST", 201), &limits());
    let (kept, counts) = taken(&mut buffer);
    assert_eq!(numbers(&kept), [10, 11, 13, 14]);
    let of = |kind, status| {
        let found = counts
            .iter()
            .find(|(key, _)| (key.kind, key.status) == (kind, status));
        found.map(|(_, count)| (count.requests, count.unlogged)).unwrap()
    };
    assert_eq!(of(RequestKind::Read, 200), (10, 10));
    assert_eq!(of(RequestKind::Write, 200), (3, 1));
    assert_eq!(of(RequestKind::Write, 201), (1, 1));
    assert_eq!(of(RequestKind::Read, 404), (2, 0));
    assert!(counts.keys().all(|key| key.hour == 2));
}

#[test]
fn bodies_past_the_bound_are_left_out_and_make_room_when_they_go() {
    let limits = Limits {
        directory_bodies: 250,
        ..limits()
    };
    let mut buffer = Buffer::default();
    for number in 0..4 {
        buffer.note(request(number, "GET", 200), &limits);
    }
    // Takes the place of the last read, which had no body any more, and then of one that had.
    for number in 4..7 {
        buffer.note(request(number, "POST", 201), &limits);
    }
    let (kept, _) = taken(&mut buffer);
    let held: Vec<_> = kept
        .iter()
        .map(|request| (request.id.as_u128(), request.request.held(), request.request.size))
        .collect();
    assert_eq!(held, [(0, 100, 100), (4, 0, 100), (5, 0, 100), (6, 100, 100)]);
}

#[test]
fn strangers_are_counted_at_a_bounded_number_of_addresses() {
    let mut buffer = Buffer::default();
    for round in 0..3 {
        for number in 0..5 {
            let caller = Caller::Stranger {
                slug: "acme".to_owned(),
                directory: DirectoryId(Uuid::from_u128(number)),
            };
            let stranger = NotedRequest {
                caller,
                ..request(round, "GET", 401)
            };
            buffer.note(stranger, &limits());
        }
    }
    assert!(buffer.directories.is_empty());
    assert_eq!(buffer.strangers.len(), 2);
    for counts in buffer.strangers.values() {
        let (key, count) = counts.iter().next().unwrap();
        assert_eq!((key.kind, count.requests), (RequestKind::Stranger, 3));
    }
}

#[test]
fn what_could_not_be_written_is_counted_and_not_in_the_log() {
    let mut buffer = Buffer::default();
    buffer.note(request(1, "GET", 200), &limits());
    let (_, counts) = taken(&mut buffer);
    buffer.put_back((directory().tenant, directory().id), counts.into_iter().collect());
    buffer.note(request(2, "GET", 200), &limits());
    let (kept, counts) = taken(&mut buffer);
    assert_eq!(numbers(&kept), [2]);
    let count = counts.values().next().unwrap();
    assert_eq!((count.requests, count.unlogged, count.micros), (2, 1, 20));
}

#[test]
fn a_search_by_post_is_a_question() {
    let mut search = request(1, "POST", 200);
    search.path = "/Users/.search?x=1".to_owned();
    assert_eq!(search.rank(), Rank::Read);
    assert_eq!(search.count_key().kind, RequestKind::Read);
    for (method, rank) in [
        ("POST", Rank::Write),
        ("HEAD", Rank::Read),
        ("DELETE", Rank::Write),
    ] {
        assert_eq!(request(1, method, 204).rank(), rank, "{method}");
    }
}

#[test]
fn a_long_body_is_kept_as_a_copy_of_its_beginning() {
    let noted = NotedRequest {
        response: NotedBody::whole(vec![b'y'; 5]),
        ..request(1, "GET", 200)
    };
    let cut = noted.cut(10);
    assert_eq!((cut.request.held(), cut.request.size), (10, 100));
    assert_eq!((cut.response.held(), cut.response.size), (5, 5));
}
