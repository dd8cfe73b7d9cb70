//! Small changes to an input, the same ones for the same seed.

/// Numbers that look random. SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
pub struct Rng(u64);

impl Rng {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        match end {
            0 => 0,
            _ => (self.next() % end as u64) as usize,
        }
    }
}

/// No input grows beyond this many bytes: an attack that needs more is a corpus file of its own.
const MAX_INPUT: usize = 64 << 10;

/// Bytes that mean something in one of the formats.
const MEANING: &[u8] = b"\0\n \"'/\\:;,.%*{}[]()<>?#@&|!-_=+01aZ\x7f\x80\xc3\xff";

/// One of `corpus` with one to eight changes.
pub fn mutated(corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut data = corpus[rng.below(corpus.len())].clone();
    for _ in 0..=rng.below(8) {
        change(&mut data, corpus, rng);
    }
    data.truncate(MAX_INPUT);
    data
}

fn change(data: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.below(data.len());
    let until = (at + 1 + rng.below(16)).min(data.len());
    match rng.below(7) {
        0 if !data.is_empty() => data[at] ^= 1 << rng.below(8),
        1 if !data.is_empty() => data[at] = MEANING[rng.below(MEANING.len())],
        2 => data.insert(at, MEANING[rng.below(MEANING.len())]),
        3 if at < until => drop(data.drain(at..until)),
        4 if at < until => {
            let copy = data[at..until].repeat(1 + rng.below(32));
            data.splice(at..at, copy);
        }
        5 => {
            let other = &corpus[rng.below(corpus.len())];
            let from = rng.below(other.len());
            data.truncate(at);
            data.extend_from_slice(&other[from..]);
        }
        _ => data.truncate(at),
    }
}
