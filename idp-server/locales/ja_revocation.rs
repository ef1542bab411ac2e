//! The Japanese texts about revocation lists, for operators.

use super::ListTexts;

pub(super) const REVOCATION: ListTexts = ListTexts {
    title: "失効リスト",
    lead: "電子証明書を調べるための失効リストの新しさと、直近の配信の結果です。",
    of_sign_ins: "ログインに使う電子証明書（利用者証明用）",
    of_signatures: "署名用電子証明書",
    nobody: "このリストにもとづく利用は、すべて止めています。",
    alarm: "直近の配信は、これまでの情報と食い違っています。すぐに確認してください。",
    contradiction: "同じ証明書について、両立しない二つの回答がありました。その回答では誰もサインインさせていません。失効リストと応答サーバーの内容を認証局に確認してください。直近の発生：",
    unreadable: "このプロセスは、他のプロセスが使用している可能性のある失効情報を読み取れません。読み取れるまで、どの証明書も有効とは判断しません。",
    state: "状態",
    fresh: "期限内",
    stale_allowed: "期限切れ（許容時間内）",
    refuse: "古すぎるか、日付が未来です",
    missing: "なし",
    generation: "世代",
    revoked: "失効している電子証明書",
    delivery: "直近の配信",
    taken: "取り込みました。",
    refused: "拒否しました。これまでのリストを使い続けています。",
    lists: "使用中のリスト",
    covers: "対象",
    whole: "すべての電子証明書",
    points: "配布点{count}か所",
    this_update: "作成",
    next_update: "次の予定",
    entries: "件数",
    key: "署名鍵",
    none: "なし",
};
