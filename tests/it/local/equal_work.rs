//! The work of a sign-in, counted where passwords are compared: it does not depend on whether there is an account. And
//! what no read of another tenant finds.

use std::sync::Arc;
use std::time::Duration;

use rollcall::auth::bearer::{self, NewToken, TokenKind};
use rollcall::auth::mac::MacKey;
use rollcall::auth::password::{Cost, Password, hash};
use rollcall::auth::vault::Vault;
use rollcall::directory::account::{self, NewAccount};
use rollcall::directory::credential::{self, NewPassword, SetBy};
use rollcall::directory::lifecycle::Arrival;
use rollcall::directory::registry::TokenHash;
use rollcall::directory::{
    AccessWindow, Aim, Code, GuessPurpose, Origin, PasswordHash, SessionId, User, UserId, UserKind,
    UserSource,
};
use rollcall::hashing::Passwords;
use rollcall::login::Login;
use rollcall::login::local::{Asked, FreshStep, Stage, ask_reset, send_reset, sign_in};
use rollcall::outbound::Client;
use rollcall::storage::{Error, GuessKey, Guesser, LoginTicket, OneTimeToken, Tx};
use uuid::Uuid;

use super::fixture::PASSWORD;
use crate::harness::{Database, Engine};
use crate::storage::fixture::{Place, now, origin};

on_both_engines!(
    a_sign_in_compares_one_password_whether_there_is_an_account_or_not,
    without_a_tenant_a_sign_in_is_as_much_work_for_no_account_as_for_several,
    a_password_that_was_hashed_at_a_lower_cost_is_hashed_anew_at_the_next_sign_in,
    whoever_asks_for_a_link_waits_for_the_same_whether_there_is_an_account_or_not,
    a_guess_that_nobody_had_time_for_is_none,
    no_read_of_passwords_finds_a_row_of_another_tenant,
);

fn fresh() -> FreshStep {
    let random = || *Uuid::new_v4().as_bytes();
    let bytes = || {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&random());
        bytes[16..].copy_from_slice(&random());
        bytes
    };
    FreshStep::new(SessionId(Uuid::now_v7()), [bytes(), bytes(), bytes()], [7; 12])
}

fn login_on(place: &Place, passwords: Passwords) -> Login {
    let vault = Arc::new(Vault::new(&[7; 32], &[]).expect("a key"));
    let browsers = MacKey::derive(&[7; 32], "known browsers");
    let outbound = Client::new(true).expect("a client");
    Login::new(
        place.store.clone(),
        TokenHash([0; 32]),
        (vault, browsers),
        outbound,
        passwords,
        "http://gateway.example",
    )
}

/// A local account, `pending` or with a password.
async fn local(place: &Place, name: &str, hashed: Option<&PasswordHash>) -> User {
    let email = format!("{name}@acme.example");
    let new = NewAccount {
        id: UserId(Uuid::now_v7()),
        directory: None,
        kind: UserKind::External,
        source: UserSource::Manual,
        pending: hashed.is_none(),
        attributes: account::attributes(None, None, None, &email),
        user_name: email,
        entity: None,
        access: AccessWindow::default(),
        contact_tags: Vec::new(),
        person: None,
        access_code: None,
    };
    let Arrival { user, change } = account::create(new, origin());
    place.apply(change).await.expect("a person");
    if let Some(hash) = hashed {
        let new = NewPassword {
            hash: hash.clone(),
            must_change: false,
            by: SetBy::Invitation,
            keep: None,
            mails: Vec::new(),
        };
        let key = bearer::account_key(place.tenant, &user.user_name);
        place
            .apply(credential::set(user.id, key, new, origin()))
            .await
            .expect("a password");
    }
    user
}

