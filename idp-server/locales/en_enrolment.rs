//! The English words of registration.

use super::{EnrolmentRefusalTexts, EnrolmentTexts, Refusal};

pub(super) const ENROLMENT: EnrolmentTexts = EnrolmentTexts {
    title: "Registration",
    lead: "Your identity is checked with the digital signature certificate of your My Number Card. You can withdraw the registration at any time. My Number itself is not used.",
    name: "Name",
    address: "Address",
    birth_date: "Date of birth",
    gender: "Gender",
    substituted: "Characters that certificates cannot carry are replaced by others.",
    partial: "Part of the date is not known.",
    male: "Male",
    female: "Female",
    not_applicable: "Not applicable or not known",
    held: "What is registered",
    since: "Registered",
    items: "What is kept",
    no_items: "nothing",
    between: ", ",
    stale: "What was registered has changed, or can no longer be checked, so services do not receive it. Please register again.",
    withdraw: "Withdraw the registration",
    withdraw_note: "What is kept is deleted. What services have received stays with them.",
    enrolled: "You are registered.",
    withdrawn: "The registration is withdrawn. What was kept is deleted.",
    sign_in_first: "Sign in with your card first",
    sign_in_first_list: &[
        "Press the button below and use your card. You come back to this page afterwards.",
        "Begin within 15 minutes of using your card.",
    ],
    back: "Go on signing in to “{service}”",
    steps: "How to register",
    step_list: &[
        "Make the document and read it.",
        "Download it, and sign it with the digital signature certificate in the signing software.",
        "Send the file that it makes on this page.",
    ],
    begin: "Make the document",
    document: "The document",
    document_note: "You will sign the following. Please read it carefully.",
    until: "Valid until",
    download: "Download the document",
    sign: "Sign it",
    sign_list: &[
        "In the signing software, choose enrolment.txt and sign with the digital signature certificate. Its password has 6 to 16 letters and digits.",
        "The form of the signature is CMS (SignedData, DER), with or without the document inside.",
        "This page never asks for a PIN or a password.",
    ],
    upload: "Send the signed file",
    file: "The signed file (.p7s or similar)",
    send: "Send and register",
    again: "Make the document anew",
    refusal: REFUSAL,
};

const REFUSAL: EnrolmentRefusalTexts = EnrolmentRefusalTexts {
    sign_in_first: Refusal {
        title: "Sign in with your card first",
        cause: "You can register within 15 minutes after signing in with your card.",
        next: &["Open the page of a service, sign in with your card, and come back to this page."],
    },
    document_gone: Refusal {
        title: "The document is too old, or was used already",
        cause: "A document can be used once, within 30 minutes.",
        next: &["Make a new document and sign that."],
    },
    not_a_signature: Refusal {
        title: "This cannot be read as a signed file",
        cause: "The file that you chose is not a file with a digital signature (CMS in DER form), or it does not have exactly one signature.",
        next: &[
            "Sign the document with the signing software and choose the file that it makes (.p7s or similar).",
            "Choose the signed file, not the document itself (enrolment.txt).",
        ],
    },
    wrong_document: Refusal {
        title: "Another document was signed",
        cause: "What was signed is not the document on this page, or the document was changed.",
        next: &[
            "Download the document from this page and sign it as it is: do not open it and save it again.",
        ],
    },
    signature_invalid: Refusal {
        title: "The signature does not verify",
        cause: "The file may have been damaged or changed on its way.",
        next: &["Sign the document once more."],
    },
    wrong_certificate: Refusal {
        title: "Signed with the user authentication certificate",
        cause: "Registering needs the digital signature certificate (its password has 6 to 16 letters and digits).",
        next: &["In the signing software, choose the digital signature certificate and sign once more."],
    },
    certificate_refused: Refusal {
        title: "This certificate cannot be used to register",
        cause: "The certificate that signed is not the digital signature certificate of a My Number Card, or not as it should be.",
        next: &[
            "Sign with the digital signature certificate of your My Number Card.",
            "If you have none, for example because you are under 15, ask at your municipality's office.",
        ],
    },
    certificate_expired: Refusal {
        title: "The digital signature certificate is not valid now",
        cause: "It has ended, or has not begun.",
        next: &["Have it renewed at your municipality's office."],
    },
    certificate_revoked: Refusal {
        title: "The digital signature certificate is revoked",
        cause: "It is revoked whenever somebody moves house or changes their name.",
        next: &["Have a new one issued at your municipality's office."],
    },
    lists_unavailable: Refusal {
        title: "We cannot check at the moment whether the certificate is revoked",
        cause: "The information about revoked certificates is missing or too old. Nothing is wrong with your card.",
        next: &["Wait a while and try again. Until the document ends you can use the same file."],
    },
    other_person: Refusal {
        title: "We cannot tell that this certificate is yours",
        cause: "The office that issued the certificates did not confirm that the one that signed and the one that you signed in with belong to the same person.",
        next: &[
            "Sign with the certificate on the very card that you signed in with.",
            "If your card was renewed just now, sign in again with the new one.",
        ],
    },
    links_unavailable: Refusal {
        title: "We cannot check at the moment whose certificate this is",
        cause: "We asked the office that issued the certificates but received no answer. Nothing is wrong with your card.",
        next: &["Wait a while and try again. Until the document ends you can use the same file."],
    },
    in_question: Refusal {
        title: "This certificate is registered by another user",
        cause: "It may have been registered with a former card, as another user.",
        next: &["Contact us. One of our staff will check."],
    },
};
