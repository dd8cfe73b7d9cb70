//! Vectors as they are kept and compared: a byte a number. That takes a quarter of the memory, and a cosine is off by less than a
//! hundredth.

use std::sync::Arc;

/// Vectors in a block: a change copies one block, and a block fits into a processor's nearest memory but one.
const BLOCK: usize = 1_024;
/// The numbers of a vector that are compared first: most pairs can't be near any more after them.
const HEAD: usize = 64;

/// A text's vector in bytes, each a signed number; the largest becomes 127.
pub(super) fn quantise(vector: &[f32]) -> Vec<u8> {
    let largest = vector
        .iter()
        .fold(0.0_f32, |most, number| most.max(number.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let byte = |number: &f32| ((number * scale).round() as i8).cast_unsigned();
    vector.iter().map(byte).collect()
}

/// Vectors of one dimension with the numbers of what they belong to. A copy shares all blocks.
#[derive(Clone, Default)]
pub(super) struct Vectors {
    dimension: usize,
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Default)]
struct Block {
    seqs: Vec<i64>,
    norms: Vec<Norm>,
    heads: Vec<Head>,
    /// What is behind the heads, one after the other.
    tails: Vec<i8>,
}

/// The first numbers of a vector; zeros where it has fewer.
type Head = [i8; HEAD];

/// A vector, taken apart for comparing.
struct Parts {
    norm: Norm,
    head: Head,
    tail: Vec<i8>,
}

/// What a vector's length is made of.
#[derive(Clone, Copy)]
struct Norm {
    /// One part in the length; 0 for a vector without length, which is like no other.
    inverse: f32,
    /// The part of the length, from 0 to 1, that is in the numbers behind the head.
    rest: f32,
}

impl Parts {
    fn of(vector: &[u8]) -> Self {
        let numbers = vector.iter().map(|byte| byte.cast_signed());
        let mut head = [0; HEAD];
        for (place, number) in head.iter_mut().zip(numbers.clone()) {
            *place = number;
        }
        let tail: Vec<i8> = numbers.skip(HEAD).collect();
        let (first, rest) = (dot(&head, &head) as f32, dot(&tail, &tail) as f32);
        let length = (first + rest).sqrt();
        let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
        let rest = rest.sqrt() * inverse;
        Self {
            norm: Norm { inverse, rest },
            head,
            tail,
        }
    }
}

impl Vectors {
    /// No vectors yet.
    pub(super) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            blocks: Vec::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.seqs.len()).sum()
    }

    /// Their numbers.
    pub(super) fn seqs(&self) -> impl Iterator<Item = i64> {
        self.blocks
            .iter()
            .flat_map(|block| block.seqs.iter().copied())
    }

    /// The bytes of memory that they take, at most.
    pub(super) fn bytes(&self) -> usize {
        let one = self.dimension + HEAD + size_of::<i64>() + size_of::<Norm>();
        // A block grows by doubling.
        (self.len() + BLOCK) * one
    }

    /// Adds a vector; one of another dimension is left out.
    pub(super) fn push(&mut self, seq: i64, vector: &[u8]) {
        if vector.len() != self.dimension {
            return;
        }
        if self
            .blocks
            .last()
            .is_none_or(|last| last.seqs.len() >= BLOCK)
        {
            self.blocks.push(Arc::default());
        }
        if let Some(last) = self.blocks.last_mut() {
            let parts = Parts::of(vector);
            Arc::make_mut(last).push((seq, parts.norm, &parts.head, &parts.tail));
        }
    }

    /// Adds all of the same dimension.
    pub(super) fn append(&mut self, other: Self) {
        for block in other.blocks {
            let fits = |last: &&mut Arc<Block>| last.seqs.len() + block.seqs.len() <= BLOCK;
            match self.blocks.last_mut().filter(fits) {
                Some(last) => {
                    let last = Arc::make_mut(last);
                    block.rows().for_each(|row| last.push(row));
                }
                None => self.blocks.push(block),
            }
        }
    }

    /// Keeps those whose numbers are wanted.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(i64) -> bool) {
        for block in &mut self.blocks {
            if !block.seqs.iter().all(|seq| is_wanted(*seq)) {
                let mut kept = Block::default();
                let wanted = block.rows().filter(|(seq, ..)| is_wanted(*seq));
                wanted.for_each(|row| kept.push(row));
                *block = Arc::new(kept);
            }
        }
        self.blocks.retain(|block| !block.seqs.is_empty());
    }

    /// The `most` nearest to `query` with a cosine above 0, the nearest first.
    pub(super) fn nearest(&self, query: &[u8], most: usize) -> Vec<i64> {
        let query = Parts::of(query);
        let mut found: Vec<(f32, i64)> = Vec::with_capacity(self.len());
        for block in &self.blocks {
            for (seq, norm, head, tail) in block.rows() {
                let product = dot(&query.head, head) + dot(&query.tail, tail);
                let cosine = product as f32 * norm.inverse * query.norm.inverse;
                if cosine > 0.0 {
                    found.push((cosine, seq));
                }
            }
        }
        let nearer = |one: &(f32, i64), other: &(f32, i64)| {
            other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
        };
        if found.len() > most {
            found.select_nth_unstable_by(most, nearer);
            found.truncate(most);
        }
        found.sort_by(nearer);
        found.into_iter().map(|(_, seq)| seq).collect()
    }

    /// For each of `new` whether it is a duplicate: whether its cosine to one of these, or to an earlier one of `new` that is no
    /// duplicate itself, is at least `threshold`.
    pub(super) fn duplicates(&self, new: &[Vec<u8>], threshold: f32) -> Vec<bool> {
        let parts: Vec<Parts> = new.iter().map(|vector| Parts::of(vector)).collect();
        let mut duplicates = vec![false; new.len()];
        // Block by block, so that a block is compared with all of them while it is near to the processor.
        for block in &self.blocks {
            for (parts, is_duplicate) in parts.iter().zip(&mut duplicates) {
                *is_duplicate = *is_duplicate || block.has_near(parts, threshold);
            }
        }
        let mut added = Self::new(self.dimension);
        for ((vector, parts), is_duplicate) in new.iter().zip(&parts).zip(&mut duplicates) {
            let is_near = |block: &Arc<Block>| block.has_near(parts, threshold);
            *is_duplicate = *is_duplicate || added.blocks.iter().any(is_near);
            if !*is_duplicate {
                added.push(0, vector);
            }
        }
        duplicates
    }
}

