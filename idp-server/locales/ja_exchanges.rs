//! サービスとのやり取りについての画面の、日本語の文言。

use super::ExchangeTexts;

pub(super) const EXCHANGES: ExchangeTexts = ExchangeTexts {
    title: "サービスとのやり取りの照会",
    lead: "断った、または失敗したやり取りについて、規則を順に、比べた値とともに示します。サービスの開発者も、サービスの資格情報で同じ内容を見られます。",
    by_reference: "番号で調べる",
    by_service: "サービスで調べる",
    service_field: "サービスの識別子",
    service_hint: "登録した識別子のどれかを入力してください。登録のない名前で届いたものは「-」で調べます。",
    audited: "記録を開いたことは、監査の記録に残ります。",
    not_found_note: "当てはまる記録がないか、保存期間（24時間）が過ぎています。",
    exchange: "やり取り",
    sender: "送り手",
    proven: "サービス本人と確かめた",
    unproven: "確かめていない（誰でも送れる）",
    reason: "断った理由",
    answered: "返した応答",
    chain: "この番号の判断の経過を開く",
    advice: "サービスができること",
    rules: "規則の判定",
    cites: "出典",
    facts: "比べた値",
    list: "最近のやり取り",
    nothing: "このサービスの記録はありません。",
};
