"""Tests of policies: cases to questions, what policies say of them, and what they leave unseen.

Pure, and above `steps`, because a user has the standing here that step 3 gives:
what a test says of one is read as a credential would be.
"""