/// A vector of a block: its number, what its length is made of, its head and its tail.
type Row<'a> = (i64, Norm, &'a Head, &'a [i8]);

impl Block {
    fn push(&mut self, (seq, norm, head, tail): Row<'_>) {
        self.seqs.push(seq);
        self.norms.push(norm);
        self.heads.push(*head);
        self.tails.extend(tail);
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let length = self.tails.len() / self.seqs.len().max(1);
        let heads = self.seqs.iter().zip(&self.norms).zip(&self.heads);
        let rows = heads.enumerate();
        rows.map(move |(at, ((seq, norm), head))| (*seq, *norm, head, self.tail(at, length)))
    }

    /// The tail of the vector at this place, where tails have this length.
    fn tail(&self, at: usize, length: usize) -> &[i8] {
        self.tails
            .get(at * length..(at + 1) * length)
            .unwrap_or_default()
    }

    /// Whether the cosine to one of these is at least `threshold`. The heads bound it (Cauchy and Schwarz): what is behind them adds
    /// at most the product of the two rests.
    fn has_near(&self, new: &Parts, threshold: f32) -> bool {
        let heads = self.norms.iter().zip(&self.heads).enumerate();
        for (at, (norm, head)) in heads {
            let inverse = new.norm.inverse * norm.inverse;
            let first = dot(&new.head, head);
            // Rounding must not make the bound too small.
            let bound = first as f32 * inverse + new.norm.rest * norm.rest + 1e-4;
            if bound >= threshold {
                let whole = first + dot(&new.tail, self.tail(at, new.tail.len()));
                if whole as f32 * inverse >= threshold {
                    return true;
                }
            }
        }
        false
    }
}

