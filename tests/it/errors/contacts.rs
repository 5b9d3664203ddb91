//! Who helps, by name: told to whom the provider has vouched for, and to nobody else.

use serde_json::{Value, json};

use super::{knock, program, text};
use crate::harness::{Browser, Engine};
use crate::sso::fixture::Certified;

on_both_engines!(
    whom_the_provider_has_vouched_for_is_told_who_helps,
    without_a_tag_the_administrators_of_the_whole_tenant_help,
    an_anonymous_visitor_learns_the_support_address_and_no_name,
    somebody_of_another_organisation_learns_no_name,
);

/// Grace, who has been invited with a tag and has signed in since.
async fn with_grace(engine: Engine, tags: &[&str]) -> (Certified<'static>, String) {
    let site = Certified::new(engine).await;
    let support = json!({"support_email": "help@acme.example"});
    site.tenant.call_with("PATCH", "", &support).await.expect(200);
    let grace = json!({
        "kind": "external", "first_name": "Grace", "last_name": "Hopper", "email": "grace.hopper@acme.example",
        "email_confirmation": "grace.hopper@acme.example", "contact_tags": tags,
    });
    site.tenant.call_with("POST", "/users", &grace).await.expect(201);
    let claims = json!({"email": "grace.hopper@acme.example", "name": "Grace Hopper"});
    let sub = site.person(&claims).await;
    let (_, me) = site.signed_in(&sub).await;
    (site, text(&me["user"], "id").to_owned())
}

/// Ada, whose address the provider does not vouch for: refused after it has said who she is.
async fn refused(site: &Certified<'_>, more: &Value) -> Value {
    let sub = site.person(more).await;
    site.sign_in(&program(), &sub).await.expect(403).answer.json
}

async fn whom_the_provider_has_vouched_for_is_told_who_helps(engine: Engine) {
    let (site, _) = with_grace(engine, &["access"]).await;
    let unverified = json!({"email_verified": false});
    let json = refused(&site, &unverified).await;
    assert_eq!(json["code"], "email_not_verified");
    let expected = json!([
        {"who": "company_administrator", "name": "Grace Hopper", "email": "grace.hopper@acme.example"},
    ]);
    assert_eq!(json["contacts"], expected);
    assert_eq!(json["support_email"], "help@acme.example");
    let sub = site.person(&unverified).await;
    let page = site.sign_in(&Browser::new(), &sub).await.expect(403);
    let html = page.answer.text();
    for shown in [
        "Grace Hopper",
        "mailto:grace.hopper@acme.example?subject=",
        "mailto:help@acme.example?subject=",
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
}

async fn without_a_tag_the_administrators_of_the_whole_tenant_help(engine: Engine) {
    let (site, id) = with_grace(engine, &["billing"]).await;
    let unverified = json!({"email_verified": false});
    assert_eq!(refused(&site, &unverified).await["contacts"], json!([]));
    let scope = json!({"administrator": true, "scope": "all"});
    let path = format!("/users/{id}/admin");
    site.tenant.call_with("PUT", &path, &scope).await.expect(200);
    let contacts = &refused(&site, &unverified).await["contacts"];
    assert_eq!(contacts[0]["name"], "Grace Hopper");
}

async fn an_anonymous_visitor_learns_the_support_address_and_no_name(engine: Engine) {
    let (site, _) = with_grace(engine, &["access", "sso"]).await;
    let json = knock(&site, &program()).await.json;
    assert_eq!(json["contacts"], json!([]));
    assert_eq!(json["support_email"], "help@acme.example");
    let html = knock(&site, &Browser::new()).await.text();
    assert!(html.contains("help@acme.example"), "{html}");
    assert!(!html.contains("Grace") && !html.contains("grace"), "{html}");
}

async fn somebody_of_another_organisation_learns_no_name(engine: Engine) {
    let (site, _) = with_grace(engine, &["access"]).await;
    let json = refused(&site, &json!({"email": "eve@elsewhere.example"})).await;
    assert_eq!(json["code"], "email_outside_domains");
    assert_eq!(json["contacts"], json!([]));
    assert_eq!(json["support_email"], "help@acme.example");
}
