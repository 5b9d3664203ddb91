//! Secrets are shown once and stand nowhere else.

use super::fixture::{Jar, Member};
use crate::harness::Engine;
use crate::mail::rows;

on_both_engines!(what_was_shown_once_stands_in_no_answer_no_audit_row_and_no_table,);

async fn what_was_shown_once_stands_in_no_answer_no_audit_row_and_no_table(engine: Engine) {
    let gateway = engine.gateway().await;
    let member = Member::required(gateway).await;
    let ticket = member.ticket(&mut Jar::default(), "mfa_enrol").await;
    let offer = member.offer(&ticket).await.expect(200).json;
    let typed = offer["secret"].as_str().expect("a secret").to_owned();
    let secret = typed.replace(' ', "");
    let app = super::app::App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    // What waits for its first code.
    let plain =
        "SELECT count(*) FROM unconfirmed_factors WHERE tenant_id = $1 AND secret LIKE '%' || $2 || '%'";
    assert_eq!(
        rows::number(&gateway.database, plain, &member.tenant.id, &secret).await,
        0
    );
    let sealed = "SELECT count(*) FROM unconfirmed_factors WHERE tenant_id = $1 AND secret LIKE $2 || '%'";
    assert_eq!(
        rows::number(&gateway.database, sealed, &member.tenant.id, "v1.").await,
        1
    );

    let code = member.code(&app, -1).await;
    let mut jar = Jar::default();
    let answer = member.give(&mut jar, &ticket, &code).await.expect(200);
    let codes = super::fixture::recovery_codes(&answer);
    assert!(!answer.text().contains(&secret));
    // The offer is gone, the factor is sealed.
    assert_eq!(
        rows::number(&gateway.database, sealed, &member.tenant.id, "v1.").await,
        0
    );
    let sealed = "SELECT count(*) FROM second_factors WHERE tenant_id = $1 AND secret LIKE $2 || '%'";
    assert_eq!(
        rows::number(&gateway.database, sealed, &member.tenant.id, "v1.").await,
        1
    );
    let plain = "SELECT count(*) FROM second_factors WHERE tenant_id = $1 AND secret LIKE '%' || $2 || '%'";
    assert_eq!(
        rows::number(&gateway.database, plain, &member.tenant.id, &secret).await,
        0
    );
    let kept = "SELECT count(*) FROM recovery_codes WHERE tenant_id = $1 AND length(hash) = 32 AND $2 = $2";
    assert_eq!(
        rows::number(&gateway.database, kept, &member.tenant.id, "").await,
        10
    );

    let (signed_in, _) = member.sign_in_with(&codes[0]).await;
    signed_in.expect(200);
    member.reset().await.expect(200);
    let seen = [
        member.audit().await,
        member.show().await.to_string(),
        member.tenant.call("GET", "/users").await.expect(200).text(),
        member
            .tenant
            .call("GET", "/access-errors")
            .await
            .expect(200)
            .text(),
    ];
    for text in seen {
        for hidden in [
            &secret,
            &typed,
            &codes[0],
            &codes[0].replace('-', ""),
            &codes[9],
            &ticket,
        ] {
            assert!(!text.contains(hidden.as_str()), "{hidden} in {text}");
        }
    }
}
