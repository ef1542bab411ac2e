//! The English texts for a device that has no browser.

use super::ActivationTexts;

pub(super) const ACTIVATION: ActivationTexts = ActivationTexts {
    title: "Enter the code that your device shows",
    lead: "If a television, a printer or another device in front of you shows a code and a number, enter the code here to use the \
           service on that device.",
    field: "The code on the device",
    hint: "8 letters, for example as 4 and 4. Capital or small letters, and the hyphen, make no difference.",
    button: "Continue",
    unknown: "There is no such code. Compare it with the device. A code works once and for some minutes only; if it has gone, begin \
              again on the device.",
    only_yours: "Only continue if you started this yourself, on a device in front of you.",
    never_sent: "If somebody sent you this page, the code or the number, by message, by telephone or on a web site, stop. \
                 That person’s device would be used as you.",
    then: "What happens next",
    then_list: &[
        "You sign in here with your My Number Card.",
        "You see which service asks and what it would receive.",
        "You pick the number that the device shows beside the code, and agree or decline.",
    ],
    service: "A device asks on behalf of",
    match_title: "Connect your device",
    match_lead: "The device will receive the following in your name. Please read it, then pick the number that the device shows.",
    asked_at: "The device asked at",
    place_unknown: "We do not know where the device is or whose it is. Only the number tells you that it is the one in front of you.",
    number: "Which number does your device show?",
    number_hint: "Look at the device, and nowhere else. You can pick once. A wrong number ends it, and the code no longer works.",
    number_none: "None of these, or there is no device in front of me",
    agree: "Agree and connect this device",
    agree_note: "The device is then signed in as you.",
    decline: "Do not connect",
    decline_note: "The device receives nothing. Its code no longer works.",
    connected: "Your device is connected",
    connected_lead: "Go back to the device. It continues by itself within a few seconds.",
    refused: "The device was not connected",
    refused_lead: "The device has received nothing, and its code no longer works.",
    other_number: "The number is not the one on the device",
    other_number_lead: "To be safe, the device was not connected. It has received nothing, and its code no longer works.",
    other_number_list: &[
        "If you mistook the number, begin again on the device: it shows a new code and a new number.",
        "If somebody sent you the code or this page, it was probably an attempt at fraud. Do not enter another code from them.",
    ],
    over: "This code no longer works",
    over_lead: "Time ran out, or the question was answered before. Begin again on the device if you want to go on.",
    close: "You can close this page.",
};