async fn a_sign_in_compares_one_password_whether_there_is_an_account_or_not(engine: Engine) {
    let place = Place::new(engine).await;
    let passwords = Passwords::new(Cost::LEAST, [7; 32]).expect("memory");
    let login = login_on(&place, passwords.clone());
    let accepted = Password::parse(PASSWORD, &[]).expect("a good one");
    let hashed = passwords.hash(accepted, [1; 32]).await.expect("a hash");
    let user = local(&place, "ada", Some(&hashed)).await;
    local(&place, "pending", None).await;
    place.user("provisioned@acme.example").await;
    let slug = place.slug.as_str();
    for (tenant, email, password, expected) in [
        (slug, user.user_name.as_str(), PASSWORD, None),
        (
            slug,
            &user.user_name,
            "a wrong one",
            Some(Code::InvalidCredentials),
        ),
        (
            slug,
            "pending@acme.example",
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
        (
            slug,
            "provisioned@acme.example",
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
        (
            slug,
            "nobody@acme.example",
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
        (slug, "", "", Some(Code::InvalidCredentials)),
        (
            slug,
            "a\u{0}b@acme.example",
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
        (
            "no-such-tenant",
            &user.user_name,
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
        (
            "NO TENANT",
            &user.user_name,
            PASSWORD,
            Some(Code::InvalidCredentials),
        ),
    ] {
        let before = passwords.comparisons();
        let asked = Asked {
            tenant: Some(tenant),
            email,
            password,
            browser: None,
        };
        let answer = sign_in(&login, asked, fresh(), origin()).await;
        assert_eq!(passwords.comparisons(), before + 1, "{tenant} {email}");
        match (answer, expected) {
            (Ok(Stage::SignedIn { .. }), None) => {}
            (Err(refused), Some(code)) => assert_eq!(refused.code, code, "{tenant} {email}"),
            (other, _) => panic!("{tenant} {email}: {other:?}"),
        }
    }
}

async fn without_a_tenant_a_sign_in_is_as_much_work_for_no_account_as_for_several(engine: Engine) {
    let database = Database::new(engine).await;
    let store = crate::harness::engine::open(&database.url).await;
    let (place, other) = (
        Place::in_store(store.clone()).await,
        Place::in_store(store.clone()).await,
    );
    let third = Place::in_store(store).await;
    let passwords = Passwords::new(Cost::LEAST, [7; 32]).expect("memory");
    let login = login_on(&place, passwords.clone());
    let hashed = hash(PASSWORD, Cost::LEAST, &[1; 16]).expect("a hash");
    for (place, name) in [
        (&place, "one"),
        (&place, "two"),
        (&other, "two"),
        (&place, "three"),
        (&other, "three"),
        (&third, "three"),
    ] {
        local(place, name, Some(&hashed)).await;
    }
    local(&place, "pending", None).await;
    place.user("provisioned@acme.example").await;
    for name in ["nobody", "one", "two", "three", "pending", "provisioned"] {
        let before = passwords.comparisons();
        let asked = Asked {
            tenant: None,
            email: &format!("{name}@acme.example"),
            password: "a wrong one",
            browser: None,
        };
        let refused = sign_in(&login, asked, fresh(), origin()).await;
        assert_eq!(
            refused.map(drop).map_err(|refused| refused.code),
            Err(Code::InvalidCredentials)
        );
        assert_eq!(passwords.comparisons(), before + 2, "{name}");
        let counted = database.execute("DELETE FROM guesses").await;
        assert_eq!(counted, 3, "{name}");
    }
    // A right password takes back what was counted under the other account, unless it is new: whoever makes an account of
    // somebody's address says what its password is.
    for (hours, counted) in [(0, 1), (25, 0)] {
        let origin = Origin {
            at: origin().at + Duration::from_hours(hours),
            ..origin()
        };
        for _ in 0..12 {
            let asked = Asked {
                tenant: None,
                email: "two@acme.example",
                password: PASSWORD,
                browser: None,
            };
            let stage = sign_in(&login, asked, fresh(), origin.clone()).await;
            assert!(matches!(stage, Ok(Stage::SignedIn { .. })), "{stage:?}");
        }
        let left = database.execute("DELETE FROM guesses WHERE failures > 0").await;
        assert_eq!(left, counted, "{hours}");
    }
    place.store.close().await;
}

async fn a_password_that_was_hashed_at_a_lower_cost_is_hashed_anew_at_the_next_sign_in(engine: Engine) {
    let place = Place::new(engine).await;
    let old = hash(PASSWORD, Cost::LEAST, &[1; 16]).expect("a hash");
    let user = local(&place, "ada", Some(&old)).await;
    let cost = Cost::new(19_456, 3, 1).expect("a cost");
    let login = login_on(&place, Passwords::new(cost, [7; 32]).expect("memory"));
    for password in ["a wrong one", PASSWORD, PASSWORD] {
        let asked = Asked {
            tenant: Some(place.slug.as_str()),
            email: &user.user_name,
            password,
            browser: None,
        };
        let answer = sign_in(&login, asked, fresh(), origin()).await;
        assert_eq!(answer.is_ok(), password == PASSWORD);
        let kept = place.read().await.find_credential(user.id).await;
        let kept = kept.expect("it is read").expect("a password").hash;
        let is_new = kept.0.contains("t=3");
        assert_eq!(is_new, password == PASSWORD, "{}", kept.0.len());
    }
}

async fn whoever_asks_for_a_link_waits_for_the_same_whether_there_is_an_account_or_not(engine: Engine) {
    let place = Place::new(engine).await;
    let login = login_on(&place, Passwords::new(Cost::LEAST, [7; 32]).expect("memory"));
    let hashed = hash(PASSWORD, Cost::LEAST, &[1; 16]).expect("a hash");
    let user = local(&place, "ada", Some(&hashed)).await;
    let slug = place.slug.as_str();
    for (email, sent) in [("nobody@acme.example", 0), (user.user_name.as_str(), 1)] {
        let asked = ask_reset(&login, slug, email, origin()).await.expect("counted");
        let asked = asked.expect("whoever it is, it goes on after the answer");
        let links = async || {
            place
                .read()
                .await
                .count_resets(user.id, now())
                .await
                .expect("read")
        };
        assert_eq!(links().await, 0, "nobody is looked up before the answer");
        send_reset(&login, asked, ([9; 32], [9; 12])).await.expect("done");
        assert_eq!(links().await, sent, "{email}");
    }
}

async fn a_guess_that_nobody_had_time_for_is_none(engine: Engine) {
    let place = Place::new(engine).await;
    let hashed = hash(PASSWORD, Cost::LEAST, &[1; 16]).expect("a hash");
    let user = local(&place, "ada", Some(&hashed)).await;
    let busy = Passwords::with_places(Cost::LEAST, [7; 32], 0, 0).expect("memory");
    let (busy, idle) = (
        login_on(&place, busy),
        login_on(&place, Passwords::new(Cost::LEAST, [7; 32]).expect("memory")),
    );
    let try_on = async |login: &Login, password| {
        let asked = Asked {
            tenant: Some(place.slug.as_str()),
            email: &user.user_name,
            password,
            browser: None,
        };
        let answer = sign_in(login, asked, fresh(), origin()).await;
        answer.map(drop).map_err(|refused| refused.code)
    };
    for _ in 0..4 {
        assert_eq!(try_on(&idle, "a wrong one").await, Err(Code::InvalidCredentials));
    }
    for _ in 0..10 {
        assert_eq!(try_on(&busy, PASSWORD).await, Err(Code::Unavailable));
    }
    assert_eq!(try_on(&idle, PASSWORD).await, Ok(()));
}

async fn no_read_of_passwords_finds_a_row_of_another_tenant(engine: Engine) {
    let (own, other) = (Place::new(engine).await, Place::new(engine).await);
    let old = hash(PASSWORD, Cost::LEAST, &[1; 16]).expect("a hash");
    let user = local(&own, "ada", Some(&old)).await;
    let token = |kind, seed: Uuid| {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(seed.as_bytes());
        NewToken::from_random(kind, bytes).hash()
    };
    let (reset, ticket) = (
        token(TokenKind::Reset, Uuid::now_v7()),
        token(TokenKind::Ticket, Uuid::now_v7()),
    );
    let mail = rollcall::directory::Mail {
        recipient: user.user_name.clone(),
        template: "password_reset",
        sealed: "sealed".to_owned(),
    };
    own.apply(credential::send_reset(user.id, reset, mail, false, origin()))
        .await
        .expect("a reset");
    let kept = LoginTicket {
        hash: ticket,
        user: user.id,
        second_factor: false,
        aim: Aim::Home,
        expires_at: now() + std::time::Duration::from_mins(1),
    };
    let key = GuessKey {
        purpose: GuessPurpose::Password,
        account: bearer::account_key(own.tenant, &user.user_name),
        by: Guesser::Stranger,
    };
    {
        let (kept, key) = (kept.clone(), key.clone());
        let written = own.store.write(own.tenant, async move |tx: &mut Tx| {
            tx.keep_login_ticket(&kept).await?;
            for _ in 0..5 {
                assert!(tx.begin_guess(&key, now()).await?.is_ok());
            }
            Ok::<_, Error>(())
        });
        written.await.expect("a ticket");
    }
    let mut system = own.store.system().await.expect("a connection");
    for (kind, hash, found) in [
        (OneTimeToken::Reset, reset, Some(own.tenant)),
        (OneTimeToken::Ticket, ticket, Some(own.tenant)),
        (OneTimeToken::Invitation, reset, None),
        (OneTimeToken::Ticket, reset, None),
    ] {
        assert_eq!(
            system
                .find_tenant_of_token(kind, &hash)
                .await
                .expect("it is read"),
            found
        );
    }
    drop(system);
    for (place, expected) in [(&own, true), (&other, false)] {
        let mut tx = place.read().await;
        let found = [
            tx.find_credential(user.id).await.expect("read").is_some(),
            tx.find_password_holder(&user.user_name)
                .await
                .expect("read")
                .is_some(),
            tx.find_reset(&reset).await.expect("read").is_some(),
            tx.count_resets(user.id, now()).await.expect("read") > 0,
            tx.find_login_ticket(&ticket).await.expect("read").is_some(),
        ];
        assert_eq!(found, [expected; 5]);
    }
    let (theirs, guess) = (kept.clone(), key.clone());
    let written = other.store.write(other.tenant, async move |tx: &mut Tx| {
        assert!(!tx.take_login_ticket(&theirs.hash).await?);
        tx.forget_guesses(&guess).await?;
        tx.upgrade_password(user.id, &old, &PasswordHash("another".to_owned()))
            .await?;
        Ok::<_, Error>(())
    });
    written.await.expect("nothing happens");
    let again = own.store.write(own.tenant, async move |tx: &mut Tx| {
        let waits = tx.begin_guess(&key, now()).await?.is_err();
        Ok::<_, Error>((waits, tx.take_login_ticket(&kept.hash).await?))
    });
    assert_eq!(again.await.expect("it is read"), (true, true));
}
