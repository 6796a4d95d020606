"""Question–answer building: chunks, facts, drafts, gates, the call ledger, review."""
