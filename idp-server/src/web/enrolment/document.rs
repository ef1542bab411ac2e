//! The consent document: plain text in the person's language, the same bytes whenever it is asked for.

use std::fmt::Write as _;

use domain::{Language, ReleasedAttribute, Session, Timestamp};
use serde::{Deserialize, Serialize};

use super::DOCUMENT_SECONDS;
use crate::secret;
use crate::web::context::Context;

/// What a document is made of, kept until it is signed or its time is over.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    /// Our origin: a signature over a document of another site is none over ours.
    pub(super) origin: String,
    /// 256 random bits; a document counts once.
    pub(super) number: String,
    /// Which account, told to nobody: it changes with each document.
    pub(super) reference: String,
    /// Which of the 基本4情報 will be held.
    pub(super) items: Vec<ReleasedAttribute>,
    /// In which language.
    pub(super) language: Language,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When it dies.
    pub(super) expires_at: Timestamp,
}

impl Draft {
    pub(super) fn new(context: &Context, session: &Session, items: Vec<ReleasedAttribute>) -> Self {
        let number = secret::Secret::generate(&*context.entropy).hash().0;
        let created_at = context.now();
        Self {
            origin: context.config.front.origin.as_str().to_owned(),
            reference: secret::hash_of(&[
                b"enrolment reference\0",
                session.account.as_str().as_bytes(),
                number.as_bytes(),
            ])
            .0,
            number,
            items,
            language: context.language,
            created_at,
            expires_at: created_at.plus_seconds(DOCUMENT_SECONDS),
        }
    }

    /// The document. Lines end with LF; the file is UTF-8 without a byte order mark.
    pub(super) fn text(&self) -> String {
        let words = match self.language {
            Language::Ja => &JA,
            Language::En => &EN,
        };
        let items: Vec<&str> = self.items.iter().map(|item| (words.item)(*item)).collect();
        let held = if items.is_empty() {
            words.nothing.to_owned()
        } else {
            items.join(words.between)
        };
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{}\n\n{}: {}\n{}: {}\n{}: {}\n{}: {}\n{}: {}\n\n{}\n\n",
            words.title,
            words.to,
            self.origin,
            words.number,
            self.number,
            words.reference,
            self.reference,
            words.made,
            self.created_at,
            words.until,
            self.expires_at,
            words.consent
        );
        for (place, clause) in (1..).zip(words.clauses) {
            let _ = writeln!(text, "{place}. {}", clause.replace("{items}", &held));
        }
        text
    }
}

struct Words {
    title: &'static str,
    to: &'static str,
    number: &'static str,
    reference: &'static str,
    made: &'static str,
    until: &'static str,
    consent: &'static str,
    nothing: &'static str,
    between: &'static str,
    item: fn(ReleasedAttribute) -> &'static str,
    clauses: [&'static str; 6],
}

const JA: Words = Words {
    title: "利用登録 同意書",
    to: "あて先",
    number: "文書番号",
    reference: "利用者の識別",
    made: "作成日時（協定世界時）",
    until: "有効期限（協定世界時）",
    consent: "私は、次のことに同意し、署名用電子証明書で署名します。",
    nothing: "なし",
    between: "、",
    item: |item| match item {
        ReleasedAttribute::Name => "氏名",
        ReleasedAttribute::Address => "住所",
        ReleasedAttribute::BirthDate => "生年月日",
        ReleasedAttribute::Gender => "性別",
        _ => "",
    },
    clauses: [
        "署名用電子証明書により、私の身元を確認すること。",
        "署名用電子証明書に記録された情報のうち、次のものを、暗号化して保管すること: {items}",
        "保管した情報を、サービスごとに私が画面で同意したときに限り、そのサービスに渡すこと。",
        "署名用電子証明書が失効していないか、利用者証明用電子証明書と同じ持ち主のものかを、発行した機関に確認すること。",
        "この登録は、いつでも取り消せること。取り消すと、保管した情報は消去されること。",
        "個人番号（マイナンバー）は、使われず、保管されないこと。",
    ],
};

const EN: Words = Words {
    title: "Registration: consent",
    to: "To",
    number: "Number of this document",
    reference: "Who registers",
    made: "Made (UTC)",
    until: "Valid until (UTC)",
    consent: "I agree to the following, and sign with my digital signature certificate.",
    nothing: "nothing",
    between: ", ",
    item: |item| match item {
        ReleasedAttribute::Name => "name",
        ReleasedAttribute::Address => "address",
        ReleasedAttribute::BirthDate => "date of birth",
        ReleasedAttribute::Gender => "gender",
        _ => "",
    },
    clauses: [
        "My identity is checked by my digital signature certificate.",
        "Of what the certificate says, the following is kept, encrypted: {items}",
        "What is kept is given to a service only when I agree to it on the page for that service.",
        "The office that issued the certificate is asked whether it is revoked, and whether it belongs to the holder of my user \
         authentication certificate.",
        "I can withdraw this registration at any time; what is kept is then deleted.",
        "My Number (Individual Number) is neither used nor kept.",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(language: Language) -> Draft {
        Draft {
            origin: "https://idp.example.go.jp".to_owned(),
            number: "ab".repeat(32),
            reference: "cd".repeat(32),
            items: vec![ReleasedAttribute::Name, ReleasedAttribute::BirthDate],
            language,
            created_at: Timestamp::from_seconds(1_795_219_200),
            expires_at: Timestamp::from_seconds(1_795_221_000),
        }
    }

    #[test]
    fn the_same_draft_is_the_same_bytes_and_names_what_it_must() {
        for (language, items) in [
            (Language::Ja, "氏名、生年月日"),
            (Language::En, "name, date of birth"),
        ] {
            let draft = draft(language);
            let text = draft.text();
            assert_eq!(text, draft.clone().text());
            for part in [
                draft.origin.as_str(),
                draft.number.as_str(),
                draft.reference.as_str(),
                "2026-11-21T00:00:00Z",
                items,
            ] {
                assert!(text.contains(part), "{part}\n{text}");
            }
            assert!(!text.contains('\r') && text.ends_with('\n'));
            assert!(!text.contains("{items}"));
            let other = Draft {
                number: "ba".repeat(32),
                ..draft
            };
            assert_ne!(other.text(), text);
        }
    }
}
