//! The vocabulary of the pages: one field per text, one value per language.
//!
//! A text is a struct field, so a text missing in one language does not compile, a text that no page reads is a
//! `dead_code` warning (CI denies warnings), and the test `every_text_is_shown` finds a text that no sample shows.
//! The values stand in `idp-server/locales/` and read like a table, so that a translator needs no Rust.
//!
//! `{name}` inside a text is filled by [`Fill::fill`]; `⟦…⟧` marks words of the other language, which the macro
//! `say` wraps in a `span` with its `lang`, so that a screen reader pronounces them right.

use domain::Language;

pub(crate) use super::fill::Fill;
#[cfg(test)]
pub(crate) use super::fill::Segment;

/// A text shown as it is.
pub(crate) type Text = &'static str;
/// Several texts of one kind, in order.
pub(crate) type Texts = &'static [&'static str];

/// Visits every text below a value together with its path.
#[cfg(test)]
pub(crate) trait EachText {
    /// Calls `visit` with the path and the text of every leaf.
    fn each(&self, path: &str, visit: &mut dyn FnMut(String, &'static str));
}

#[cfg(test)]
impl EachText for Text {
    fn each(&self, path: &str, visit: &mut dyn FnMut(String, &'static str)) {
        visit(path.to_owned(), self);
    }
}

#[cfg(test)]
impl EachText for Texts {
    fn each(&self, path: &str, visit: &mut dyn FnMut(String, &'static str)) {
        for (place, text) in self.iter().enumerate() {
            visit(format!("{path}[{place}]"), text);
        }
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name { $(pub(crate) $field: $kind),+ }

            #[cfg(test)]
            impl EachText for $name {
                fn each(&self, path: &str, visit: &mut dyn FnMut(String, &'static str)) {
                    $(self.$field.each(&format!("{path}.{}", stringify!($field)), visit);)+
                }
            }
        )+
    };
}

texts! {
    /// Everything that the pages say in one language.
    Vocabulary {
        shell: ShellTexts,
        common: CommonTexts,
        sign_in: SignInTexts,
        retry: RetryTexts,
        device: DeviceTexts,
        activation: ActivationTexts,
        refusal: RefusalTexts,
        consent: ConsentTexts,
        post: PostTexts,
        account: AccountTexts,
        logout: LogoutTexts,
        signed_out: SignedOutTexts,
        home: HomeTexts,
        service_error: ServiceErrorTexts,
        operator: OperatorTexts,
        exchanges: ExchangeTexts,
        enrolment: EnrolmentTexts,
        revocation: ListTexts,
        closing: ClosingTexts,
        identity: IdentityTexts,
    }

    /// Around every page.
    ShellTexts {
        platform: Text,
        between: Text,
        skip: Text,
        languages: Text,
        sandbox: Text,
        footer: Text,
        home: Text,
        account: Text,
        contact: Text,
        telephone: Text,
        hours: Text,
    }

    /// What several pages share.
    CommonTexts {
        service: Text,
        try_again: Text,
        other_way_heading: Text,
        other_way: Text,
        other_way_button: Text,
        cancel: Text,
        pin_warning: Text,
        reference: Text,
        reference_use: Text,
        card_and_pin: Text,
        card_without_pin: Text,
    }

    /// The sign-in page.
    SignInTexts {
        title: Text,
        again_title: Text,
        again_session: Text,
        again_fresh: Text,
        again_higher: Text,
        needs: Text,
        need_list: Texts,
        steps: Text,
        step_list: Texts,
        button: Text,
        my_number_unused: Text,
        after: Text,
        nothing: Text,
        nothing_list: Texts,
        wrong_pin: Text,
        wrong_pin_list: Texts,
        password: Text,
        password_list: Texts,
        cancelled: Text,
        cancelled_list: Texts,
        help: Text,
        help_list: Texts,
    }

    /// After a handshake that did not complete.
    RetryTexts {
        title: Text,
        lead: Text,
        cause: Text,
        likely: Text,
        check: Text,
        check_list: Texts,
    }

    /// A device that has no browser asks (RFC 8628).
    ActivationTexts {
        title: Text,
        lead: Text,
        field: Text,
        hint: Text,
        button: Text,
        unknown: Text,
        only_yours: Text,
        never_sent: Text,
        then: Text,
        then_list: Texts,
        service: Text,
        match_title: Text,
        match_lead: Text,
        asked_at: Text,
        place_unknown: Text,
        number: Text,
        number_hint: Text,
        number_none: Text,
        agree: Text,
        agree_note: Text,
        decline: Text,
        decline_note: Text,
        connected: Text,
        connected_lead: Text,
        refused: Text,
        refused_lead: Text,
        other_number: Text,
        other_number_lead: Text,
        other_number_list: Texts,
        over: Text,
        over_lead: Text,
        close: Text,
    }

    /// Around a card in a device.
    DeviceTexts {
        title: Text,
        offer: Text,
        offer_note: Text,
        offer_button: Text,
        code: Text,
        steps: Text,
        code_steps: Texts,
        waiting: Text,
        waiting_steps: Texts,
        number: Text,
        number_steps: Texts,
        never_tell: Text,
        go_on: Text,
        ask_title: Text,
        ask_lead: Text,
        ask_warning: Text,
        ask_field: Text,
        ask_hint: Text,
        ask_button: Text,
        disown: Text,
        done_title: Text,
        done_lead: Text,
    }

    /// What we say no to.
    RefusalTexts {
        error: Text,
        cause: Text,
        next: Text,
        code: Text,
        tell_service: Text,
        technical_code: Text,
        other_card: Text,
        begin_anew: Text,
        register: Text,
        return_to: Text,
        no_certificate: Refusal,
        expired: Refusal,
        not_yet_valid: Refusal,
        revoked: Refusal,
        revoked_reason: RevocationTexts,
        unknown_ca: Refusal,
        test_ca_in_production: Refusal,
        signing_certificate: Refusal,
        unknown_policy: Refusal,
        malformed_profile: Refusal,
        weak_key: Refusal,
        crl_stale: Refusal,
        crl_missing: Refusal,
        status_unavailable: Refusal,
        status_unknown: Refusal,
        status_contradiction: Refusal,
        links_unavailable: Refusal,
        certificate_not_settled: Refusal,
        identity_undecided: Refusal,
        identity_refused: Refusal,
        ticket_other_browser: Refusal,
        ticket_expired: Refusal,
        certificate_replaced: Refusal,
        account_closed: Refusal,
        account_left: Refusal,
        other_person: Refusal,
        transaction_answered: Refusal,
        ticket_used: Refusal,
        transaction_expired: Refusal,
        transaction_unknown: Refusal,
        service_unknown: Refusal,
        service_suspended: Refusal,
        request_invalid: Refusal,
        level_unreachable: Refusal,
        enrolment_required: Refusal,
        session_ended_by_revocation: Refusal,
        too_many_attempts: Refusal,
        device_not_enough: Refusal,
        device_too_late: Refusal,
        device_code_unknown: Refusal,
        device_challenge_used: Refusal,
        device_signature: Refusal,
        device_not_confirmed: Refusal,
        csrf: Refusal,
        page_not_found: Refusal,
        method_not_allowed: Refusal,
        server_fault: Refusal,
        busy: Refusal,
    }

    /// One refusal: what happened, why, what to do.
    Refusal {
        title: Text,
        cause: Text,
        next: Texts,
    }

    /// Why a certificate was revoked, by RFC 5280 reason as J-LIS uses it.
    RevocationTexts {
        unspecified: Text,
        key_compromise: Text,
        ca_compromise: Text,
        affiliation_changed: Text,
        superseded: Text,
        cessation_of_operation: Text,
        certificate_hold: Text,
        other: Text,
    }

    /// Consent.
    ConsentTexts {
        title: Text,
        lead: Text,
        shown: Text,
        pseudonym: Text,
        pseudonym_note: Text,
        level: Text,
        colon: Text,
        aal: Text,
        aal0: Text,
        aal1: Text,
        aal2: Text,
        aal3: Text,
        ial: Text,
        ial0: Text,
        ial1: Text,
        ial2: Text,
        ial3: Text,
        time: Text,
        method: Text,
        never: Text,
        never_list: Texts,
        agree: Text,
        ongoing: Text,
        details: Text,
        details_lead: Text,
        agree_note: Text,
        decline: Text,
        decline_note: Text,
        choose: Text,
    }

    /// The visible Continue button of the SAML POST binding.
    PostTexts {
        signed_in: Text,
        not_signed_in: Text,
        signed_out: Text,
        signing_out: Text,
        signing_out_lead: Text,
        not_signed_in_note: Text,
        service: Text,
        lead: Text,
        button: Text,
        once: Text,
    }

    /// The person's own sessions.
    AccountTexts {
        enrolment: Text,
        enrolment_note: Text,
        enrolment_link: Text,
        sign_in_heading: Text,
        sign_in_note: Text,
        sign_in: Text,
        close: Text,
        close_note: Text,
        close_link: Text,
        closed: Text,
        title: Text,
        lead: Text,
        none_title: Text,
        none: Text,
        sessions: Text,
        started: Text,
        expires: Text,
        method: Text,
        this_browser: Text,
        other_browser: Text,
        end: Text,
        end_this: Text,
        end_which: Text,
        end_all: Text,
        end_all_note: Text,
        ended_one: Text,
        ended_all: Text,
        services_note: Text,
    }

    /// Asks before a logout that nobody proved to want.
    LogoutTexts {
        title: Text,
        lead: Text,
        lead_service: Text,
        yes: Text,
        no: Text,
    }

    /// After logout.
    SignedOutTexts {
        title: Text,
        lead: Text,
        partial_title: Text,
        partial_lead: Text,
        still_title: Text,
        still_lead: Text,
        still_link: Text,
        nothing_title: Text,
        nothing_lead: Text,
        elsewhere_lead: Text,
        elsewhere_partial_lead: Text,
        services: Text,
        told: Text,
        asked: Text,
        next: Text,
        unanswered: Text,
        waiting: Text,
        refused: Text,
        not_reached: Text,
        impossible: Text,
        go_on: Text,
        go_on_note: Text,
        close: Text,
        services_note: Text,
        care: Text,
        care_list: Texts,
        service: Text,
        return_to: Text,
    }

    /// Where a service sends a person whose sign-in failed there.
    ServiceErrorTexts {
        title: Text,
        identification: Text,
        authentication: Text,
        authorization: Text,
        other: Text,
        next: Text,
        next_list: Texts,
        number: Text,
    }

    /// The front door.
    HomeTexts {
        title: Text,
        lead: Text,
        start: Text,
        start_note: Text,
        how: Text,
        how_list: Texts,
        keep: Text,
        keep_list: Texts,
        account: Text,
        account_note: Text,
        account_link: Text,
    }

    /// How old revocation lists are, for operators.
    ListTexts {
        title: Text,
        lead: Text,
        of_sign_ins: Text,
        of_signatures: Text,
        nobody: Text,
        alarm: Text,
        unreadable: Text,
        contradiction: Text,
        state: Text,
        fresh: Text,
        stale_allowed: Text,
        refuse: Text,
        missing: Text,
        generation: Text,
        revoked: Text,
        delivery: Text,
        taken: Text,
        refused: Text,
        lists: Text,
        covers: Text,
        whole: Text,
        points: Text,
        this_update: Text,
        next_update: Text,
        entries: Text,
        key: Text,
        none: Text,
        telling: Text,
        late: Text,
        told: Text,
        pushed: Text,
        promised: Text,
        seconds: Text,
    }

    /// 利用登録.
    EnrolmentTexts {
        title: Text,
        lead: Text,
        name: Text,
        address: Text,
        birth_date: Text,
        gender: Text,
        substituted: Text,
        partial: Text,
        male: Text,
        female: Text,
        not_applicable: Text,
        held: Text,
        since: Text,
        items: Text,
        no_items: Text,
        between: Text,
        stale: Text,
        withdraw: Text,
        withdraw_note: Text,
        enrolled: Text,
        withdrawn: Text,
        sign_in_first: Text,
        sign_in_first_list: Texts,
        back: Text,
        steps: Text,
        step_list: Texts,
        begin: Text,
        document: Text,
        document_note: Text,
        until: Text,
        download: Text,
        sign: Text,
        sign_list: Texts,
        upload: Text,
        file: Text,
        send: Text,
        again: Text,
        refusal: EnrolmentRefusalTexts,
    }

    /// Why a signed file was refused.
    EnrolmentRefusalTexts {
        sign_in_first: Refusal,
        document_gone: Refusal,
        not_a_signature: Refusal,
        wrong_document: Refusal,
        signature_invalid: Refusal,
        wrong_certificate: Refusal,
        certificate_refused: Refusal,
        certificate_expired: Refusal,
        certificate_revoked: Refusal,
        lists_unavailable: Refusal,
        other_person: Refusal,
        links_unavailable: Refusal,
        in_question: Refusal,
    }
}

mod desk;
pub(crate) use desk::{ClosingTexts, ExchangeTexts, IdentityTexts, OperatorTexts};

#[path = "../../locales/en.rs"]
mod en;
#[path = "../../locales/en_activation.rs"]
mod en_activation;
#[path = "../../locales/en_device.rs"]
mod en_device;
#[path = "../../locales/en_enrolment.rs"]
mod en_enrolment;
#[path = "../../locales/en_exchanges.rs"]
mod en_exchanges;
#[path = "../../locales/en_identity.rs"]
mod en_identity;
#[path = "../../locales/en_refusals.rs"]
mod en_refusals;
#[path = "../../locales/en_revocation.rs"]
mod en_revocation;
#[path = "../../locales/ja.rs"]
mod ja;
#[path = "../../locales/ja_activation.rs"]
mod ja_activation;
#[path = "../../locales/ja_device.rs"]
mod ja_device;
#[path = "../../locales/ja_enrolment.rs"]
mod ja_enrolment;
#[path = "../../locales/ja_exchanges.rs"]
mod ja_exchanges;
#[path = "../../locales/ja_identity.rs"]
mod ja_identity;
#[path = "../../locales/ja_refusals.rs"]
mod ja_refusals;
#[path = "../../locales/ja_revocation.rs"]
mod ja_revocation;

/// What the pages say in a language.
pub(crate) const fn vocabulary(language: Language) -> &'static Vocabulary {
    match language {
        Language::Ja => &ja::VOCABULARY,
        Language::En => &en::VOCABULARY,
    }
}
