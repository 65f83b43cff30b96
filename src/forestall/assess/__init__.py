"""Designs a fair test of a response, made with the plan and before it, and runs it when the data have arrived.

The comparison is chosen without a look at what came after; the interval and the p-value come from what the same
arithmetic says of groups of areas in which nothing was done (*placebos*), drawn as the treated areas could have been.
"""
