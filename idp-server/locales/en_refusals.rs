//! The English texts of the refusals. The title says what happened, the cause says whether it is the person's
//! doing, the next steps are what the person can do. Hints for the service are never among them.

use super::{Refusal, RefusalTexts, RevocationTexts};

const NEW_CERTIFICATE: &str = "Ask your municipal office about a new certificate.";
const FROM_SERVICE: &str = "Open the page of the service that you want to use and start again.";
const WAIT: &str = "Wait a while, then try again.";
const TELL_US: &str = "If it happens again, contact us and give the reference number.";
const TELL_SERVICE: &str = "If you are in a hurry, ask the help desk of the service.";
const CHOOSE_JPKI: &str = "When you try again, choose the user authentication certificate \
                           (⟦利用者証明用電子証明書⟧), issued by “JPKI”.";

pub(super) const REFUSALS: RefusalTexts = RefusalTexts {
    error: "Error",
    cause: "Why",
    next: "What to do next",
    code: "Error code",
    tell_service: "What to tell the help desk of the service",
    technical_code: "Technical code",
    other_card: "Try with another card",
    begin_anew: "Begin anew (uses your card once more)",
    register: "Go to registration",
    return_to: "Return to the service",
    no_certificate: Refusal {
        title: "No certificate arrived from your card",
        cause: "You may have pressed “Cancel” when asked to choose a certificate, or the card could not be read.",
        next: &[
            "Put your My Number Card on the card reader again.",
            "Try again and choose the certificate issued by “JPKI”.",
        ],
    },
    expired: Refusal {
        title: "The certificate on your card has expired",
        cause: "The user authentication certificate (⟦利用者証明用電子証明書⟧) on your card is past its last day. \
                It can end earlier than the card itself.",
        next: &[
            "Renew the certificate at your municipal office.",
            "After that it may take about a day until you can use it online.",
        ],
    },
    not_yet_valid: Refusal {
        title: "The certificate on your card cannot be used yet",
        cause: "The user authentication certificate (⟦利用者証明用電子証明書⟧) on your card is not valid yet.",
        next: &[
            "If you have just received the card, try again tomorrow.",
            "If it still does not work, ask your municipal office.",
        ],
    },
    revoked: Refusal {
        title: "The certificate on your card can no longer be used",
        cause: "The user authentication certificate (⟦利用者証明用電子証明書⟧) on your card has been revoked.",
        next: &[
            "If you have a new card or a new certificate, use that one.",
            NEW_CERTIFICATE,
        ],
    },
    revoked_reason: RevocationTexts {
        unspecified: "It was made invalid by a procedure.",
        key_compromise: "The card was reported lost or stolen, so the certificate was made invalid for your safety.",
        ca_compromise: "The reason lies in the security of the office that issued it.",
        affiliation_changed: "Something that the certificate depends on has changed.",
        superseded: "A new certificate has taken its place.",
        cessation_of_operation: "Its use was ended, for example on request.",
        certificate_hold: "Its use was stopped for your safety. It will not be released again.",
        other: "The office that issued it gave no reason.",
    },
    unknown_ca: Refusal {
        title: "This is not a certificate of a My Number Card",
        cause: "We could not confirm that the certificate is the user authentication certificate \
                (⟦利用者証明用電子証明書⟧) of a My Number Card.",
        next: &[
            "Check that your My Number Card lies on the card reader.",
            CHOOSE_JPKI,
        ],
    },
    test_ca_in_production: Refusal {
        title: "Test cards cannot be used here",
        cause: "The certificate belongs to a test card.",
        next: &["Try again with your own My Number Card."],
    },
    signing_certificate: Refusal {
        title: "You chose the signing certificate",
        cause: "To sign in, use the user authentication certificate (⟦利用者証明用電子証明書⟧), whose PIN has 4 digits. \
                The signing certificate (⟦署名用電子証明書⟧), whose password has 6 to 16 letters and digits, is not used here.",
        next: &[CHOOSE_JPKI],
    },
    unknown_policy: Refusal {
        title: "This kind of certificate cannot be used here",
        cause: "The certificate is not of a kind that this site accepts.",
        next: &[CHOOSE_JPKI, TELL_US],
    },
    malformed_profile: Refusal {
        title: "The certificate could not be read",
        cause: "The certificate does not follow the rules for certificates of My Number Cards.",
        next: &[
            "Put your card on the card reader again and try once more.",
            TELL_US,
        ],
    },
    weak_key: Refusal {
        title: "This certificate is not secure enough",
        cause: "The cryptographic key of the certificate is weaker than this site requires.",
        next: &["Check that you use your own My Number Card.", TELL_US],
    },
    crl_stale: Refusal {
        title: "We cannot check at the moment whether your card is valid",
        cause: "The list by which we check cards is out of date. For your safety, nobody can sign in until it is renewed. \
                Nothing is wrong with your card.",
        next: &[WAIT, TELL_SERVICE],
    },
    crl_missing: Refusal {
        title: "We cannot look up at the moment whether your card is valid",
        cause: "The list by which we check cards has not arrived. For your safety, nobody can sign in until it does. \
                Nothing is wrong with your card.",
        next: &[WAIT, TELL_SERVICE],
    },
    status_unavailable: Refusal {
        title: "We could not ask whether your card is still valid",
        cause: "This service asks us to find out at each sign-in, from the office that issued your card, whether the card is \
                still valid. The office did not answer. For your safety, nobody can sign in to this service until it does. \
                Nothing is wrong with your card.",
        next: &[WAIT, TELL_SERVICE],
    },
    status_unknown: Refusal {
        title: "The office that issued your card does not know it yet",
        cause: "This service asks us to find out at each sign-in, from the office that issued your card, whether the card is \
                still valid. The office answered that it does not know this card. That can be so for up to a day after a card \
                was issued or renewed.",
        next: &[
            "If your card was issued or renewed today or yesterday, try again tomorrow.",
            "Otherwise ask at the counter of your municipality whether the certificates on your card are in order.",
        ],
    },
    status_contradiction: Refusal {
        title: "We received two different answers about your card",
        cause: "The list of invalid cards and the office that issued your card tell us different things about your card. One of \
                them is wrong, and we do not guess which. Our staff has been alerted. For your safety you cannot sign in until \
                this is cleared up.",
        next: &[
            WAIT,
            "If it is urgent, tell the help desk the reference number on this page, or use the service's counter.",
        ],
    },
    links_unavailable: Refusal {
        title: "We cannot check your new certificate at the moment",
        cause: "This certificate is used here for the first time. We asked the office that issued it whether it \
                replaces an earlier one, but received no answer. Nothing is wrong with your card.",
        next: &[WAIT, TELL_SERVICE],
    },
    certificate_not_settled: Refusal {
        title: "Your card's certificate was issued only just now",
        cause: "For about 24 hours after a certificate was issued or renewed, the office that issued it may not be able to tell us \
                whether it replaces an earlier one. Going on without knowing could cut you off from what you did here before, \
                so we stop here. Nothing is wrong with your card.",
        next: &[
            "Try again about 24 hours after your certificate was issued or renewed.",
            "Until then, if your phone holds a certificate, you can sign in with that.",
            "If you see this page again after 24 hours, contact us and tell us the reference.",
        ],
    },
    identity_undecided: Refusal {
        title: "A person has to check whose card this is",
        cause: "This certificate is used here for the first time. We asked the office that issued it, but what we heard is contradictory, \
                and no machine can tell whether you are somebody who has used this site before. \
                So that nobody is shown anybody else's information, one of our staff will check.",
        next: &[
            "Note the reference and contact us. One of our staff will check and decide.",
            "After that, sign in again with the same card.",
            "If your former card or the certificate in your phone still works, you can sign in with that.",
        ],
    },
    identity_refused: Refusal {
        title: "You cannot sign in with this card",
        cause: "One of our staff checked and decided that this certificate cannot be used to sign in here.",
        next: &[
            "To learn why, contact us and tell us the reference.",
            "If you have another My Number Card or a newer certificate, use that one.",
        ],
    },
    ticket_other_browser: Refusal {
        title: "You did not begin to sign in with this browser",
        cause: "This page was opened in another browser than the one in which the sign-in began. \
                If you came here by a link in an e-mail or a message, somebody may be trying to sign in as you (phishing).",
        next: &[
            "Do not do what the sender of the link says. Close this page.",
            "Never tell anybody the PIN of your card.",
            "If you were signing in yourself, open the page of the service yourself and start again.",
        ],
    },
    ticket_expired: Refusal {
        title: "It took too long to receive the result",
        cause: "Your card was checked, but it took too long until this page was opened. \
                For your safety, the result is no longer valid.",
        next: &["Please use your card once more."],
    },
    certificate_replaced: Refusal {
        title: "This card has been replaced by a newer one",
        cause: "You have signed in with a newer card or a newer certificate before. \
                The older one can no longer be used here.",
        next: &["Please use your newer card."],
    },
    other_person: Refusal {
        title: "The service expects another person",
        cause: "The service continues something that was begun with another person's card.",
        next: &[
            "Please use the card with which you began.",
            "Or go back to the service and begin anew.",
        ],
    },
    account_closed: Refusal {
        title: "This account is closed",
        cause: "The account that belongs to this card can no longer be used.",
        next: &["Please ask the help desk and tell them the reference on this page."],
    },
    account_left: Refusal {
        title: "The account of this card was closed at its holder's wish",
        cause: "The former account cannot be brought back. If you begin anew, services will meet you as somebody new: applications and records from before do not come along.",
        next: &[
            "To begin anew, press the button below and use your card once more.",
            "If you do not want to, go back to the service. Nothing is registered.",
        ],
    },
    transaction_answered: Refusal {
        title: "This sign-in is finished",
        cause: "The result has been sent to the service. You may have gone back, or opened the page in a second tab.",
        next: &[
            "You may be signed in already. Look at the page of the service that you want to use.",
            FROM_SERVICE,
        ],
    },
    ticket_used: Refusal {
        title: "This result has been used already",
        cause: "You may have opened the same page twice, gone back, or reloaded the page.",
        next: &[
            "You may be signed in already. Look at the page of the service that you want to use.",
            FROM_SERVICE,
        ],
    },
    transaction_expired: Refusal {
        title: "The time to sign in has run out",
        cause: "You began to sign in some time ago. For your safety, we ended it.",
        next: &[FROM_SERVICE],
    },
    transaction_unknown: Refusal {
        title: "We cannot find the sign-in that you began",
        cause: "Your browser may be set not to use cookies, or you may have opened this page in another browser.",
        next: &["Allow cookies in the settings of your browser.", FROM_SERVICE],
    },
    service_unknown: Refusal {
        title: "This service is not registered",
        cause: "The service that asked you to sign in is not registered with the Government Authentication Platform.",
        next: &[
            "Check the address: are you on the right site?",
            "If you do not know the site, close the page.",
        ],
    },
    service_suspended: Refusal {
        title: "You cannot sign in to this service at the moment",
        cause: "Signing in to this service is stopped at the moment. Nothing is wrong with your card.",
        next: &["Ask the help desk of the service."],
    },
    request_invalid: Refusal {
        title: "The service made an error",
        cause: "The service sent us a sign-in request with an error in it, so we could not accept it. \
                You did nothing wrong, and nothing is wrong with your card.",
        next: &[
            FROM_SERVICE,
            "If that does not help, tell the help desk of the service the code below.",
        ],
    },
    level_unreachable: Refusal {
        title: "The kind of check that this service asks for is not available here",
        cause: "This service asks for a more secure check than we can make.",
        next: &["Ask the help desk of the service for another way."],
    },
    enrolment_required: Refusal {
        title: "This service needs you to register first",
        cause: "This service asks for an identity that was checked with your card's digital signature certificate (registration). \
                Signing in with the card and its PIN alone does not check your name and address.",
        next: &[
            "Go to the registration with the button below. You need the password of your digital signature certificate (6 to 16 characters).",
            "Afterwards you can go on with this sign-in. If its time is over, begin again on the page of the service.",
        ],
    },
    session_ended_by_revocation: Refusal {
        title: "You were signed out for your safety",
        cause: "The certificate of the card with which you signed in has been revoked, so we ended your sign-in.",
        next: &[
            "If you have a new card or a new certificate, sign in with that one.",
            NEW_CERTIFICATE,
        ],
    },
    too_many_attempts: Refusal {
        title: "Too many attempts",
        cause: "There were many attempts in this one sign-in, so we stopped it for your safety.",
        next: &["Return to the service and press its sign-in button to begin again."],
    },
    device_not_enough: Refusal {
        title: "For this service, use your card at a card reader of this browser",
        cause: "This service asks for a more secure sign-in than a card in another device can give.",
        next: &[
            "Open the service on a computer with a card reader and press “Sign in with My Number Card”.",
            TELL_SERVICE,
        ],
    },
    device_too_late: Refusal {
        title: "The time for using the card in the device is over",
        cause: "The code, the card or the number did not come in time. You are not signed in.",
        next: &["Try again. Have the device and your card ready before you begin."],
    },
    device_code_unknown: Refusal {
        title: "The code does not fit",
        cause: "No screen shows this code any more, or another device has used it.",
        next: &[
            "Compare the code with the screen where you began.",
            "If another device used your code, begin again to get a new one.",
        ],
    },
    device_challenge_used: Refusal {
        title: "The card was read already",
        cause: "Each sign-in with a device works once, and this one is done or was answered.",
        next: &[
            "Go back to the screen where you began and press “Continue” there.",
            FROM_SERVICE,
        ],
    },
    device_signature: Refusal {
        title: "The device did not send a valid answer of your card",
        cause: "The device’s software may not fit this platform. This is not your doing.",
        next: &["Try another device, or a computer with a card reader.", TELL_US],
    },
    device_not_confirmed: Refusal {
        title: "The sign-in was ended because it was not confirmed",
        cause: "Another number than the one on this screen was entered in the device, or somebody there said that they had not begun this.",
        next: &[
            "If it was you, try again and enter the number as it is shown.",
            "If it was not you, do nothing. Nobody was signed in.",
        ],
    },
    csrf: Refusal {
        title: "This page is out of date",
        cause: "The page was open for a long time, or you did something else in another window, so we stopped. \
                Nothing was changed.",
        next: &["Go back to the page before, reload it, and try again."],
    },
    page_not_found: Refusal {
        title: "Page not found",
        cause: "The address is wrong, or the page no longer exists.",
        next: &[
            "If you typed the address, check it.",
            "To sign in, begin on the page of the service that you want to use.",
        ],
    },
    method_not_allowed: Refusal {
        title: "This page cannot be opened this way",
        cause: "You can only reach this page by a button on another page.",
        next: &[FROM_SERVICE],
    },
    server_fault: Refusal {
        title: "Something went wrong on our side",
        cause: "A fault in our system stopped us from finishing. You did nothing wrong, and nothing is wrong with your card.",
        next: &[WAIT, TELL_US],
    },
    busy: Refusal {
        title: "The service is very busy",
        cause: "Many people are using it at the moment, so we could not accept your request. \
                You did nothing wrong, and nothing is wrong with your card.",
        next: &["Wait a few minutes, then try again."],
    },
};
