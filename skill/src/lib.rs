//! What a skill is: manifest, permissions, package, signature.
