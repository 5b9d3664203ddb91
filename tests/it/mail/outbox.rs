//! The outbox: what is queued is sent once, whatever happens in between.

use std::time::Duration;

use jiff::Timestamp;
use rollcall::accounts::activation::Start;
use rollcall::accounts::invitations::Token;
use rollcall::accounts::invite::{self, NewPerson, Who};
use rollcall::auth::vault::Vault;
use rollcall::directory::edit::NameEdit;
use rollcall::directory::grant::SaidRights;
use rollcall::directory::{AccessWindow, Authority, InvitationId, Language, Letter, UserId};
use rollcall::jobs::mail::deliver_due;
use rollcall::mail::{Mailer, Outgoing};
use uuid::Uuid;

use super::by_hand::{address, person};
use super::eml::{self, Eml};
use super::rows;
use crate::harness::engine::open;
use crate::harness::{Engine, Gateway, folder};
use crate::storage::fixture::{Place, accounts_on, origin};

on_both_engines!(
    mail_that_could_not_be_sent_goes_out_after_a_restart,
    two_nodes_take_each_mail_once,
    a_mail_of_a_node_that_died_is_taken_again,
    what_is_out_is_forgotten_after_a_month_and_what_waits_is_not,
    a_letter_that_waits_goes_with_its_invitation,
);

/// The key of `accounts_on`.
pub fn vault() -> Vault {
    Vault::new(&[7; 32], &[]).expect("a key")
}

pub fn to_folder(path: std::path::PathBuf) -> Mailer {
    let from = "rollcall@id.example".parse().expect("an address");
    Mailer::to_folder(path, from, "https://id.example")
}

/// A tenant in a store of its own, and its database: the outbox is one for all tenants.
pub async fn place_of_its_own(engine: Engine) -> (Place, String) {
    let database = engine.new_database().await;
    (Place::in_store(open(&database).await).await, database)
}

/// Invites somebody to whom nothing is sent yet.
pub async fn invite(place: &Place, email: &str) {
    let tenant = place
        .read()
        .await
        .find_tenant()
        .await
        .unwrap()
        .expect("the tenant");
    let random = Uuid::new_v4().into_bytes();
    let new = NewPerson {
        id: UserId(Uuid::now_v7()),
        who: Who::External(NameEdit::Full("Ada Lovelace".to_owned())),
        email: email.to_owned(),
        phone_landline: None,
        phone_mobile: None,
        locale: None,
        access: AccessWindow::default(),
        rights: SaidRights::default(),
        access_code: None,
        entity: None,
        contact_tags: Vec::new(),
        mfa_required: false,
        start: Start::Invitation {
            id: InvitationId(Uuid::now_v7()),
            token: Token {
                random: [random, random].concat().try_into().expect("32 bytes"),
                nonce: [0; 12],
            },
        },
    };
    let on = accounts_on(&place.store);
    invite::create(&on, &tenant, &Authority::Operator, new, origin())
        .await
        .expect("a person");
}

async fn mail_that_could_not_be_sent_goes_out_after_a_restart(engine: Engine) {
    let database = engine.new_database().await;
    let data = folder();
    let data_dir = data.display().to_string();
    // Nobody listens on the port of a listener that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("smtp://{}", gone.local_addr().expect("an address"));
    drop(gone);
    let down = [
        ("ROLLCALL_SMTP_URL", url.as_str()),
        ("ROLLCALL_DATA_DIR", &data_dir),
    ];
    let gateway = Gateway::start_with(&database, &down).await;
    let tenant = gateway.tenant().await;
    let email = address();
    tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201);
    let failed = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND recipient = $2 AND attempts = 1 \
                  AND last_error IS NOT NULL AND message IS NOT NULL AND sent_at IS NULL";
    let mut noted = 0;
    for _ in 0..200 {
        noted = rows::number(&database, failed, &tenant.id, &email).await;
        if noted == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(noted, 1, "the failure is not noted");
    gateway.stop().await;
    assert!(eml::to(&data, &email).is_empty());
    // The same key and the same database, and a way out that works, a minute and more later.
    let store = open(&database).await;
    let key = std::fs::read_to_string(data.join("master.key")).expect("the key file");
    let key = rollcall::config::MasterKey::parse(key.trim()).expect("a key");
    let vault = Vault::new(key.expose(), &[]).expect("a key");
    let now = Timestamp::now();
    let mailer = to_folder(data.join("outbox"));
    assert_eq!(
        deliver_due(&store, &vault, &mailer, now)
            .await
            .expect("the outbox"),
        0
    );
    let later = now + Duration::from_secs(61);
    assert_eq!(
        deliver_due(&store, &vault, &mailer, later)
            .await
            .expect("the outbox"),
        1
    );
    let sent = eml::to(&data, &email);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].token("https://id.example").starts_with("rollcall_inv_"));
    let much_later = later + Duration::from_hours(100);
    assert_eq!(
        deliver_due(&store, &vault, &mailer, much_later)
            .await
            .expect("the outbox"),
        0
    );
    store.close().await;
}

