//! Every byte of a signed package, changed: refused.

use skillgate_skill::Package;

use crate::signature::{signed, trusting};

/// Whether somebody who reads and verifies these bytes would take them.
fn accepted(bytes: &[u8]) -> bool {
    Package::read(bytes).is_ok_and(|package| package.verify(&trusting(&[1])).is_ok())
}

#[test]
fn a_tampered_byte_anywhere_is_refused() {
    let good = signed().write().unwrap();
    assert!(accepted(&good));
    for at in 0..good.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut tampered = good.clone();
            tampered[at] ^= flip;
            assert!(
                !accepted(&tampered),
                "byte {at} of {}, flipped by {flip:#x}",
                good.len()
            );
        }
    }
}

#[test]
fn a_byte_added_at_either_end_is_refused() {
    let good = signed().write().unwrap();
    assert!(!accepted(&[&good[..], &[0]].concat()));
    assert!(!accepted(&[&[0], &good[..]].concat()));
}

#[test]
fn a_package_cut_short_is_refused() {
    let good = signed().write().unwrap();
    for length in 0..good.len() {
        assert!(!accepted(&good[..length]), "{length} bytes");
    }
}
