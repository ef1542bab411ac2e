//! The server-rendered pages, in Japanese and English.
//!
//! **Owns** what people see: one typed context per page ([`SignInPage`], [`RetryPage`], …), the words
//! (`idp-server/locales/`), the templates (`idp-server/templates/`), the stylesheet ([`assets`]) and the way times
//! and levels are put into words. Colours, type and focus ring follow the published tokens of the Digital Agency
//! design system; the aim is JIS X 8341-3 and WCAG 2.2 AA.
//!
//! **Deliberately absent**: script of any kind, inline styles, web fonts, HTTP (status and headers are the
//! handler's; [`RefusalPage::status`] only proposes one), decisions, and anything from a certificate. A page
//! shows what its context holds and nothing else; hints for a service never stand on a person's page.
//!
//! **Neighbours**: handlers in `web/` build contexts and call [`render`]; `domain` and `audit` lend words.
//!
//! **One more page**: a context here with `samples()` in all variants, a template that extends `base.html` and
//! fills `title`, `heading` and `main`, its texts in `text.rs` and both locales, and a line in
//! [`every_sample`]; `cargo run -p gap-idp-server --example render_pages` writes all of them for looking at.

pub mod assets;
pub mod fields;

mod account;
mod activation;
mod closing;
mod consent;
mod device;
mod enrolment;
mod exchanges;
mod fill;
mod frame;
mod home;
mod identity;
mod japan_time;
mod logout;
mod post_to_service;
mod reference;
mod refusal;
mod retry;
mod revocation;
mod service_error;
mod sign_in;
mod text;

#[cfg(test)]
mod tests;

use domain::Language;

pub use account::{AccountNotice, AccountPage, SessionRow};
pub use activation::{DeviceCodePage, DeviceCodeProblem, DeviceEndPage, DeviceEnding};
pub use closing::ClosingPage;
pub use consent::{ConsentPage, DeviceMatch, ShownDetail, ShownPerson};
pub use device::{DeviceNumberPage, DevicePage, DeviceStage};
pub use enrolment::{EnrolmentPage, EnrolmentRefusal, EnrolmentStage, HeldSummary};
pub use exchanges::{ExchangesLookup, ExchangesPage};
pub use frame::{Contact, Frame, LanguageLinks, PostForm, ReturnPath};
pub use home::HomePage;
pub use identity::{
    AccountRow, Answer, IdentityNotice, IdentityPage, IdentityProblem, ProposalRow, QuestionRow,
    ShownQuestion,
};
pub use logout::{Ended, LogoutConfirmPage, ServiceOutcome, ServiceRow, SignedOutPage};
pub use post_to_service::{PostOutcome, PostToServicePage};
pub use reference::{ReferenceLookup, ReferencePage, ReferenceRecord};
pub use refusal::{RefusalPage, RefusedPage};
pub use retry::RetryPage;
pub use revocation::{AuthorityRows, DeliveryRow, ListRow, ListState, RevocationPage, TellingRow};
pub use service_error::{ServiceErrorCode, ServiceErrorPage};
pub use sign_in::{ReauthenticationReason, SignInPage};

/// Why a page could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The template engine gave up; a fault of ours, never of the input.
    #[error("the template could not be written: {0}")]
    Template(#[from] askama::Error),
}

/// A page: a context that can be written in either language.
pub trait Page: Sized {
    /// The name under which previews and tests know the page.
    const NAME: &'static str;

    /// The whole HTML document. Text from outside is escaped.
    fn render(&self, language: Language) -> Result<String, PageError>;

    /// One context per variant of the page, each with a label that is unique within the page.
    fn samples() -> Vec<(&'static str, Self)>;
}

/// Writes a page in a language: a whole HTML document in UTF-8.
pub fn render(page: &impl Page, language: Language) -> Result<String, PageError> {
    page.render(language)
}

/// A page written from one of its samples.
#[derive(Debug)]
pub struct RenderedSample {
    /// The page.
    pub page: &'static str,
    /// The variant.
    pub label: &'static str,
    /// The HTML document.
    pub html: String,
}

/// Every page in every variant, for tests and previews.
pub fn every_sample(language: Language) -> Result<Vec<RenderedSample>, PageError> {
    let mut all = Vec::new();
    add::<HomePage>(language, &mut all)?;
    add::<ServiceErrorPage>(language, &mut all)?;
    add::<SignInPage>(language, &mut all)?;
    add::<RetryPage>(language, &mut all)?;
    add::<DevicePage>(language, &mut all)?;
    add::<DeviceNumberPage>(language, &mut all)?;
    add::<DeviceCodePage>(language, &mut all)?;
    add::<DeviceEndPage>(language, &mut all)?;
    add::<RefusedPage>(language, &mut all)?;
    add::<ConsentPage>(language, &mut all)?;
    add::<PostToServicePage>(language, &mut all)?;
    add::<AccountPage>(language, &mut all)?;
    add::<ClosingPage>(language, &mut all)?;
    add::<LogoutConfirmPage>(language, &mut all)?;
    add::<SignedOutPage>(language, &mut all)?;
    add::<ReferencePage>(language, &mut all)?;
    add::<ExchangesPage>(language, &mut all)?;
    add::<IdentityPage>(language, &mut all)?;
    add::<EnrolmentPage>(language, &mut all)?;
    add::<RevocationPage>(language, &mut all)?;
    Ok(all)
}

fn add<P: Page>(language: Language, all: &mut Vec<RenderedSample>) -> Result<(), PageError> {
    for (label, page) in P::samples() {
        let html = page.render(language)?;
        all.push(RenderedSample {
            page: P::NAME,
            label,
            html,
        });
    }
    Ok(())
}
