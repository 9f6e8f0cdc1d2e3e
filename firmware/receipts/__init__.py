"""What every paper says and how it is laid out: pure functions from records to documents.

`transaction_slip` of `transaction` (sale, void, refund), `settlement_slip` of `settlement`,
`fault_slip` and `display_slip` of `fault` give a `hw.ports.Document` for a paper of so many
half-width columns. None of them reads a clock, a journal or a printer, so the same record gives
the same paper, line by line. They are not imported here: a start needs the print queue alone.
"""
