//! Another device than the screen holds the card.
