//! Runs one call of a skill in a fresh sandbox that holds only what was asked for and granted.
