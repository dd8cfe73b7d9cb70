//! Every byte of a signed package, changed: refused, or nothing that counts was changed.

use skillgate_skill::Package;

use crate::signature::{signed, trusting};

/// What somebody can rely on after verification: every file, and who signed what.
fn verified(bytes: &[u8]) -> Option<(Package, skillgate_skill::Verified)> {
    let package = Package::read(bytes).ok()?;
    let verified = package.verify(&trusting(&[1])).ok()?;
    Some((package, verified))
}

#[test]
fn a_tampered_byte_is_refused_or_changes_nothing_verified() {
    let good = signed().write().unwrap();
    let (expected, expected_proof) = verified(&good).unwrap();
    let mut unnoticed = 0;
    for at in 0..good.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut tampered = good.clone();
            tampered[at] ^= flip;
            let Some((package, proof)) = verified(&tampered) else {
                continue;
            };
            unnoticed += 1;
            assert_eq!(package.files, expected.files, "byte {at}");
            assert_eq!(package.manifest, expected.manifest, "byte {at}");
            assert_eq!(package.digest(), expected.digest(), "byte {at}");
            assert_eq!(proof, expected_proof, "byte {at}");
        }
    }
    // What goes unnoticed is the archive's own bookkeeping: dates, modes, versions.
    assert!(
        unnoticed < good.len(),
        "{unnoticed} of {} changes",
        4 * good.len()
    );
}

#[test]
fn a_package_cut_short_is_refused() {
    let good = signed().write().unwrap();
    for length in 0..good.len() {
        assert!(verified(&good[..length]).is_none(), "{length} bytes");
    }
}
