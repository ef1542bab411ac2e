//! Reasons in both languages.

use pki::cms;

/// The stable code of what is wrong with a message, with its words.
pub fn of_message(reason: &cms::Reason) -> (&'static str, &'static str, &'static str) {
    use cms::Reason as R;
    match reason {
        R::IndefiniteLength => (
            "message_not_der",
            "the message is in indefinite-length form: encode it in DER, without streaming",
            "メッセージが不定長形式です。DER形式（ストリーミングなし）で符号化してください",
        ),
        R::TooLarge { .. }
        | R::TooManySigners { .. }
        | R::TooManyCertificates { .. }
        | R::TooManyAttributes { .. } => (
            "message_too_large",
            "the message has more of something than allowed",
            "メッセージが上限を超えています",
        ),
        R::DigestNotAllowed { .. } | R::SignatureAlgorithmNotAllowed { .. } | R::SchemeDoesNotFitKey => (
            "algorithm_not_allowed",
            "the algorithm is not allowed, or does not fit the key",
            "許可されていないアルゴリズムです",
        ),
        R::DocumentMissing => (
            "document_missing",
            "the document is neither in the message nor beside it",
            "文書がありません",
        ),
        R::DocumentsDiffer | R::DocumentDigestDiffers => (
            "document_differs",
            "the document is not the one that was signed",
            "署名された文書と一致しません",
        ),
        R::SignerCertificateMissing | R::SignerCertificateAmbiguous | R::SignerCertificateDiffers => (
            "signer_certificate_unclear",
            "the signer's certificate is missing, or not the one that the signer named",
            "署名者の証明書がないか、署名者が示した証明書と異なります",
        ),
        R::BadSignature => (
            "signature_wrong",
            "the signature does not verify",
            "署名が正しくありません",
        ),
        R::DocumentIsSignedAttributes | R::NoSignedAttributes => (
            "attributes_ambiguous",
            "what was signed could be a document or the attributes of a message",
            "署名対象が文書か署名属性か判別できません",
        ),
        _ => (
            "message_unreadable",
            "the message is not a SignedData as RFC 5652 has it",
            "メッセージを読み取れません",
        ),
    }
}

/// The words for a code of `jpki::signing`.
pub fn of_certificate(code: &str) -> (&'static str, &'static str) {
    match code {
        "certificate_revoked" => ("the certificate is revoked", "証明書は失効しています"),
        "certificate_expired" => (
            "the certificate had ended when the signature was presented",
            "証明書の有効期間が過ぎています",
        ),
        "certificate_not_yet_valid" => (
            "the certificate is not valid yet",
            "証明書の有効期間が始まっていません",
        ),
        "signed_in_future" => ("the signature claims a time in the future", "署名時刻が未来です"),
        "signed_before_validity" => (
            "the signature claims a time before the certificate was issued",
            "署名時刻が証明書の有効期間前です",
        ),
        "status_unknown" => (
            "whether the certificate is revoked is not known: do not rely on the signature",
            "失効の有無を確認できません。署名を信頼しないでください",
        ),
        "certificate_authority_unknown" => (
            "no pinned signing authority issued the certificate",
            "署名用認証局が発行した証明書ではありません",
        ),
        "certificate_not_for_signing" => (
            "this is an authentication certificate",
            "利用者証明用電子証明書です",
        ),
        "certificate_from_test_authority" => {
            ("the certificate is from the test hierarchy", "試験用の証明書です")
        }
        _ => (
            "the certificate is not what the profile prescribes",
            "証明書がプロファイルに適合していません",
        ),
    }
}
