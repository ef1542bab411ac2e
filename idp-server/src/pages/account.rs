//! The person's own sessions: all that the platform knows about a person and may show.

use askama::Template;
use domain::{AuthenticationMethod, Language, SessionId, Timestamp};

use super::consent::method;
use super::frame::{Frame, PostForm, Shell};
use super::japan_time::JapanTime;
use super::text::{Fill, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// What was just done, said at the top of the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountNotice {
    /// One session was ended.
    EndedOne,
    /// All sessions were ended.
    EndedAll,
    /// The account was closed.
    Closed,
}

/// One signed-in browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    /// Public name; travels in the field [`super::fields::SESSION`].
    pub id: SessionId,
    /// When the card was used.
    pub started_at: Timestamp,
    /// End of life.
    pub expires_at: Timestamp,
    /// How.
    pub method: AuthenticationMethod,
    /// Whether it is the browser that shows the page.
    pub this_browser: bool,
}

/// The person's own sessions; without any, the page says that nobody is signed in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountPage {
    /// Around the page.
    pub frame: Frame,
    /// Live sessions, the one of this browser first. Empty when this browser is not signed in.
    pub sessions: Vec<SessionRow>,
    /// Ends one session; sends [`super::fields::SESSION`].
    pub end: PostForm,
    /// Ends all sessions.
    pub end_all: PostForm,
    /// Signs in for this page.
    pub sign_in: PostForm,
    /// To the page that closes the account.
    pub close_url: String,
    /// What was just done.
    pub notice: Option<AccountNotice>,
}

#[derive(Template)]
#[template(path = "account.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a AccountPage,
    rows: Vec<Row<'a>>,
    notice: Option<Text>,
}

struct Row<'a> {
    id: &'a str,
    place: usize,
    started: JapanTime,
    expires: JapanTime,
    method: Text,
    this_browser: bool,
}

impl Page for AccountPage {
    const NAME: &'static str = "account";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let rows = self.sessions.iter().enumerate().map(|(index, row)| Row {
            id: row.id.as_str(),
            place: index + 1,
            started: JapanTime::new(row.started_at, language),
            expires: JapanTime::new(row.expires_at, language),
            method: method(row.method, t),
            this_browser: row.this_browser,
        });
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            rows: rows.collect(),
            notice: self.notice.map(|notice| match notice {
                AccountNotice::Closed => t.account.closed,
                AccountNotice::EndedOne => t.account.ended_one,
                AccountNotice::EndedAll => t.account.ended_all,
            }),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let row = |digit: &str, hours: i64, this_browser| {
            let started_at = Timestamp::from_seconds(1_795_219_200).plus_seconds(hours * 3600);
            let id = format!("{}{}", SessionId::PREFIX, digit.repeat(32))
                .parse()
                .ok()?;
            Some(SessionRow {
                id,
                started_at,
                expires_at: started_at.plus_seconds(8 * 3600),
                method: AuthenticationMethod::CardTls,
                this_browser,
            })
        };
        let sample = |sessions: Vec<Option<SessionRow>>, notice| Self {
            frame: Frame::sample(),
            sessions: sessions.into_iter().flatten().collect(),
            end: PostForm::sample("/account/end"),
            end_all: PostForm::sample("/account/end-all"),
            sign_in: PostForm::sample("/account/sign-in?page=account"),
            close_url: "/account/close".to_owned(),
            notice,
        };
        vec![
            ("one", sample(vec![row("a", 0, true)], None)),
            (
                "three",
                sample(
                    vec![row("a", 5, true), row("b", 0, false), row("c", -3, false)],
                    Some(AccountNotice::EndedOne),
                ),
            ),
            ("signed-out", sample(vec![], None)),
            ("closed", sample(vec![], Some(AccountNotice::Closed))),
            ("ended-all", sample(vec![], Some(AccountNotice::EndedAll))),
        ]
    }
}