async fn two_nodes_take_each_mail_once(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    for number in 0..20 {
        invite(&place, &format!("ada{number}@acme.example")).await;
    }
    let (first, second) = (folder(), folder());
    let (vault, now) = (vault(), Timestamp::now() + Duration::from_secs(1));
    let work = |path: std::path::PathBuf| {
        let (store, vault) = (&place.store, &vault);
        async move {
            let mailer = to_folder(path.join("outbox"));
            while deliver_due(store, vault, &mailer, now).await.expect("the outbox") > 0 {}
        }
    };
    tokio::join!(work(first.clone()), work(second.clone()));
    for number in 0..20 {
        let email = format!("ada{number}@acme.example");
        let sent = eml::to(&first, &email).len() + eml::to(&second, &email).len();
        assert_eq!(sent, 1, "{email}");
    }
}

async fn a_mail_of_a_node_that_died_is_taken_again(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    invite(&place, "ada@acme.example").await;
    let now = Timestamp::now() + Duration::from_secs(1);
    let lease_end = now + Duration::from_mins(3);
    let taken = place
        .store
        .take_due_mail(now, lease_end, 10)
        .await
        .expect("the outbox");
    assert_eq!((taken.len(), taken[0].attempts), (1, 1));
    // It says nothing more of it.
    let data = folder();
    let (vault, mailer) = (vault(), to_folder(data.join("outbox")));
    let just_before = lease_end - Duration::from_millis(1);
    assert_eq!(
        deliver_due(&place.store, &vault, &mailer, just_before)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        deliver_due(&place.store, &vault, &mailer, lease_end)
            .await
            .unwrap(),
        1
    );
    assert_eq!(eml::to(&data, "ada@acme.example").len(), 1);
}

async fn what_is_out_is_forgotten_after_a_month_and_what_waits_is_not(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    invite(&place, "ada@acme.example").await;
    let now = Timestamp::now() + Duration::from_secs(1);
    let mailer = to_folder(folder().join("outbox"));
    let sent = deliver_due(&place.store, &vault(), &mailer, now).await;
    assert_eq!(sent.expect("the outbox"), 1);
    invite(&place, "grace@acme.example").await;
    let long_ago = Timestamp::UNIX_EPOCH;
    for (days, left) in [
        (29, &["grace@acme.example", "ada@acme.example"][..]),
        (31, &["grace@acme.example"]),
    ] {
        let at = now + Duration::from_hours(24 * days);
        place.store.purge_expired(at, long_ago).await.expect("a purge");
        let listed = place.read().await.list_mail(None, None, 10).await;
        let listed: Vec<_> = listed.unwrap().items.into_iter().collect();
        let listed: Vec<&str> = listed.iter().map(|mail| mail.recipient.as_str()).collect();
        assert_eq!(listed, left, "{days}");
    }
}

