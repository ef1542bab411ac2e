//! Questions of identity on the operator's page: what waits, and an answer that one operator proposes and another confirms.
//!
//! A browser sends the operator's name and token by itself with every request, so each form brings a token of this operator for this
//! version of this question: a page of somebody else's cannot answer in an operator's name, and nobody confirms what they did not see.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::{AccountState, Reference};
use login::Conflict;
use serde::Deserialize;
use serde_json::json;
use store::{Record, RecordKind, StoreFault};
use subtle::ConstantTimeEq;

use super::operators::{self, Operators};
use super::page;
use crate::app::App;
use crate::identity::Tools;
use crate::identity::decide::{self, NotDecided};
use crate::pages::{
    AccountRow, Answer, IdentityNotice, IdentityPage, IdentityProblem, PostForm, ProposalRow, QuestionRow,
    ShownQuestion,
};
use crate::web::error::Problem;
use crate::web::headers;
use crate::web::login::desk::decisions::{Decision, OPEN, Taken, Verdict};

/// Where the list is.
pub(super) const PATH: &str = "/identity";
/// Questions on one page; the command line lists all.
const MOST: u32 = 200;

/// What was just done, as the address says it.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    done: Option<String>,
}

/// `GET /identity`.
pub(super) async fn list(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    let notice = match query.done.as_deref() {
        Some("proposed") => Some(IdentityNotice::Proposed),
        Some("decided") => Some(IdentityNotice::Decided),
        Some("declined") => Some(IdentityNotice::Declined),
        _ => None,
    };
    answer(&app, &request, notice, None).await
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    notice: Option<IdentityNotice>,
    problem: Option<IdentityProblem>,
) -> HttpResponse {
    match open_questions(app).await {
        Ok(questions) if page::is_preferred(request) => {
            let page = IdentityPage {
                questions,
                notice,
                problem,
                ..blank(app)
            };
            page::send(&page, request, status_of(problem))
        }
        Ok(questions) => {
            let listed: Vec<_> = questions
                .iter()
                .map(|row| {
                    json!({
                        "reference": row.reference, "why": row.why.as_str(), "opened_at": row.opened_at,
                        "proposed": row.proposed,
                    })
                })
                .collect();
            headers::json(status_of(problem), json!({ "questions": listed }).to_string())
        }
        Err(problem) => broken(&problem),
    }
}

fn status_of(problem: Option<IdentityProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(IdentityProblem::Gone) => StatusCode::NOT_FOUND,
        Some(IdentityProblem::Meanwhile | IdentityProblem::Account) => StatusCode::CONFLICT,
        Some(IdentityProblem::SameOperator) => StatusCode::FORBIDDEN,
        Some(IdentityProblem::Answer | IdentityProblem::Grounds) => StatusCode::BAD_REQUEST,
    }
}

fn broken(problem: &Problem) -> HttpResponse {
    tracing::error!(error = ?problem, "a question of identity could not be shown or answered");
    let body = json!({ "error": "the store does not answer; try again" });
    headers::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
}

fn blank(app: &App) -> IdentityPage {
    IdentityPage {
        frame: page::frame(app),
        url: PATH.to_owned(),
        questions: Vec::new(),
        shown: None,
        notice: None,
        problem: None,
    }
}

fn row(decision: &Decision) -> QuestionRow {
    QuestionRow {
        reference: decision.reference.clone(),
        why: decision.why,
        opened_at: decision.opened_at,
        proposed: decision.proposed.is_some(),
    }
}

async fn open_questions(app: &App) -> Result<Vec<QuestionRow>, Problem> {
    let records = app
        .ledger
        .records_tagged(RecordKind::IdentityDecision, OPEN, None, MOST)
        .await?;
    let mut rows = Vec::new();
    for record in &records {
        rows.push(row(&Decision::read(record)?));
    }
    rows.sort_by_key(|row: &QuestionRow| row.opened_at);
    Ok(rows)
}

/// The token of an operator's form for this version of this question.
fn form_token(secret: &str, record: &Record) -> String {
    let version = record.version.to_string();
    crate::secret::hash_of(&[
        b"identity form\0",
        secret.as_bytes(),
        b"\0",
        record.key.as_bytes(),
        b"\0",
        version.as_bytes(),
    ])
    .0
}

/// `GET /identity/{reference}`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    reference: web::Path<String>,
) -> HttpResponse {
    let Some(operator) = operators.authenticate(&request) else {
        return operators::challenge();
    };
    show(&app, &operators, &request, (operator, &reference), None).await
}

async fn show(
    app: &App,
    operators: &Operators,
    request: &HttpRequest,
    (operator, reference): (&str, &str),
    problem: Option<IdentityProblem>,
) -> HttpResponse {
    let gone = answer(app, request, None, Some(IdentityProblem::Gone));
    let (record, decision) = match open_question(app, reference).await {
        Ok(found) => found,
        Err(NotDecided::Fault(problem)) => return broken(&problem),
        Err(_) => return gone.await,
    };
    let token = form_token(operators.secret_of(operator), &record);
    match shown(app, &decision, operator, token).await {
        Ok(shown) => {
            let page = IdentityPage {
                shown: Some(shown),
                problem,
                ..blank(app)
            };
            page::send(&page, request, status_of(problem))
        }
        Err(fault) => broken(&fault.into()),
    }
}

