//! Domains, and how they are proven: a gateway that asks a name server of the tests'.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::problem::{assert_field_named, assert_problem};
use crate::harness::name_server::{NameServer, Published};
use crate::harness::{Answer, Browser, Engine, Gateway, Rogue, random_name};
use crate::mail::rows;
use crate::sso::fixture::{House, assert_refused, by_session};

on_both_engines!(
    a_domain_is_proven_by_what_is_published,
    what_is_found_instead_is_told,
    a_domain_may_be_several_tenants_and_each_has_a_proof_of_its_own,
    a_proof_may_be_in_parts_behind_an_alias_or_among_many,
    a_domain_that_nothing_names_is_taken_away,
    domains_are_for_those_who_administer_the_whole_tenant,
    an_address_is_no_domain,
    the_operators_word_verifies,
);

/// A gateway of each engine that asks a name server of its own.
async fn site(engine: Engine) -> &'static (Gateway, NameServer) {
    static SITES: [OnceCell<(Gateway, NameServer)>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
    SITES[engine as usize]
        .get_or_init(|| async move {
            let names = NameServer::start().await;
            let settings = [
                ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
                ("ROLLCALL_DNS_SERVER", &names.address.to_string()),
            ];
            (
                Gateway::start_with(&engine.new_database().await, &settings).await,
                names,
            )
        })
        .await
}

/// Somebody signed in to a tenant of that gateway.
struct Person {
    house: House,
    browser: Browser,
    id: String,
    names: &'static NameServer,
}

impl Person {
    async fn new(engine: Engine) -> Self {
        let (gateway, names) = site(engine).await;
        let house = House::of(gateway, Rogue::start().await).await;
        let browser = Browser::new();
        house.sign_in(&browser).await.expect(303);
        let me = house.me(&browser).await.expect(200).json;
        let id = me["user"]["id"].as_str().expect("an id").to_owned();
        Self {
            house,
            browser,
            id,
            names,
        }
    }

    async fn administrator(engine: Engine) -> Self {
        let person = Self::new(engine).await;
        person.tick(&json!("all")).await;
        person
    }

    async fn tick(&self, scope: &Value) {
        let path = format!("/users/{}/admin", self.id);
        let body = json!({"administrator": true, "scope": scope});
        self.house.tenant.call_with("PUT", &path, &body).await.expect(200);
    }

    async fn call(&self, method: &str, rest: &str, body: Option<&Value>) -> Answer {
        let path = self.house.tenant.path(rest);
        by_session(&self.house.gateway.base(), &self.browser, method, &path, body).await
    }

    /// Enters a domain that no other test has, or this one.
    async fn enter(&self, domain: &str) -> Value {
        let entered = self
            .call("POST", "/domains", Some(&json!({"domain": domain})))
            .await;
        entered.expect(201).json
    }

    async fn verify(&self, domain: &str) -> Answer {
        self.call("POST", &format!("/domains/{domain}/verify"), None)
            .await
    }

    async fn shown(&self, domain: &str) -> Option<Value> {
        let listed = self.call("GET", "/domains", None).await.expect(200).json;
        let mut items = listed["items"].as_array().expect("a list").iter();
        items.find(|item| item["domain"] == domain).cloned()
    }

    async fn audit(&self, action: &str) -> i64 {
        let sql = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND action = $2";
        rows::number(&self.house.gateway.database, sql, &self.house.tenant.id, action).await
    }
}

fn new_domain() -> String {
    format!("{}.example", random_name("d"))
}

fn value(entered: &Value) -> &str {
    entered["proof"]["value"].as_str().expect("a value")
}

fn challenge(domain: &str) -> String {
    format!("_rollcall-challenge.{domain}")
}

