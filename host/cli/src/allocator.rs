//! Keeps the process from holding on to memory that it has freed.

/// Allocations of at least so many bytes are mapped each on their own, and go back to the system when they are freed.
///
/// glibc starts with 128 KiB, but takes the largest that was freed so far, up to 32 MiB, as the next threshold
/// (mallopt(3), `M_MMAP_THRESHOLD`): after the first package, packages would come out of the arenas of whichever threads
/// hold them, and what is freed in the middle of an arena stays with the process. Setting a threshold ends that.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_ALLOCATION: libc::c_int = 512 << 10;

/// Has large allocations returned to the system as soon as they are freed, those of C libraries such as SQLite too. To be
/// called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn return_large_allocations() {
    // SAFETY: mallopt(3) takes two numbers, changes a setting of the allocator under its lock, and touches no memory of ours.
    #[allow(unsafe_code, reason = "no crate offers it as a safe function")]
    let set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_ALLOCATION) };
    // It fails only for values out of range.
    debug_assert_eq!(set, 1);
}

/// Other allocators have no such setting, or no need of one.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn return_large_allocations() {}
