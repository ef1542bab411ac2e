//! What the developer of a service can do about a reason, in both languages.

use domain::Localized;

use super::Exchange;

/// Reason codes, and what to do about them. Codes that stand together have one cause.
#[rustfmt::skip]
const TABLE: &[(&[&str], &str, &str)] = &[
    (&["assertion_for_another", "request_object_for_another"],
     "Set aud to the issuer identifier of the discovery document, as one string.",
     "aud には、ディスカバリー文書の issuer を、一つの文字列として入れてください。"),
    (&["assertion_refused", "request_object_refused", "request_object_without_keys"],
     "Sign with a registered key and an accepted algorithm; compare key_id_given and keys_tried with keys_registered.",
     "登録した鍵と、受け付けるアルゴリズムで署名してください。key_id_given と keys_tried を、keys_registered と見比べてください。"),
    (&["assertion_expired", "assertion_not_yet_valid", "assertion_lives_too_long", "request_object_expired",
       "request_object_not_yet_valid", "request_object_lives_too_long", "dpop_time"],
     "Compare the clock of the service with ours: the facts give the difference in seconds, and how much is allowed.",
     "サービスの時計を、こちらの時計と合わせてください。差と、許される差（秒）が、事実の欄にあります。"),
    (&["issued_in_future", "request_expired", "no_longer_valid"],
     "Compare the clock of the service with ours: issued_in_seconds is counted from our clock.",
     "サービスの時計を合わせてください。issued_in_seconds は、こちらの時計から数えた秒数です。"),
    (&["assertion_replayed", "request_object_replayed", "dpop_replayed", "replayed"],
     "Make a new message with a new identifier for every request, also when you try again.",
     "送り直すときも、要求ごとに、新しい識別子を付けた新しいメッセージを作ってください。"),
    (&["assertion_not_by_client", "request_object_not_by_client", "client_ids_differ"],
     "Set iss and sub to the registered client_id.",
     "iss と sub には、登録した client_id を入れてください。"),
    (&["secret_wrong", "method_not_registered", "secret_in_body", "several_client_authentications",
       "basic_malformed", "assertion_type_unknown"],
     "Authenticate in the one way that is registered (method_registered), with the credential of this environment.",
     "登録した方法（method_registered）一つだけで、この環境の資格情報を使って、クライアント認証をしてください。"),
    (&["certificate_absent", "certificate_unreadable", "certificate_not_yet_valid", "certificate_expired",
       "certificate_not_registered", "certificate_without_path", "certificate_of_other_subject"],
     "Use the address of mtls_endpoint_aliases, with the registered certificate (or key) and its chain, within its dates.",
     "mtls_endpoint_aliases の URL に、登録した証明書（または鍵）を、有効期間内に、中間証明書と一緒に提示してください。"),
    (&["several_resources", "resource_not_granted", "resource_not_allowed"],
     "Name one resource for each token, of those that are registered and were asked for at the sign-in.",
     "トークンごとに resource を一つ、登録してあり、ログインのときに要求したものの中から指定してください。"),
    (&["device_not_registered"],
     "Have device_authorization = true registered for this client.",
     "このクライアントに device_authorization = true を登録してもらってください。"),
    (&["device_code_unknown", "device_code_expired", "device_code_of_another_client", "device_denied"],
     "Ask for a new code and show it to the person; each is good once, for the client that asked.",
     "新しいコードを取得して、表示し直してください。コードは、要求したクライアントが一度だけ使えます。"),
    (&["redirect_uri_not_registered", "redirect_uri_missing", "redirect_uri_fragment", "redirect_uri_differs"],
     "Send a registered redirect_uri, octet by octet; first_difference_at_octet says where it begins to differ.",
     "登録した redirect_uri を、一文字も違えずに送ってください。first_difference_at_octet が、違い始める位置です。"),
    (&["verifier_wrong"],
     "Send the code_verifier whose SHA-256 is the code_challenge of the same sign-in.",
     "同じログインの code_challenge の元になった code_verifier を送ってください。"),
    (&["code_unknown", "code_of_another_client", "code_expired", "code_replayed", "grant_revoked"],
     "Redeem each code once, at once, as the client that asked for it; then begin a new sign-in.",
     "認可コードは、要求したクライアントが、すぐに、一度だけ引き換えてください。だめなときは、ログインからやり直してください。"),
    (&["dpop_missing", "dpop_refused", "dpop_several", "dpop_claim"],
     "Send one DPoP proof, signed with the key in its own header.",
     "ヘッダーに入れた鍵で署名した DPoP の証明を、一つだけ送ってください。"),
    (&["dpop_address", "dpop_method"],
     "Make a proof for the method and the address of this very request.",
     "この要求のメソッドと URL に対する証明を作ってください。"),
    (&["dpop_nonce"],
     "Try again with the nonce of the DPoP-Nonce header of the answer.",
     "応答の DPoP-Nonce ヘッダーの値を入れて、送り直してください。"),
    (&["dpop_access_token"],
     "Set ath to the hash of the access token that comes with the proof.",
     "ath には、一緒に送るアクセストークンのハッシュを入れてください。"),
    (&["dpop_key_differs"],
     "Use the key to which the code or token is bound: compare the two thumbprints.",
     "認可コードやトークンを結び付けた鍵を使ってください。二つの拇印を見比べてください。"),
    (&["destination_elsewhere", "destination_missing"],
     "Set Destination to destination_expected, which our metadata says.",
     "Destination には、メタデータにある destination_expected の値を入れてください。"),
    (&["signature_invalid", "no_key", "registered_key_unusable"],
     "Compare the key that signs with keys_tried, and register the new one; compare the octets that you signed by their digest.",
     "署名した鍵を keys_tried と見比べ、新しい鍵は登録してください。署名した内容は、ダイジェストで見比べてください。"),
    (&["digest_mismatch", "reference_elsewhere"],
     "The message was changed after it was signed: digest_computed is over the message as it came.",
     "署名のあとに、メッセージが変わっています。digest_computed は、届いたメッセージから計算した値です。"),
    (&["signature_demanded"],
     "Sign the message with a registered key.",
     "登録した鍵で、メッセージに署名してください。"),
    (&["acs_not_registered", "acs_index_not_registered", "acs_ambiguous"],
     "Name an assertion consumer service that the registered metadata lists (acs_registered), or none.",
     "登録したメタデータにある AssertionConsumerService（acs_registered）を指定するか、何も指定しないでください。"),
    (&["issuer_is_another"],
     "Set Issuer to the registered entityID.",
     "Issuer には、登録した entityID を入れてください。"),
    (&["authn_context_unknown", "authn_context_out_of_reach", "acr_unreachable", "level_unmet"],
     "Ask for a context that our metadata or discovery document lists, and that the means of sign-in here can reach.",
     "メタデータやディスカバリー文書にあり、ここでのログイン方法で届く水準を求めてください。"),
    (&["authentication_failed", "denied"],
     "Nothing is wrong with the request. Let the person try again, and give them this reference if they ask for help.",
     "要求に誤りはありません。利用者にもう一度試してもらい、問い合わせがあれば、この番号を伝えてください。"),
    (&["login_required", "consent_required"],
     "Ask again with pages allowed (without prompt=none or IsPassive).",
     "画面の表示を許して（prompt=none や IsPassive を外して）、もう一度要求してください。"),
    (&["token_unknown", "token_expired", "sign_in_no_longer_holds", "refresh_unknown", "refresh_expired",
       "refresh_reused", "refresh_of_another_client"],
     "The token does not count any more. Begin a new sign-in.",
     "トークンは、もう使えません。ログインからやり直してください。"),
    (&["nobody_to_tell_of"],
     "Ask only about a person who is signed in at your service, by the persistent name that you were given.",
     "ログイン中の利用者について、渡された仮名（persistent）で問い合わせてください。"),
    (&["nothing_behind_the_artifact"],
     "Resolve each artifact once, within a minute, as the service that it was made for.",
     "アーティファクトは、渡されたサービスが、1分以内に、一度だけ解決してください。"),
    (&["answered_400", "answered_failure", "answered_other", "answer_unreadable"],
     "Look at what your logout endpoint answers: it must say that the session ended.",
     "ログアウトの受け口が、セッションを終えたと答えているか、確かめてください。"),
];

