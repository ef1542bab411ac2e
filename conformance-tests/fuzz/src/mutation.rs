//! Mutations of a seed, the same in every run: enough to notice a target that no longer holds, not to search for news.

/// An endless stream of mutations of seeds. The generator is `SplitMix64` (Steele, Lea, Flood 2014), chosen for being
/// short and repeatable; nothing here is a secret.
#[derive(Debug)]
pub struct Mutations {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

/// No mutation is longer than this.
const LONGEST: usize = 64 * 1024;

impl Mutations {
    /// Mutations of these seeds; an empty input is one of them.
    pub fn of(mut seeds: Vec<Vec<u8>>, state: u64) -> Self {
        seeds.push(Vec::new());
        Self { seeds, state }
    }

    fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next_number() % end.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let place = self.below(bytes.len());
        match self.below(7) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << self.below(8),
            1 if !bytes.is_empty() => bytes[place] = self.next_number() as u8,
            2 => bytes.truncate(place),
            3 => bytes.insert(place, self.next_number() as u8),
            4 if !bytes.is_empty() => {
                bytes.remove(place);
            }
            5 => {
                let end = place + self.below((bytes.len() - place).min(64) + 1);
                let copy = bytes[place..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => {
                let other = self.below(self.seeds.len());
                let donor = self.seeds[other].clone();
                let from = self.below(donor.len());
                bytes.truncate(place);
                bytes.extend_from_slice(&donor[from.min(donor.len())..]);
            }
        }
        bytes.truncate(LONGEST);
    }
}

impl Iterator for Mutations {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let seed = self.below(self.seeds.len());
        let mut bytes = self.seeds[seed].clone();
        for _ in 0..=self.below(4) {
            self.mutate(&mut bytes);
        }
        Some(bytes)
    }
}
