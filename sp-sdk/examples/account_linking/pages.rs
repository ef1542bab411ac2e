//! The sample's pages, in both languages.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::Language;
use sp_sdk::account_linking::{Link, LinkReason, Notice, NoticeOf};
use sp_sdk::web::{escape, page_in};

use crate::customers::Entered;

fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// A form of one button.
fn button(who: &Entered, action: &str, text: &str, more: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"form_token\" value=\"{}\">{more}<button>{text}</button></form>",
        escape(&who.form_token)
    )
}

/// The first page for who is not in; the token is for its form.
pub(crate) fn enter(language: Language, token: &str, told: Option<&LinkReason>) -> HttpResponse {
    let told = match told {
        None => String::new(),
        Some(LinkReason::NotLinked) => format!(
            "<p id=\"told\">{}</p>",
            pick(
                language,
                "このカードはどのお客様番号とも連携していません。お客様番号とパスワードでログインしてから、連携してください。",
                "This card is linked to no customer. Sign in with your customer number and password, then link it.",
            )
        ),
        Some(_) => format!(
            "<p id=\"told\">{}</p>",
            pick(
                language,
                "お客様番号またはパスワードが違います。",
                "The customer number or the password is wrong.",
            )
        ),
    };
    let text = format!(
        "{told}<p><a class=\"button\" id=\"card\" href=\"/card\">{}</a></p><form method=\"post\" action=\"/password\"><input \
         type=\"hidden\" name=\"form_token\" value=\"{}\"><label>{} <input \
         name=\"id\" autocomplete=\"username\" required></label><label>{} <input name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required></label><button>{}</button></form>",
        pick(
            language,
            "マイナンバーカードでログイン",
            "Sign in with My Number Card"
        ),
        escape(token),
        pick(language, "お客様番号", "Customer number"),
        pick(language, "パスワード", "Password"),
        pick(language, "ログイン", "Sign in"),
    );
    page_in(
        language,
        StatusCode::OK,
        pick(language, "水道局 お客様ページ", "Waterworks, for customers"),
        &text,
    )
}

/// The first page of a customer.
pub(crate) fn customer(
    language: Language,
    who: &Entered,
    link: Option<&Link>,
    told: &[Notice],
) -> HttpResponse {
    let linked = match link {
        None => format!(
            "<p id=\"linked\">{}</p>{}",
            pick(
                language,
                "マイナンバーカードと連携していません。",
                "Not linked to a My Number Card."
            ),
            button(
                who,
                "/link",
                pick(language, "マイナンバーカードと連携する", "Link my My Number Card"),
                ""
            )
        ),
        Some(link) => format!(
            "<p id=\"linked\">{} {}</p>{}{}",
            pick(
                language,
                "マイナンバーカードと連携しています。連携した日時:",
                "Linked to a My Number Card since"
            ),
            link.since,
            button(
                who,
                "/link",
                pick(
                    language,
                    "別のカードの人に変更する",
                    "Link another card holder instead"
                ),
                ""
            ),
            button(who, "/unlink", pick(language, "連携をやめる", "End the link"), "")
        ),
    };
    let mut notices = String::new();
    for notice in told {
        let what = match notice.of {
            NoticeOf::Linked => pick(language, "連携しました", "linked"),
            NoticeOf::Relinked => pick(language, "連携を変更しました", "link replaced"),
            NoticeOf::Unlinked => pick(language, "連携をやめました", "link ended"),
        };
        for part in ["<li>", &notice.at.to_string(), " ", what, "</li>"] {
            notices.push_str(part);
        }
    }
    let text = format!(
        "<p>{} <b id=\"customer\">{}</b></p>{linked}<h2>{}</h2><ul id=\"notices\">{notices}</ul>{}",
        pick(language, "お客様番号", "Customer number"),
        escape(&who.customer.0),
        pick(
            language,
            "お知らせ（登録済みの連絡先に送ったもの）",
            "Notices (sent to the contact that we knew)"
        ),
        button(who, "/leave", pick(language, "ログアウト", "Sign out"), ""),
    );
    page_in(
        language,
        StatusCode::OK,
        pick(language, "お客様ページ", "Your page"),
        &text,
    )
}

/// Before anything is linked.
pub(crate) fn confirm(language: Language, who: &Entered, ceremony: &str) -> HttpResponse {
    let hidden = format!(
        "<input type=\"hidden\" name=\"ceremony\" value=\"{}\">",
        escape(ceremony)
    );
    let text = format!(
        "<p>{} <b id=\"customer\">{}</b></p><p>{}</p>{}<p><a href=\"/\">{}</a></p>",
        pick(language, "連携するお客様番号:", "Customer number to be linked:"),
        escape(&who.customer.0),
        pick(
            language,
            "いま使ったマイナンバーカードと、このお客様番号を連携します。連携すると、このカードでこのお客様のページに入れます。\
             ほかの端末でのログインは終了し、登録済みの連絡先にお知らせします。ご自分で始めた覚えがなければ、やめてください。",
            "The My Number Card that was just used will be linked to this customer number. From then on this card opens this customer's \
             page. Sign-ins on other devices end, and we write to the contact that we know. If you did not begin this, stop here.",
        ),
        button(
            who,
            "/link/confirm",
            pick(language, "連携する", "Link them"),
            &hidden
        ),
        pick(language, "やめる", "Stop"),
    );
    page_in(
        language,
        StatusCode::OK,
        pick(language, "連携の確認", "Confirm the link"),
        &text,
    )
}

/// Nothing was done.
pub(crate) fn refused(language: Language, reason: &LinkReason) -> HttpResponse {
    let text = match reason {
        LinkReason::Unverified => pick(
            language,
            "先に、お客様の連絡先の確認が必要です。窓口でお手続きください。",
            "Your contact must be verified first. Please ask at the counter.",
        ),
        LinkReason::SignInAgain => pick(
            language,
            "安全のため、いったんログアウトし、パスワードでログインし直してから操作してください。",
            "For your safety, sign out and sign in again with your password first.",
        ),
        LinkReason::PersonHasAnother => pick(
            language,
            "このカードは、別のお客様番号と連携しています。お心当たりがなければ窓口にお問い合わせください。",
            "This card is linked to another customer number. If you do not know of that, please ask at the counter.",
        ),
        LinkReason::AlreadyLinked => pick(language, "すでに連携しています。", "These are linked already."),
        LinkReason::NotFresh => pick(
            language,
            "カードがいま使われたことを確認できませんでした。もう一度お試しください。",
            "The card was not used just now. Please try again.",
        ),
        LinkReason::Store(_) => pick(
            language,
            "いまは手続きできません。しばらくしてからお試しください。",
            "This does not work now. Please try again later.",
        ),
        _ => pick(
            language,
            "手続きは完了していません。はじめからやり直してください。",
            "Nothing was changed. Please begin again.",
        ),
    };
    let text = format!(
        "<p id=\"refused\">{text}</p><p><a href=\"/\">{}</a></p>",
        pick(language, "はじめのページに戻る", "Back to the first page")
    );
    page_in(
        language,
        StatusCode::FORBIDDEN,
        pick(language, "連携は変わっていません", "The link is as it was"),
        &text,
    )
}
