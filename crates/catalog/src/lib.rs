//! What a schema is: its facts, what they refer to, and the fingerprint of both.
