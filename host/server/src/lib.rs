//! The control plane: one axum router over the store, the agents and the runtime.