async fn a_domain_is_proven_by_what_is_published(engine: Engine) {
    let ada = Person::administrator(engine).await;
    let domain = new_domain();
    let entered = ada.enter(&format!(" {} ", domain.to_uppercase())).await;
    let proof = json!({"name": challenge(&domain), "type": "TXT", "value": value(&entered)});
    assert_eq!(
        (
            &entered["domain"],
            &entered["verified"],
            &entered["verified_at"],
            &entered["proof"]
        ),
        (&json!(domain), &json!(false), &Value::Null, &proof)
    );
    let digits = value(&entered).strip_prefix("rollcall-domain-verification=");
    let is_tag = |digits: &str| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(digits.is_some_and(is_tag), "{entered}");
    assert_eq!(
        ada.enter(&domain).await,
        entered,
        "the same again changes nothing"
    );
    assert_eq!(ada.shown(&domain).await.as_ref(), Some(&entered));
    let missing = ada.verify(&domain).await;
    assert_problem(&missing, 409, "domain_proof_missing", "does not exist (NXDOMAIN)");
    assert_problem(&missing, 409, "domain_proof_missing", &challenge(&domain));
    assert_eq!(ada.audit("domain.verified").await, 0);
    ada.names
        .publish(&challenge(&domain), Published::text(value(&entered)));
    let verified = ada.verify(&domain.to_uppercase()).await.expect(200).json;
    assert!(verified["verified_at"].is_string(), "{verified}");
    assert_eq!(
        (&verified["verified"], verified.get("proof")),
        (&json!(true), None)
    );
    assert_eq!(ada.audit("domain.verified").await, 1);
    // Verified once is verified, whatever is published later.
    ada.names.withdraw(&challenge(&domain));
    assert_eq!(ada.verify(&domain).await.expect(200).json, verified);
    assert_eq!(ada.shown(&domain).await.as_ref(), Some(&verified));
    assert_eq!(ada.enter(&domain).await, verified);
    assert_eq!(ada.audit("domain.verified").await, 1);
    ada.verify(&new_domain()).await.expect(404);
    ada.verify("192.0.2.1").await.expect(404);
}

async fn what_is_found_instead_is_told(engine: Engine) {
    let ada = Person::administrator(engine).await;
    let domain = new_domain();
    let good = value(&ada.enter(&domain).await).to_owned();
    let many = ["v=spf1 -all", "a\u{7}b", "c", "d", "e"].map(|text| vec![text.to_owned()]);
    for (published, told) in [
        (
            Published::Text(many.to_vec()),
            r#""v=spf1 -all", "a\u{7}b", "c", 2 more"#,
        ),
        (Published::text(&good[..good.len() - 1]), &good[..good.len() - 1]),
        (
            Published::text(&format!("{good}0")),
            "rollcall-domain-verification",
        ),
        (Published::text(&good.to_uppercase()), "ROLLCALL"),
        (Published::Text(Vec::new()), "no TXT record"),
        (Published::Fails(2), "SERVFAIL"),
        (Published::Fails(5), "REFUSED"),
        (Published::Alias(new_domain()), "NXDOMAIN"),
        (Published::Silent, "in time"),
    ] {
        ada.names.publish(&challenge(&domain), published);
        let refused = ada.verify(&domain).await;
        assert_problem(&refused, 409, "domain_proof_missing", told);
        assert_eq!(ada.shown(&domain).await.expect("it is there")["verified"], false);
    }
    // The value under another name proves nothing.
    ada.names.withdraw(&challenge(&domain));
    ada.names.publish(&domain, Published::text(&good));
    ada.verify(&domain).await.expect(409);
}

async fn a_domain_may_be_several_tenants_and_each_has_a_proof_of_its_own(engine: Engine) {
    let (ada, bob) = (
        Person::administrator(engine).await,
        Person::administrator(engine).await,
    );
    let domain = new_domain();
    let (of_ada, of_bob) = (ada.enter(&domain).await, bob.enter(&domain).await);
    assert_ne!(value(&of_ada), value(&of_bob));
    assert_ne!(value(&of_ada), value(&ada.enter(&new_domain()).await));
    ada.names
        .publish(&challenge(&domain), Published::text(value(&of_bob)));
    assert_problem(
        &ada.verify(&domain).await,
        409,
        "domain_proof_missing",
        value(&of_bob),
    );
    bob.verify(&domain).await.expect(200);
    assert_eq!(ada.shown(&domain).await, Some(of_ada.clone()));
    let both = [&of_bob, &of_ada].map(|entered| vec![value(entered).to_owned()]);
    ada.names
        .publish(&challenge(&domain), Published::Text(both.to_vec()));
    ada.verify(&domain).await.expect(200);
    // What one takes away stays the other's.
    let taken = bob.call("DELETE", &format!("/domains/{domain}"), None).await;
    taken.expect(204);
    assert!(bob.shown(&domain).await.is_none());
    assert_eq!(ada.shown(&domain).await.expect("it is there")["verified"], true);
    // What is another tenant's alone is not there.
    let own = new_domain();
    ada.enter(&own).await;
    bob.verify(&own).await.expect(404);
    bob.call("DELETE", &format!("/domains/{own}"), None)
        .await
        .expect(404);
    assert!(ada.shown(&own).await.is_some());
}

