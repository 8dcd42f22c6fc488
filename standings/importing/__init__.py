"""Read numbers that others published or measured: bytes to rows of `reported`, and what of a file is no number.

`recognise` says what a file is, a reader each (`lm_eval`, `eval_ever`, `hub`, `tidy`, `aider`) gives numbers as told,
`matching` lays our ids and what is in the way of comparing beside them. docs/import.md tells the formats.
"""
