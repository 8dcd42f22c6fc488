"""Write what we measured for others: counted results and their scores to files of four formats, by path.

`counted` holds what is written, a writer each (`lm_eval`, `eval_ever`, `hub`, `tidy`) returns {path: bytes}.
"""