async fn a_proof_may_be_in_parts_behind_an_alias_or_among_many(engine: Engine) {
    let ada = Person::administrator(engine).await;
    let domain = new_domain();
    let entered = ada.enter(&domain).await;
    let (one, two) = value(&entered).split_at(20);
    let parts = vec![vec![one.to_owned(), two.to_owned()]];
    ada.names.publish(&challenge(&domain), Published::Text(parts));
    ada.verify(&domain).await.expect(200);

    let domain = new_domain();
    let entered = ada.enter(&domain).await;
    let elsewhere = new_domain();
    ada.names.publish(&elsewhere, Published::text(value(&entered)));
    ada.names
        .publish(&challenge(&domain), Published::Alias(elsewhere));
    ada.verify(&domain).await.expect(200);

    // Too many for a datagram: asked for over TCP.
    let domain = new_domain();
    let entered = ada.enter(&domain).await;
    let mut many = vec![vec!["x".repeat(200)]; 20];
    many.push(vec![format!("\"{}\"", value(&entered))]);
    ada.names.publish(&challenge(&domain), Published::Text(many));
    ada.verify(&domain).await.expect(200);
}

async fn a_domain_that_nothing_names_is_taken_away(engine: Engine) {
    let ada = Person::administrator(engine).await;
    let path = "/domains/acme.example";
    let in_use = ada.call("DELETE", path, None).await;
    assert_problem(&in_use, 409, "domain_in_use", "connection \"idp");
    let connection = &ada.house.connection;
    connection
        .patch(&ada.house.tenant, &json!({"domains": []}))
        .await
        .expect(200);
    ada.call("DELETE", &path.to_uppercase().replace("DOMAINS", "domains"), None)
        .await
        .expect(204);
    assert!(ada.shown("acme.example").await.is_none());
    assert_eq!(ada.audit("domain.removed").await, 1);
    ada.call("DELETE", path, None).await.expect(404);
    // The address of somebody new opens nothing any more.
    ada.house.rogue.change(|script| {
        script.person["sub"] = json!("somebody-new");
        script.person["email"] = json!("new@acme.example");
    });
    let refused = ada.house.sign_in(&Browser::new()).await;
    assert_refused(&refused, "email_outside_domains");
    // Without a verified domain single sign-on is not enforced, though the connection works.
    let mode = json!({"mode": "sso"});
    let refused = ada.call("PUT", "/sign-in", Some(&mode)).await;
    assert_problem(&refused, 409, "domain_not_verified", "verified domain");
    ada.enter("acme.example").await;
    ada.call("PUT", "/sign-in", Some(&mode)).await.expect(409);
    ada.house
        .tenant
        .call_with("POST", "/domains", &json!({"domain": "acme.example"}))
        .await
        .expect(201);
    let set = ada.call("PUT", "/sign-in", Some(&mode)).await.expect(200);
    assert_eq!(set.json["sign_in"], "sso");
}

async fn domains_are_for_those_who_administer_the_whole_tenant(engine: Engine) {
    let ada = Person::new(engine).await;
    let entry = json!({"domain": new_domain()});
    for scope in [None, Some(json!({"entities": []}))] {
        let code = if let Some(scope) = &scope {
            ada.tick(scope).await;
            "full_scope_required"
        } else {
            "administrator_required"
        };
        for (method, rest, body) in [
            ("GET", "/domains", None),
            ("POST", "/domains", Some(&entry)),
            ("POST", "/domains/acme.example/verify", None),
            ("DELETE", "/domains/acme.example", None),
        ] {
            let refused = ada.call(method, rest, body).await.expect(403);
            assert_eq!(refused.json["code"], code, "{method} {rest}");
        }
    }
    let listed = ada.house.tenant.call("GET", "/domains").await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

async fn an_address_is_no_domain(engine: Engine) {
    let tenant = site(engine).await.0.tenant().await;
    for domain in [
        "192.0.2.1",
        "acme.7",
        "[::1]",
        "acme",
        &format!("{}.example", "a".repeat(64)),
    ] {
        let refused = tenant
            .call_with("POST", "/domains", &json!({"domain": domain}))
            .await;
        assert_field_named(&refused, "domain");
    }
}

async fn the_operators_word_verifies(engine: Engine) {
    let ada = Person::administrator(engine).await;
    let (tenant, domain) = (&ada.house.tenant, new_domain());
    let entered = ada.enter(&domain).await;
    // Asking is asking, also for the operator; the word is given by entering.
    let asked = tenant.call("POST", &format!("/domains/{domain}/verify")).await;
    assert_problem(&asked, 409, "domain_proof_missing", "NXDOMAIN");
    let verified = tenant
        .call_with("POST", "/domains", &json!({"domain": domain}))
        .await;
    let verified = verified.expect(201).json;
    assert_eq!(
        (&verified["verified"], verified.get("proof")),
        (&json!(true), None)
    );
    assert_eq!(verified["created_at"], entered["created_at"]);
    assert_eq!(ada.shown(&domain).await, Some(verified));
}
