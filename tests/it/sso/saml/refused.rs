//! One message, posted in answer to a request of this browser, that must come to nothing.

use super::fixture::{Begun, House};
use crate::harness::Engine;
use crate::harness::saml::{Draft, posted};

/// What a case has at hand to make its message of.
pub struct Stage<'h> {
    pub house: &'h House,
    pub begun: &'h Begun,
}

impl Stage<'_> {
    /// What the provider would say to this request, not signed yet.
    pub fn draft(&self) -> Draft {
        self.house.draft(self.begun)
    }

    /// The same, the assertion signed.
    pub fn signed(&self) -> Draft {
        self.draft().signed()
    }
}

/// What is sent: bytes, which are put into base64.
pub trait Message {
    fn parameter(self) -> String;
}

impl Message for Draft {
    fn parameter(self) -> String {
        posted(&self.xml)
    }
}

impl Message for String {
    fn parameter(self) -> String {
        posted(&self)
    }
}

impl Message for Vec<u8> {
    fn parameter(self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self)
    }
}

/// The parameter as it stands.
pub struct Parameter(pub String);

impl Message for Parameter {
    fn parameter(self) -> String {
        self.0
    }
}

/// Sends what the case makes, and looks at what is left of it.
pub async fn is_refused<M: Message>(engine: Engine, code: &str, make: impl FnOnce(&Stage<'_>) -> M) {
    let house = House::closed(engine).await;
    let begun = house.begin().await;
    let message = make(&Stage { house, begun: &begun });
    let page = house.post_encoded(&begun, &message.parameter()).await;
    let nobody = serde_json::json!([]);
    house.is_refused(&begun.browser, &page, &nobody, code).await;
}

/// Makes a test for each engine of each `name: "code" = |stage| message`.
macro_rules! refused {
    ($($name:ident: $code:literal = $make:expr;)+) => {
        on_both_engines!($($name),+);
        $(async fn $name(engine: $crate::harness::Engine) {
            $crate::sso::saml::refused::is_refused(engine, $code, $make).await;
        })+
    };
}
