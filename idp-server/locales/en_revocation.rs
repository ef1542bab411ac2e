//! The English texts about revocation lists, for operators.

use super::ListTexts;

pub(super) const REVOCATION: ListTexts = ListTexts {
    title: "Revocation lists",
    lead: "How old the lists are by which certificates are checked, and what became of the last delivery.",
    of_sign_ins: "Certificates that people sign in with",
    of_signatures: "Signing certificates",
    nobody: "Nobody who depends on these lists is let in.",
    alarm: "The last delivery contradicts what was known before. Somebody must look at it now.",
    contradiction: "Two answers about one certificate could not both be true. Nobody was let in by it; compare lists and responders with the authority. Last seen:",
    unreadable: "This process cannot read the revocation data that the others may be using. It calls no certificate good until it can:",
    state: "State",
    fresh: "Within their dates",
    stale_allowed: "Out of date, still accepted",
    refuse: "Too old, or dated in the future",
    missing: "None",
    generation: "Generation",
    revoked: "Revoked certificates",
    delivery: "Last delivery",
    taken: "Taken in.",
    refused: "Refused; what was in use stays in use:",
    lists: "The lists in use",
    covers: "Covers",
    whole: "All certificates",
    points: "{count} distribution points",
    this_update: "Made",
    next_update: "Next one by",
    entries: "Entries",
    key: "Signing key",
    none: "None",
};