/// For everything else.
const ELSE: (&str, &str) = (
    "Compare the rule that refused, and its source, with the message that was sent.",
    "断った規則とその出典を、送ったメッセージと見比べてください。",
);

/// What to do about an exchange.
pub fn of(exchange: &Exchange) -> Localized {
    let row = TABLE
        .iter()
        .find(|(codes, _, _)| codes.contains(&exchange.reason.as_str()));
    let (en, ja) = row.map_or(ELSE, |(_, en, ja)| (*en, *ja));
    Localized {
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ::oidc::Reason;
    use ::oidc::dpop::DpopFault;

    use super::*;

    #[test]
    fn every_code_stands_once_and_every_text_is_of_its_language() {
        let mut seen = BTreeSet::new();
        for (codes, en, ja) in TABLE {
            assert!(codes.iter().all(|code| seen.insert(*code)), "{codes:?}");
            assert!(en.is_ascii() && !ja.is_ascii(), "{en}");
        }
    }

    #[test]
    fn codes_of_reasons_are_spelt_as_the_reasons_spell_them() {
        let codes: BTreeSet<_> = TABLE
            .iter()
            .flat_map(|(codes, ..)| codes.iter().copied())
            .collect();
        for reason in [
            Reason::AssertionForAnother,
            Reason::AssertionRefused(jose::Reason::BadSignature),
            Reason::AssertionExpired,
            Reason::AssertionReplayed,
            Reason::AssertionNotByClient,
            Reason::SecretWrong,
            Reason::RedirectUriNotRegistered,
            Reason::RedirectUriDiffers,
            Reason::VerifierWrong,
            Reason::CodeUnknown,
            Reason::CodeReplayed,
            Reason::Dpop(DpopFault::Address),
            Reason::Dpop(DpopFault::KeyDiffers),
            Reason::RequestObjectForAnother,
            Reason::TokenUnknown,
            Reason::SignInNoLongerHolds,
        ] {
            assert!(codes.contains(reason.code()), "{}", reason.code());
        }
        for reason in [
            ::saml::Reason::SignatureDemanded,
            ::saml::Reason::DestinationMissing,
            ::saml::Reason::AcsAmbiguous,
            ::saml::Reason::AuthnContextUnknown,
            ::saml::Reason::from(xml::Reason::DigestMismatch),
            ::saml::Reason::from(xml::Reason::SignatureInvalid),
            ::saml::Reason::from(xml::Reason::NoKey),
            ::saml::Reason::RequestExpired { seconds: 1 },
            ::saml::Reason::IssuedInFuture { seconds: 1 },
        ] {
            let code = crate::exchanges::saml::code(&reason);
            assert!(codes.contains(code), "{code}");
        }
    }
}
