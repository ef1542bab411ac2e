//! The English texts around a card in a device.

use super::DeviceTexts;

pub(super) const DEVICE: DeviceTexts = DeviceTexts {
    title: "Use your card in another device",
    offer: "If you cannot use a card reader here",
    offer_note: "You can put your card on a device that has a reader: a television with a set-top box, a smartphone or a terminal. \
                 You will not be asked for anything but your card and its 4-digit PIN.",
    offer_button: "Use the card in another device",
    code: "Enter this code in the device",
    steps: "What to do",
    code_steps: &[
        "Open the card sign-in in the device that has the card reader, and enter the code.",
        "Check that the device shows the service that you want to use. Then put your card on the reader and enter your 4-digit PIN.",
        "Come back to this page and press “Continue”. You will see a number.",
    ],
    waiting: "The device is waiting for your card.",
    waiting_steps: &[
        "Check that the device shows the service that you want to use.",
        "Put your card on the reader and enter your 4-digit PIN.",
        "When the device says that the card was read, press “Continue” here.",
    ],
    number: "Enter this number in the device",
    number_steps: &[
        "Enter the number in the device, once. A wrong number ends the sign-in.",
        "When the device says that it is done, press “Continue” here.",
    ],
    never_tell: "Never tell the code or the number to anybody, and never enter a code or a number that somebody sent or told you. \
                 Whoever began the sign-in would be signed in as you.",
    go_on: "Continue",
    ask_title: "Which number does the other screen show?",
    ask_lead: "Your card has been read. To finish, enter the number that is on the screen where you began.",
    ask_warning: "If somebody told you the number by telephone, by message or on a web site, stop. \
                  That person would be signed in as you.",
    ask_field: "The two digits on the other screen",
    ask_hint: "You can enter it once. A wrong number ends the sign-in.",
    ask_button: "Confirm",
    disown: "I did not begin this",
    done_title: "Confirmed",
    done_lead: "Go back to the screen where you began and press “Continue” there. You can close this page.",
};