/// Numbers that are multiplied at once.
const LANES: usize = 16;

/// The sum of products. Sums that do not depend on each other, and products that fit into 16 bits, let the compiler compute many at
/// once: twice as fast as the plain sum.
fn dot(one: &[i8], other: &[i8]) -> i32 {
    let (ones, rest) = one.as_chunks::<LANES>();
    let (others, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0; LANES];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += product(*one, *other);
        }
    }
    let rest = rest.iter().zip(other_rest);
    sums.iter().sum::<i32>() + rest.map(|(one, other)| product(*one, *other)).sum::<i32>()
}

fn product(one: i8, other: i8) -> i32 {
    i32::from(i16::from(one) * i16::from(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(all: &[&[f32]]) -> Vectors {
        let mut vectors = Vectors::new(all[0].len());
        for (seq, vector) in (1..).zip(all) {
            vectors.push(seq, &quantise(vector));
        }
        vectors
    }

    #[test]
    fn the_nearest_come_first_and_nothing_that_points_away() {
        let kept = vectors(&[&[0.0, 1.0], &[1.0, 1.0], &[-1.0, 0.1], &[1.0, 0.0]]);
        let query = quantise(&[1.0, 0.1]);
        assert_eq!(kept.nearest(&query, 10), [4, 2, 1]);
        assert_eq!(kept.nearest(&query, 1), [4]);
        assert!(kept.nearest(&quantise(&[0.0, 0.0]), 10).is_empty());
    }

    #[test]
    fn a_duplicate_is_near_to_what_is_kept_or_came_before_it() {
        let kept = vectors(&[&[1.0, 0.0, 0.0]]);
        // Cosines to what is kept: 0.96, 0.94; then twice the same.
        let at = |cosine: f32| quantise(&[cosine, (1.0 - cosine * cosine).sqrt(), 0.0]);
        let new = [
            at(0.96),
            at(0.94),
            quantise(&[0.0, 0.0, 1.0]),
            quantise(&[0.0, 0.0, 2.0]),
        ];
        assert_eq!(kept.duplicates(&new, 0.95), [true, false, false, true]);
        assert_eq!(
            Vectors::new(3).duplicates(&[quantise(&[0.0; 3]), quantise(&[0.0; 3])], 0.95),
            [false, false]
        );
    }

    #[test]
    fn the_bound_of_the_first_numbers_leaves_no_duplicate_out() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 16) as u16) / 65_536.0 - 0.5
        };
        let base: Vec<f32> = (0..512).map(|_| random()).collect();
        let kept = vectors(&[&base]);
        for step in 0..60_u8 {
            let noise = f32::from(step) / 60.0;
            let near: Vec<f32> = base
                .iter()
                .map(|number| number + noise * random())
                .collect();
            let bytes = quantise(&near);
            let (new, own) = (Parts::of(&bytes), Parts::of(&quantise(&base)));
            let product = dot(&new.head, &own.head) + dot(&new.tail, &own.tail);
            let cosine = product as f32 * new.norm.inverse * own.norm.inverse;
            assert_eq!(
                kept.duplicates(&[bytes], 0.95),
                [cosine >= 0.95],
                "{cosine}"
            );
        }
    }

    #[test]
    fn what_is_not_wanted_any_more_is_gone_and_a_copy_keeps_it() {
        let mut many = Vectors::new(2);
        for seq in 0..3_000 {
            many.push(seq, &[127, 0]);
        }
        let copy = many.clone();
        many.retain(|seq| seq % 2 == 0 && seq >= 1_024);
        assert_eq!((many.len(), copy.len()), (988, 3_000));
        assert_eq!(many.nearest(&[127, 0], 2), [1_024, 1_026]);
        many.push(1, &[1, 2, 3]);
        assert_eq!(many.len(), 988, "another dimension is left out");
    }
}
