"""Problem: something the person at the command line can put right; printed without a stack."""


class Problem(Exception):
    pass