async fn open_question(app: &App, reference: &str) -> Result<(Record, Decision), NotDecided> {
    let reference: Reference = reference.parse().map_err(|_| NotDecided::NoSuchQuestion)?;
    let (record, decision) = decide::find(&*app.ledger, reference.as_str()).await?;
    if decision.ruling.is_some() {
        return Err(NotDecided::AlreadyDecided);
    }
    Ok((record, decision))
}

async fn shown(
    app: &App,
    decision: &Decision,
    operator: &str,
    token: String,
) -> Result<ShownQuestion, StoreFault> {
    let mut accounts: Vec<AccountRow> = Vec::new();
    for id in &decision.accounts {
        let Some(account) = app.ledger.account(id).await? else {
            continue;
        };
        accounts.push(AccountRow {
            active: account.state == AccountState::Active,
            created_at: account.created_at,
            certificates: app.ledger.credentials_of(id).await?.len(),
            sectors: app.ledger.pseudonyms_of(id).await?.len(),
            registered: app
                .ledger
                .record(RecordKind::Enrolment, id.as_str())
                .await?
                .is_some(),
            id: account.id,
        });
    }
    let open: Vec<_> = accounts
        .iter()
        .filter(|row| row.active)
        .map(|row| row.id.clone())
        .collect();
    let mut answers: Vec<Answer> = Vec::new();
    if open.len() > 1 {
        answers.extend(open.iter().cloned().map(Answer::Merged));
    }
    if decision.why == Conflict::SameItems {
        answers.push(Answer::Apart);
    } else {
        answers.extend(open.into_iter().map(Answer::Person));
        answers.extend([Answer::New, Answer::Refused]);
    }
    Ok(ShownQuestion {
        row: row(decision),
        accounts,
        answers,
        proposal: decision.proposed.as_ref().map(|taken| ProposalRow {
            answer: as_answer(&taken.verdict),
            grounds: taken.grounds.clone(),
            by: taken.by.clone(),
            at: taken.at,
            own: taken.by == operator,
        }),
        form: PostForm {
            url: format!("{PATH}/{}", decision.reference),
            csrf: token,
        },
    })
}

fn as_answer(verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::Person(account) => Answer::Person(account.clone()),
        Verdict::Merged(account) => Answer::Merged(account.clone()),
        Verdict::NewPerson => Answer::New,
        Verdict::Refused => Answer::Refused,
        Verdict::Apart => Answer::Apart,
    }
}

fn as_verdict(answer: Answer) -> Verdict {
    match answer {
        Answer::Person(account) => Verdict::Person(account),
        Answer::Merged(account) => Verdict::Merged(account),
        Answer::New => Verdict::NewPerson,
        Answer::Refused => Verdict::Refused,
        Answer::Apart => Verdict::Apart,
    }
}

/// The forms of a question's page.
#[derive(Deserialize)]
pub(super) struct Form {
    csrf: String,
    act: String,
    verdict: Option<String>,
    grounds: Option<String>,
}

/// `POST /identity/{reference}`.
pub(super) async fn post(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    reference: web::Path<String>,
    form: web::Form<Form>,
) -> HttpResponse {
    let Some(operator) = operators.authenticate(&request) else {
        return operators::challenge();
    };
    let problem = match act(&app, &operators, operator, &reference, &form).await {
        Ok(done) => return headers::see_other(&format!("{PATH}?done={done}")),
        Err(NotDecided::Fault(problem)) => return broken(&problem),
        Err(NotDecided::NoSuchQuestion | NotDecided::AlreadyDecided) => IdentityProblem::Gone,
        Err(NotDecided::NoAnswerToThis) => IdentityProblem::Answer,
        Err(NotDecided::Grounds) => IdentityProblem::Grounds,
        Err(NotDecided::AccountClosed | NotDecided::NoSuchAccount) => IdentityProblem::Account,
        Err(NotDecided::SameOperator) => IdentityProblem::SameOperator,
        Err(NotDecided::NothingProposed | NotDecided::Meanwhile) => IdentityProblem::Meanwhile,
    };
    show(&app, &operators, &request, (operator, &reference), Some(problem)).await
}

async fn act(
    app: &App,
    operators: &Operators,
    operator: &str,
    reference: &str,
    form: &Form,
) -> Result<&'static str, NotDecided> {
    let (record, _) = open_question(app, reference).await?;
    let expected = form_token(operators.secret_of(operator), &record);
    // A form of another version: somebody else acted since it was shown. Or it was not ours.
    if !bool::from(expected.as_bytes().ct_eq(form.csrf.as_bytes())) {
        return Err(NotDecided::Meanwhile);
    }
    let tools = Tools::of(app);
    match form.act.as_str() {
        "propose" => {
            let answer = form.verdict.as_deref().and_then(Answer::read);
            let taken = Taken {
                verdict: as_verdict(answer.ok_or(NotDecided::NoAnswerToThis)?),
                by: operator.to_owned(),
                at: tools.now,
                grounds: form.grounds.clone().unwrap_or_default().trim().to_owned(),
            };
            decide::propose(&tools, &record.key, record.version, taken).await?;
            Ok("proposed")
        }
        "confirm" => {
            decide::confirm(&tools, &record.key, record.version, operator).await?;
            metrics::counter!("identity_decisions_taken_total").increment(1);
            Ok("decided")
        }
        "decline" => {
            decide::decline(&tools, &record.key, record.version, operator).await?;
            Ok("declined")
        }
        _ => Err(NotDecided::NoAnswerToThis),
    }
}
