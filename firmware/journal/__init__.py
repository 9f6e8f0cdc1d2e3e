"""The append-only record: records, chain, projections, numbering and recovery."""
