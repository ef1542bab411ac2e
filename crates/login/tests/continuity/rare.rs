//! Lives that chance rarely finds.

use super::Act::{BothAtOnce, Card, Hours, Lose, Phone, RenewCard, Rule, SignIn};
use super::{Pick, World};

/// Histories that chance found once, in a hundred thousand: kept so that they are looked at each time.
#[test]
fn rare_histories() {
    let histories = [
        // Renewed and lost within a day, while J-LIS says of the certificate in between that it has no links.
        vec![
            Card(0),
            Card(2),
            Hours(24),
            SignIn(0, Pick::Card),
            Phone(0),
            Hours(24),
            Phone(2),
            RenewCard(0, 1),
            Lose(0, true),
            BothAtOnce(0),
        ],
        // A ruling of "nobody" is about what was looked at, not about what was bound at the same moment.
        vec![
            Card(1),
            RenewCard(1, 17),
            Phone(1),
            RenewCard(1, 0),
            Hours(16),
            SignIn(1, Pick::Phone),
            Hours(8),
            Rule,
            BothAtOnce(1),
        ],
    ];
    for history in histories {
        let mut world = World::new();
        for act in &history {
            world.act(act);
        }
    }
}
