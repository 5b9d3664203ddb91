//! The catalogue: by the API, and as pages in both languages.

use std::collections::BTreeSet;

use super::{knock, program, text};
use crate::harness::{Browser, Engine};
use crate::sso::fixture::Certified;

on_both_engines!(
    the_catalogue_names_every_code_in_both_languages_to_anybody,
    every_code_has_a_page_in_the_language_of_the_reader,
    a_refusal_leads_to_the_page_of_its_code,
    what_is_no_code_has_no_page,
);

async fn the_catalogue_names_every_code_in_both_languages_to_anybody(engine: Engine) {
    let gateway = engine.gateway().await;
    let answer = gateway.anonymous("GET", "/api/v1/error-catalogue").send().await;
    let all = answer.expect(200).json["items"]
        .as_array()
        .expect("items")
        .clone();
    assert_eq!(all.len(), rollcall::directory::Code::ALL.len());
    let codes: BTreeSet<&str> = all.iter().map(|one| text(one, "code")).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.contains("saml_certificate_changed") && codes.contains("too_many_attempts"));
    for one in &all {
        for words in [&one["message"], &one["cause"], &one["advice"][0]["advice"]] {
            assert_ne!(text(words, "en"), text(words, "fr"));
        }
        let roles = one["who_can_fix"].as_array().expect("roles");
        let advised = one["advice"].as_array().expect("advice").iter();
        assert!(!roles.is_empty() && advised.map(|advice| &advice["who"]).eq(roles));
        let url = text(one, "help_url");
        assert_eq!(
            url,
            format!("{}/help/errors/{}", gateway.base(), text(one, "code"))
        );
    }
}

async fn every_code_has_a_page_in_the_language_of_the_reader(engine: Engine) {
    let gateway = engine.gateway().await;
    let answer = gateway.anonymous("GET", "/api/v1/error-catalogue").send().await;
    let all = answer.expect(200).json;
    let list = Browser::new()
        .get(&format!("{}/help/errors", gateway.base()))
        .await
        .expect(200);
    for one in all["items"].as_array().expect("items") {
        let code = text(one, "code");
        assert!(
            list.answer.text().contains(&format!("\"/help/errors/{code}\"")),
            "{code}"
        );
        for language in ["en", "fr"] {
            let browser = Browser::new().with_header("Accept-Language", language);
            let page = browser.get(text(one, "help_url")).await.expect(200).answer;
            let html = page.text();
            assert_eq!(page.header("content-language"), language);
            for words in [&one["message"], &one["cause"], &one["advice"][0]["advice"]] {
                let words = text(words, language);
                assert!(html.contains(words), "{code} {language}: {words}");
            }
        }
    }
}

async fn a_refusal_leads_to_the_page_of_its_code(engine: Engine) {
    let site = Certified::new(engine).await;
    let json = knock(&site, &program()).await.expect(400).json;
    let (code, url) = (text(&json, "code"), text(&json, "help_url"));
    let page = Browser::new().get(url).await.expect(200).answer.text();
    assert!(page.contains(text(&json, "message")) && page.contains(text(&json, "cause")));
    let html = knock(&site, &Browser::new()).await.text();
    assert!(html.contains(&format!("href=\"/help/errors/{code}\"")), "{html}");
}

async fn what_is_no_code_has_no_page(engine: Engine) {
    let gateway = engine.gateway().await;
    for odd in ["nothing", "EMAIL_MISSING", "%3Cscript%3E"] {
        let page = Browser::new()
            .get(&format!("{}/help/errors/{odd}", gateway.base()))
            .await;
        let html = page.expect(404).answer.text();
        assert!(html.contains("<h1>") && !html.contains("<script>"), "{html}");
    }
}