/// Whoever is invited anew, or not any more, gets no link that opens nothing.
async fn a_letter_that_waits_goes_with_its_invitation(engine: Engine) {
    let database = engine.new_database().await;
    let down = [("ROLLCALL_SMTP_URL", "smtp://127.0.0.1:9")];
    let gateway = Gateway::start_with(&database, &down).await;
    let tenant = gateway.tenant().await;
    let made = tenant
        .call_with("POST", "/users", &person(&address()))
        .await
        .expect(201);
    let id = made.json["invitation"]["id"].as_str().expect("an id").to_owned();
    let stay = tenant
        .call_with("POST", "/users", &person(&address()))
        .await
        .expect(201);
    let waiting = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND message IS NOT NULL AND due_at IS NOT NULL \
                   AND template = $2";
    let waiting = async || rows::number(&database, waiting, &tenant.id, "invitation").await;
    assert_eq!(waiting().await, 2);
    let path = format!("/invitations/{id}");
    tenant.call("POST", &format!("{path}/resend")).await.expect(200);
    assert_eq!(waiting().await, 2, "the new letter, and somebody else's");
    let mail = tenant.call("GET", "/mail").await.expect(200).json;
    let states = mail["items"].as_array().expect("items").iter();
    let states = states.filter(|one| one["state"] == "given_up").count();
    assert_eq!(states, 1, "{mail}");
    tenant.call("DELETE", &path).await.expect(204);
    assert_eq!(waiting().await, 1);
    // So does a deletion of the person.
    let path = format!("/users/{}", stay.id());
    tenant.call("DELETE", &path).await.expect(204);
    assert_eq!(waiting().await, 0);
    gateway.stop().await;
}

/// A letter as it is sent, and the one file that the folder holds then.
async fn laid(letter: Letter) -> (std::path::PathBuf, Eml) {
    let path = folder().join("outbox");
    let outgoing = Outgoing {
        id: Uuid::from_u128(7),
        written_at: "2026-11-21T08:09:10Z".parse().expect("a time"),
        recipient: "zoe@acme.example".to_owned(),
        letter,
    };
    // Twice: the second is the same file.
    for _ in 0..2 {
        to_folder(path.clone())
            .send(&outgoing)
            .await
            .expect("it is laid down");
    }
    let files: Vec<_> = std::fs::read_dir(&path).expect("the folder").collect();
    assert_eq!(files.len(), 1);
    let file = path.join("20261121T080910Z-00000000-0000-0000-0000-000000000007.eml");
    let eml = Eml::parse(&std::fs::read_to_string(&file).expect("the file"));
    (file, eml)
}

fn letter(language: Language) -> Letter {
    Letter::Invitation {
        language,
        tenant: "Énergie & <Fils>".to_owned(),
        name: "Zoé <script>".to_owned(),
        token: "rollcall_inv_x".to_owned(),
        expires_at: "2026-12-01T08:09:10Z".parse().expect("a time"),
    }
}

#[test]
fn both_languages_are_written_whole_and_escaped() {
    crate::harness::run(async {
        let (_, english) = laid(letter(Language::English)).await;
        let (_, french) = laid(letter(Language::French)).await;
        assert_eq!(english.header("date"), "Sat, 21 Nov 2026 08:09:10 +0000");
        assert_eq!(
            english.header("message-id"),
            "<00000000-0000-0000-0000-000000000007@id.example>"
        );
        assert_eq!(english.header("auto-submitted"), "auto-generated");
        assert!(
            english.text.contains("Hello Zoé <script>,")
                && english.text.contains("1 December 2026, 08:09 UTC")
        );
        assert!(
            french.text.contains("Bonjour Zoé <script>,")
                && french.text.contains("1er décembre 2026 à 08:09 UTC")
        );
        assert!(french.text.contains("Énergie & <Fils> vous a ouvert un compte."));
        for (mail, language) in [(&english, "en"), (&french, "fr")] {
            assert!(mail.html.contains(&format!("<html lang=\"{language}\">")));
            assert!(
                !mail.html.contains("<script>") && !mail.html.contains("<Fils>"),
                "{}",
                mail.html
            );
            assert_eq!(mail.token("https://id.example"), "rollcall_inv_x");
        }
    });
}

#[cfg(unix)]
#[test]
fn a_mail_in_the_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    crate::harness::run(async {
        let (file, _) = laid(letter(Language::English)).await;
        let mode = |path: &std::path::Path| {
            std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
        };
        assert_eq!(
            (mode(&file), mode(file.parent().expect("a folder"))),
            (0o600, 0o700)
        );
    });
}
