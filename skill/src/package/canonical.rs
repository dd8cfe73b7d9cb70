//! Compares what a packer writes with an archive that is there, without holding a second archive.

use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom, Write};

/// The most bytes that may differ at one time. A packer writes an entry's header first with zeros for what it does not
/// know yet and again afterwards: some 20 bytes for each of at most 256 entries. More is another archive.
const MAX_PENDING: usize = 16 << 10;

/// A place to write to that keeps nothing but the bytes that differ from `expected` so far.
pub(super) struct Comparison<'a> {
    expected: &'a [u8],
    position: u64,
    end: u64,
    /// What was written and differs, by its place: a later write to the same place may mend it.
    differing: BTreeMap<u64, u8>,
}

impl<'a> Comparison<'a> {
    /// Nothing written yet.
    pub(super) fn with(expected: &'a [u8]) -> Self {
        Self {
            expected,
            position: 0,
            end: 0,
            differing: BTreeMap::new(),
        }
    }

    /// Whether all that was written is all that was expected.
    pub(super) fn is_equal(&self) -> bool {
        self.differing.is_empty() && self.end == self.expected.len() as u64
    }

    /// The expected bytes at the current position, as many as there are, at most `len`.
    fn expected_here(&self, len: usize) -> &'a [u8] {
        let from = usize::try_from(self.position)
            .unwrap_or(usize::MAX)
            .min(self.expected.len());
        let rest = &self.expected[from..];
        &rest[..len.min(rest.len())]
    }

    fn compare(&mut self, written: &[u8]) -> io::Result<()> {
        let range = self.position..self.position + written.len() as u64;
        let expected = self.expected_here(written.len());
        if expected == written && self.differing.range(range).next().is_none() {
            return Ok(());
        }
        for (place, byte) in (self.position..).zip(written) {
            let wanted = expected.get((place - self.position) as usize);
            if wanted == Some(byte) {
                self.differing.remove(&place);
            } else {
                self.differing.insert(place, *byte);
            }
            if self.differing.len() > MAX_PENDING {
                return Err(io::Error::other("the archives differ"));
            }
        }
        Ok(())
    }
}

impl Write for Comparison<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.compare(written)?;
        self.position += written.len() as u64;
        self.end = self.end.max(self.position);
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Comparison<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::other("the position is out of range"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_again_counts_as_it_is_at_the_end() {
        let mut comparison = Comparison::with(b"abcdef");
        comparison.write_all(b"a??d").unwrap();
        assert!(!comparison.is_equal());
        comparison.seek(SeekFrom::Start(1)).unwrap();
        comparison.write_all(b"bc").unwrap();
        comparison.seek(SeekFrom::End(0)).unwrap();
        comparison.write_all(b"ef").unwrap();
        assert!(comparison.is_equal());
    }

    #[test]
    fn less_and_more_and_other_are_not_equal() {
        for written in [&b"abcde"[..], b"abcdefg", b"abcdeg", b""] {
            let mut comparison = Comparison::with(b"abcdef");
            comparison.write_all(written).unwrap();
            assert!(!comparison.is_equal(), "{written:?}");
        }
        let mut comparison = Comparison::with(b"");
        assert!(comparison.write_all(&[1; MAX_PENDING + 1]).is_err());
    }
}
