//! The tool-call loop and the providers of language models.
