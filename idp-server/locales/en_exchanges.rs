//! The English texts of the page about exchanges of services.

use super::ExchangeTexts;

pub(super) const EXCHANGES: ExchangeTexts = ExchangeTexts {
    title: "What was wrong with an exchange",
    lead: "Refused and failed exchanges of all services, with the rules in order and what was compared. The service’s own \
           developers see the same with the service’s credentials.",
    by_reference: "Search by reference",
    by_service: "Search by service",
    service_field: "Service",
    service_hint: "Its identifier, client ID or entity ID. For what came in the name of nobody who is registered: -",
    audited: "That you opened a record is itself recorded.",
    not_found_note: "Nothing is kept under this, or not any more: records are kept for 24 hours.",
    exchange: "Exchange",
    sender: "Sender",
    proven: "Proved to be the service",
    unproven: "Not proven: anybody may have sent it",
    reason: "Reason",
    answered: "Answer",
    chain: "Open the chain of decisions behind this reference",
    advice: "What the service can do",
    rules: "Rules",
    cites: "Source",
    facts: "What was compared",
    list: "Latest exchanges",
    nothing: "Nothing is kept for this service.",
};
