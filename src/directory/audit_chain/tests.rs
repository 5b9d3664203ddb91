use serde_json::json;

use super::*;

const TENANT: TenantId = TenantId(Uuid::from_u128(7));

/// A good chain of rows, and its head.
fn chain(told: &[(&str, Option<String>)]) -> (Vec<ChainRow>, Head) {
    let (mut rows, mut hash) = (Vec::new(), GENESIS);
    for (seq, (action, after)) in (1_i64..).zip(told) {
        let mut row = ChainRow {
            seq,
            id: Uuid::from_u128(seq.unsigned_abs().into()),
            at: 1_000 * seq,
            actor: "operator".to_owned(),
            source: "api".to_owned(),
            action: (*action).to_owned(),
            target_kind: "user".to_owned(),
            target_id: Uuid::from_u128(9),
            request_id: format!("request {seq}"),
            before: None,
            after: after.clone(),
            salt: Some(vec![seq.to_le_bytes()[0]; SALT_LENGTH]),
            digest: None,
            hash: None,
            erased: false,
        };
        let digest = row.digest_with(row.salt.as_deref().unwrap());
        hash = row.hash_after(TENANT, &hash, &digest);
        row.digest = Some(digest.to_vec());
        row.hash = Some(hash.to_vec());
        rows.push(row);
    }
    let last = rows.len().try_into().unwrap();
    let head = Head {
        seq: last,
        chained: last,
        hash: Some(hash.to_vec()),
    };
    (rows, head)
}

fn five() -> (Vec<ChainRow>, Head) {
    let told: Vec<_> = (0..5)
        .map(|number| ("user.updated", Some(json!({"userName": number}).to_string())))
        .collect();
    chain(&told)
}

fn verify(rows: &[ChainRow], head: &Head) -> Verdict {
    let mut verifier = Verifier::new(TENANT, head.clone());
    for row in rows.iter().rev() {
        verifier.meet(row.clone());
    }
    verifier.finish()
}

#[track_caller]
fn assert_broken(rows: &[ChainRow], head: &Head, seq: i64, reason: Reason) {
    let verdict = verify(rows, head);
    assert_eq!(verdict.broken_at, Some(Break { seq, reason }));
    assert_eq!(verdict.verified_to, seq - 1);
}

#[test]
fn a_chain_that_nobody_has_touched_holds() {
    let (rows, head) = five();
    let verdict = verify(&rows, &head);
    assert_eq!(
        (verdict.rows, verdict.verified_to, verdict.broken_at),
        (5, 5, None)
    );
    let empty = verify(&[], &Head::default());
    assert_eq!((empty.rows, empty.verified_to, empty.broken_at), (0, 0, None));
}

#[test]
fn a_change_of_any_column_names_the_row() {
    let changes: [fn(&mut ChainRow); 8] = [
        |row| row.id = Uuid::from_u128(100),
        |row| row.at += 1,
        |row| row.actor = "user:1".to_owned(),
        |row| row.source = "ui".to_owned(),
        |row| row.action = "user.created".to_owned(),
        |row| row.target_kind = "group".to_owned(),
        |row| row.target_id = Uuid::from_u128(100),
        |row| row.request_id.clear(),
    ];
    for change in changes {
        for place in 0..5 {
            let (mut rows, head) = five();
            change(&mut rows[place]);
            let seq = rows[place].seq;
            assert_broken(&rows, &head, seq, Reason::Changed);
        }
    }
}

#[test]
fn other_words_in_a_row_are_noticed_whatever_is_done_to_the_salt() {
    let changes: [fn(&mut ChainRow); 4] = [
        |row| row.after = Some("{}".to_owned()),
        |row| row.after = None,
        |row| row.before = Some(String::new()),
        |row| row.salt = None,
    ];
    for change in changes {
        let (mut rows, head) = five();
        change(&mut rows[2]);
        assert_broken(&rows, &head, 3, Reason::DocumentsChanged);
    }
    // A digest that was made anew does not fit the hash.
    let (mut rows, head) = five();
    rows[2].after = None;
    rows[2].digest = Some(rows[2].digest_with(rows[2].salt.as_deref().unwrap()).to_vec());
    assert_broken(&rows, &head, 3, Reason::Changed);
    // Nor does a hash that was made anew fit the row behind it.
    let digest = rows[2].digest.clone().unwrap();
    let previous = rows[1].hash.as_deref().unwrap().try_into().unwrap();
    rows[2].hash = Some(rows[2].hash_after(TENANT, &previous, &digest).to_vec());
    assert_broken(&rows, &head, 4, Reason::Changed);
}

#[test]
fn rows_that_are_gone_are_missed_at_the_beginning_in_the_middle_and_at_the_end() {
    for (gone, seq) in [(0, 1), (1, 2), (3, 4), (4, 5)] {
        let (mut rows, head) = five();
        rows.remove(gone);
        assert_broken(&rows, &head, seq, Reason::Missing);
    }
    let (_, head) = five();
    assert_broken(&[], &head, 1, Reason::Missing);
    // A head that was set back does not fit the hash of its row.
    let (rows, head) = five();
    let back = Head { chained: 4, ..head };
    assert_broken(&rows[..4], &back, 4, Reason::Changed);
}

#[test]
fn two_rows_that_changed_places_are_noticed() {
    let (mut rows, head) = five();
    rows.swap(1, 2);
    (rows[1].seq, rows[2].seq) = (2, 3);
    assert_broken(&rows, &head, 2, Reason::Changed);
}

#[test]
fn what_an_erasure_has_taken_away_is_missed_only_where_it_does_not_say_so() {
    let stands = Some(json!({"userName": erasure::ERASED}).to_string());
    let said = json!({"rows": [[2, hex(&digest(&[], None, stands.as_deref()))]]}).to_string();
    let told = Some(json!({"userName": "ada"}).to_string());
    let erase = |row: &mut ChainRow| {
        row.after.clone_from(&stands);
        row.salt = None;
        row.erased = true;
    };
    let (mut rows, head) = chain(&[
        ("user.created", told.clone()),
        ("user.updated", told),
        (erasure::ACTION, Some(said)),
    ]);
    erase(&mut rows[1]);
    assert_eq!(verify(&rows, &head).broken_at, None);
    let mut other = rows.clone();
    other[1].after = Some(json!({"userName": "bob"}).to_string());
    assert_broken(&other, &head, 2, Reason::ErasedUnsaid);
    erase(&mut rows[0]);
    assert_broken(&rows, &head, 1, Reason::ErasedUnsaid);
}

#[test]
fn rows_behind_the_head_are_told() {
    let (rows, head) = five();
    let mut verifier = Verifier::new(TENANT, head);
    verifier.meet_behind(6);
    for row in rows.into_iter().rev() {
        verifier.meet(row);
    }
    let verdict = verifier.finish();
    assert_eq!(
        verdict.broken_at,
        Some(Break {
            seq: 6,
            reason: Reason::BehindHead
        })
    );
}
